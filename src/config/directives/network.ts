/** Directives: addresses, connections, TLS, authentication of clients. */
import { directive, hint, immutable, unsupported } from "../Directive.js"
import {
  INT32_MAX,
  integer,
  memory,
  octal,
  oneOf,
  optionalPath,
  optionalString,
  secretBytes,
  secretString,
  UINT32_MAX,
  yesNo,
} from "../Kinds.js"
import { bindAddresses, outputBufferLimits, userDeclarations } from "../StructuredKinds.js"

/**
 * Where Redix listens when nothing says otherwise. Redis 7.0 itself has "* -::*" and leans on protected mode; its own
 * redis.conf, which most installations start from, has this.
 */
const DEFAULT_BIND = "127.0.0.1 -::1"

const port = integer("0", "65535")
const natural32 = integer("0", INT32_MAX)
const hooked = { needsHook: true } as const

export const networkDirectives = {
  bind: directive(bindAddresses(DEFAULT_BIND), DEFAULT_BIND, hooked),
  "bind-source-addr": directive(optionalString, ""),
  "client-output-buffer-limit": directive(
    outputBufferLimits,
    "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    { repeated: "add" },
  ),
  "client-query-buffer-limit": directive(memory("1048576"), "1073741824"),
  maxclients: directive(integer("1", UINT32_MAX), "10000"),
  port: directive(port, "6379", hooked),
  "protected-mode": directive(yesNo, "yes"),
  "proto-max-bulk-len": directive(memory("1048576"), "536870912"),
  requirepass: directive(secretBytes, "", { secret: true }),
  "socket-mark-id": unsupported(integer("0", UINT32_MAX), "0", immutable),
  "tcp-backlog": directive(natural32, "511", immutable),
  "tcp-keepalive": directive(natural32, "300"),
  timeout: directive(natural32, "0"),
  unixsocket: directive(optionalPath, "", immutable),
  unixsocketperm: directive(octal("777"), "0", immutable),
} as const

export const tlsDirectives = {
  "tls-auth-clients": directive(oneOf(["no", "yes", "optional"]), "yes", hooked),
  "tls-ca-cert-dir": unsupported(optionalPath, ""),
  "tls-ca-cert-file": directive(optionalPath, "", hooked),
  "tls-cert-file": directive(optionalPath, "", hooked),
  "tls-ciphers": directive(optionalString, "", hooked),
  "tls-ciphersuites": directive(optionalString, "", hooked),
  "tls-client-cert-file": directive(optionalPath, "", hooked),
  "tls-client-key-file": directive(optionalPath, "", hooked),
  "tls-client-key-file-pass": directive(secretString, "", { ...hooked, secret: true }),
  "tls-cluster": unsupported(yesNo, "no"),
  "tls-dh-params-file": unsupported(optionalPath, ""),
  "tls-key-file": directive(optionalPath, "", hooked),
  "tls-key-file-pass": directive(secretString, "", { ...hooked, secret: true }),
  "tls-port": directive(port, "0", hooked),
  "tls-prefer-server-ciphers": directive(yesNo, "no", hooked),
  "tls-protocols": directive(optionalString, "", hooked),
  "tls-replication": directive(yesNo, "no"),
  "tls-session-cache-size": hint(natural32, "20480"),
  "tls-session-cache-timeout": hint(natural32, "300"),
  "tls-session-caching": hint(yesNo, "yes"),
} as const

export const aclDirectives = {
  "acl-pubsub-default": directive(oneOf(["allchannels", "resetchannels"]), "resetchannels"),
  aclfile: directive(optionalPath, "", immutable),
  "acllog-max-len": directive(integer("0", "9223372036854775807"), "128"),
  user: directive(userDeclarations, "", { statement: true, repeated: "users", secret: true }),
} as const
