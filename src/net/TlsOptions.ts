/**
 * TLS for the listener: the tls-* directives, with their files read. What comes out is known to do: each part has been tried
 * by itself, so that a refusal says which one it is, in redis-server's words.
 */
import { systemReason } from "../bytes/SystemReason.js"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as FileSystem from "effect/FileSystem"
import type * as Tls from "node:tls"
import { pathIn, type RedixValues } from "../config/index.js"
import { ListenError } from "./ListenError.js"
import { cipherNames, defaultCiphers, tryCertificate, tryTls } from "./ListeningSocket.js"
import { secretIsSet } from "../engine/Settings.js"

const refused = (reason: string): ListenError => new ListenError({ address: "TLS", on: "TLS", reason })

/** Reads the files that directives name, seen from `dir`. */
const fileReader = (dir: string) =>
  Effect.map(
    FileSystem.FileSystem,
    (fs) =>
      (path: string): Effect.Effect<Buffer, ListenError> =>
        fs.readFile(pathIn(dir, path)).pipe(
          Effect.map((bytes) => Buffer.from(bytes)),
          Effect.mapError((error) => new ListenError({ address: path, reason: systemReason(error) })),
        ),
  )

/** TLS for connections this server makes: to its master. Without client certificate directives the server's own serve. */
export const readClientTlsOptions = Effect.fnUntraced(function* (
  settings: TlsSettings &
    Pick<RedixValues, "tlsClientCertFile" | "tlsClientKeyFile" | "tlsClientKeyFilePass">,
) {
  const read = yield* fileReader(settings.dir)
  const own = settings.tlsClientCertFile === ""
  const cert = own ? settings.tlsCertFile : settings.tlsClientCertFile
  const key = own ? settings.tlsKeyFile : settings.tlsClientKeyFile
  const passphrase = own ? settings.tlsKeyFilePass : settings.tlsClientKeyFilePass
  const options: Tls.ConnectionOptions = { rejectUnauthorized: true, checkServerIdentity: () => undefined }
  if (cert !== "") options.cert = yield* read(cert)
  if (key !== "") options.key = yield* read(key)
  if (secretIsSet(passphrase)) options.passphrase = Redacted.value(passphrase)
  if (settings.tlsCaCertFile !== "") options.ca = yield* read(settings.tlsCaCertFile)
  return options
})

export type TlsSettings = Pick<
  RedixValues,
  | "dir"
  | "tlsCertFile"
  | "tlsKeyFile"
  | "tlsKeyFilePass"
  | "tlsCaCertFile"
  | "tlsAuthClients"
  | "tlsProtocols"
  | "tlsCiphers"
  | "tlsCiphersuites"
  | "tlsPreferServerCiphers"
>

/** Reads certificate, key and authorities. tls-auth-clients yes: clients must show a certificate the authority signed. */
export const readTlsOptions = Effect.fnUntraced(function* (settings: TlsSettings) {
  const { dir, tlsCertFile, tlsKeyFile, tlsCaCertFile, tlsCiphers, tlsCiphersuites } = settings
  const fs = yield* FileSystem.FileSystem
  const load = (what: string, path: string, use: (bytes: Buffer) => void) =>
    fs.readFile(pathIn(dir, path)).pipe(
      Effect.flatMap((bytes) => Effect.try({ try: () => use(Buffer.from(bytes)), catch: (error) => error })),
      Effect.mapError((error) => refused(`Failed to ${what}: ${path}: ${systemReason(error)}`)),
    )
  if (tlsCertFile === "") return yield* refused("No tls-cert-file configured!")
  if (tlsKeyFile === "") return yield* refused("No tls-key-file configured!")
  if (settings.tlsAuthClients !== "no" && tlsCaCertFile === "")
    return yield* refused("tls-ca-cert-file must be set unless tls-auth-clients is no")
  const versions = yield* versionsOf(settings.tlsProtocols)
  const options: Tls.TlsOptions = {
    requestCert: settings.tlsAuthClients !== "no",
    rejectUnauthorized: settings.tlsAuthClients === "yes",
    honorCipherOrder: settings.tlsPreferServerCiphers,
  }
  if (secretIsSet(settings.tlsKeyFilePass)) options.passphrase = Redacted.value(settings.tlsKeyFilePass)
  yield* load("load certificate", tlsCertFile, (cert) => {
    options.cert = cert
    tryTls(options)
  })
  yield* load("load private key", tlsKeyFile, (key) => {
    options.key = key
    tryTls(options)
  })
  if (tlsCaCertFile !== "")
    yield* load("configure CA certificate(s) file/directory", tlsCaCertFile, (ca) => {
      options.ca = ca
      // The runtime would pass over a file without a certificate. As text it must be PEM.
      tryCertificate(String(ca))
    })
  if (tlsCiphers + tlsCiphersuites !== "") {
    const known = cipherNames()
    const older = yield* ciphersOf("ciphers", tlsCiphers, /[:,; ]/, (name) => !SUITE.test(name))
    const newer = yield* ciphersOf(
      "ciphersuites",
      tlsCiphersuites,
      /:/,
      (name) => SUITE.test(name) && known.includes(name.toLowerCase()),
    )
    options.ciphers = `${newer}:${older}`
  }
  const [oldest] = versions
  const newest = versions.at(-1)
  if (oldest !== undefined) options.minVersion = oldest
  if (newest !== undefined) options.maxVersion = newest
  return options
})

/** How the names of ciphers begin that TLS 1.3 has, and no version before. */
const SUITE = /^TLS_/

/**
 * The ciphers of one kind that are named. The runtime takes both kinds in one list, and turns versions off where it finds
 * none of theirs: so of the kind that is not named its own are put in.
 */
const ciphersOf = (
  kind: string,
  named: string,
  separator: RegExp,
  fits: (name: string) => boolean,
): Effect.Effect<string, ListenError> => {
  const list = named === "" ? defaultCiphers() : named
  const ciphers = list.split(separator).filter(fits).join(":")
  if (named === "") return Effect.succeed(ciphers)
  return Effect.try({
    // To the runtime an empty list is no list.
    try: () => tryTls({ ciphers: ciphers || "NONE" }),
    catch: () => refused(`Failed to configure ${kind}: ${named}`),
  }).pipe(Effect.as(ciphers))
}

const VERSIONS = [
  "TLSv1",
  "TLSv1.1",
  "TLSv1.2",
  "TLSv1.3",
] as const satisfies ReadonlyArray<Tls.SecureVersion>

/** The versions that tls-protocols names, the oldest first; none for the runtime's own choice. */
const versionsOf = (protocols: string): Effect.Effect<ReadonlyArray<Tls.SecureVersion>, ListenError> => {
  const words = protocols.split(/\s+/).filter((word) => word !== "")
  const named = words.map((word) => VERSIONS.find((version) => version.toLowerCase() === word.toLowerCase()))
  if (!named.includes(undefined)) return Effect.succeed(VERSIONS.filter((version) => named.includes(version)))
  const reason =
    "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'."
  return Effect.fail(refused(reason))
}
