/** Directives: replication, from both sides. */
import { directive, hint, immutable } from "../Directive.js"
import {
  INT32_MAX,
  INT64_MAX,
  integer,
  memory,
  oneOf,
  optionalBytes,
  optionalString,
  secretBytes,
  yesNo,
} from "../Kinds.js"
import { replicaOf } from "../StructuredKinds.js"

const natural32 = integer("0", INT32_MAX)
const positive32 = integer("1", INT32_MAX)
const BACKLOG_BYTES_MIN = 16384

export const replicationDirectives = {
  masterauth: directive(secretBytes, "", { secret: true }),
  masteruser: directive(optionalBytes, ""),
  "min-replicas-max-lag": directive(natural32, "10", { aliases: ["min-slaves-max-lag"] }),
  "min-replicas-to-write": directive(natural32, "0", { aliases: ["min-slaves-to-write"] }),
  "propagation-error-behavior": directive(oneOf(["ignore", "panic", "panic-on-replicas"]), "ignore"),
  "repl-backlog-size": directive(memory("1"), "1048576", {
    clamp: (text) => (Number(text) < BACKLOG_BYTES_MIN ? String(BACKLOG_BYTES_MIN) : text),
  }),
  "repl-backlog-ttl": directive(integer("0", INT64_MAX), "3600"),
  // Links send a turn's changes in one write, so there are no small packets to hold back.
  "repl-disable-tcp-nodelay": hint(yesNo, "no"),
  "repl-diskless-load": directive(oneOf(["disabled", "on-empty-db", "swapdb"]), "disabled", {
    fixedWhileLoading: true,
  }),
  "repl-diskless-sync": directive(yesNo, "yes"),
  "repl-diskless-sync-delay": directive(natural32, "5"),
  "repl-diskless-sync-max-replicas": directive(natural32, "0"),
  "repl-ping-replica-period": directive(positive32, "10", { aliases: ["repl-ping-slave-period"] }),
  "repl-timeout": directive(positive32, "60"),
  "replica-announce-ip": directive(optionalString, "", { aliases: ["slave-announce-ip"] }),
  "replica-announce-port": directive(integer("0", "65535"), "0", { aliases: ["slave-announce-port"] }),
  "replica-announced": directive(yesNo, "yes"),
  "replica-ignore-disk-write-errors": directive(yesNo, "no"),
  "replica-ignore-maxmemory": directive(yesNo, "yes", { aliases: ["slave-ignore-maxmemory"] }),
  "replica-lazy-flush": hint(yesNo, "no", { aliases: ["slave-lazy-flush"] }),
  "replica-priority": directive(natural32, "100", { aliases: ["slave-priority"] }),
  "replica-read-only": directive(yesNo, "yes", { aliases: ["slave-read-only"] }),
  "replica-serve-stale-data": directive(yesNo, "yes", { aliases: ["slave-serve-stale-data"] }),
  replicaof: directive(replicaOf, "", { ...immutable, aliases: ["slaveof"] }),
} as const
