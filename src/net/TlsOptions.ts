/** TLS for the listener: the tls-* directives, with their files read. */
import { systemReason } from "../bytes/SystemReason.js"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as FileSystem from "effect/FileSystem"
import type * as Tls from "node:tls"
import { pathIn, type RedixValues } from "../config/index.js"
import { ListenError } from "./ListenError.js"
import { secretIsSet } from "../engine/Settings.js"

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
  const read = yield* fileReader(settings.dir)
  if (settings.tlsCertFile === "" || settings.tlsKeyFile === "") {
    return yield* new ListenError({ address: "TLS", reason: "tls-cert-file and tls-key-file must be set" })
  }
  if (settings.tlsAuthClients !== "no" && settings.tlsCaCertFile === "") {
    return yield* new ListenError({
      address: "TLS",
      reason: "tls-ca-cert-file must be set unless tls-auth-clients is no",
    })
  }
  const ciphers = [settings.tlsCiphersuites, settings.tlsCiphers].filter((c) => c !== "").join(":")
  const versions = yield* versionsOf(settings.tlsProtocols)
  const options: Tls.TlsOptions = {
    cert: yield* read(settings.tlsCertFile),
    key: yield* read(settings.tlsKeyFile),
    requestCert: settings.tlsAuthClients !== "no",
    rejectUnauthorized: settings.tlsAuthClients === "yes",
    honorCipherOrder: settings.tlsPreferServerCiphers,
  }
  if (settings.tlsCaCertFile !== "") options.ca = yield* read(settings.tlsCaCertFile)
  if (secretIsSet(settings.tlsKeyFilePass)) options.passphrase = Redacted.value(settings.tlsKeyFilePass)
  if (ciphers !== "") options.ciphers = ciphers
  const [oldest] = versions
  const newest = versions.at(-1)
  if (oldest !== undefined) options.minVersion = oldest
  if (newest !== undefined) options.maxVersion = newest
  return options
})

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
  return Effect.fail(new ListenError({ address: "TLS", reason }))
}
