/** Directives: RDB, append-only file, cluster. */
import { directive, hint, immutable, unsupported } from "../Directive.js"
import {
  fileName,
  hostName,
  INT32_MAX,
  INT64_MAX,
  integer,
  memory,
  oneOf,
  optionalString,
  string,
  UINT64_MAX_TEXT,
  yesNo,
} from "../Kinds.js"
import { savePoints } from "../StructuredKinds.js"

const natural32 = integer("0", INT32_MAX)
const port = integer("0", "65535")

export const rdbDirectives = {
  dbfilename: directive(fileName("dbfilename", "filename", true), "dump.rdb", {
    mutability: "protected",
    startAliases: ["filename"],
  }),
  // A file made for a synchronization is temporary here, always.
  "rdb-del-sync-files": hint(yesNo, "no"),
  "rdb-save-incremental-fsync": directive(yesNo, "yes"),
  rdbchecksum: directive(yesNo, "yes", immutable),
  rdbcompression: directive(yesNo, "yes"),
  "sanitize-dump-payload": directive(oneOf(["no", "yes", "clients"]), "no"),
  save: directive(savePoints, "3600 1 300 100 60 10000", { repeated: "save points", alwaysWritten: true }),
  "stop-writes-on-bgsave-error": directive(yesNo, "yes"),
} as const

export const aofDirectives = {
  // A line that says its checksum goes before each group of commands.
  "aof-checksum": directive(yesNo, "no"),
  "aof-disable-auto-gc": directive(yesNo, "no"),
  "aof-load-truncated": directive(yesNo, "yes"),
  "aof-rewrite-incremental-fsync": directive(yesNo, "yes"),
  "aof-timestamp-enabled": directive(yesNo, "no"),
  "aof-use-rdb-preamble": directive(yesNo, "yes"),
  appenddirname: directive(fileName("appenddirname", "dirname", false), "appendonlydir", immutable),
  appendfilename: directive(fileName("appendfilename", "filename", false), "appendonly.aof", immutable),
  appendfsync: directive(oneOf(["everysec", "always", "no"]), "everysec"),
  appendonly: directive(yesNo, "no", { fixedWhileLoading: true }),
  "auto-aof-rewrite-min-size": directive(memory("0"), "67108864"),
  "auto-aof-rewrite-percentage": directive(natural32, "100"),
  "no-appendfsync-on-rewrite": directive(yesNo, "no"),
} as const

export const clusterDirectives = {
  "cluster-allow-pubsubshard-when-down": hint(yesNo, "yes"),
  "cluster-allow-reads-when-down": hint(yesNo, "no"),
  "cluster-allow-replica-migration": hint(yesNo, "yes"),
  "cluster-announce-bus-port": hint(port, "0"),
  "cluster-announce-hostname": hint(hostName, ""),
  "cluster-announce-ip": hint(optionalString, ""),
  "cluster-announce-port": hint(port, "0"),
  "cluster-announce-tls-port": hint(port, "0"),
  "cluster-config-file": hint(string, "nodes.conf", immutable),
  "cluster-enabled": unsupported(yesNo, "no", immutable),
  "cluster-link-sendbuf-limit": hint(memory("0", UINT64_MAX_TEXT), "0"),
  "cluster-migration-barrier": hint(natural32, "1"),
  "cluster-node-timeout": hint(integer("0", INT64_MAX), "15000"),
  "cluster-port": hint(port, "0", immutable),
  "cluster-preferred-endpoint-type": hint(oneOf(["ip", "hostname", "unknown-endpoint"]), "ip"),
  "cluster-replica-no-failover": hint(yesNo, "no", { aliases: ["cluster-slave-no-failover"] }),
  "cluster-replica-validity-factor": hint(natural32, "10", { aliases: ["cluster-slave-validity-factor"] }),
  "cluster-require-full-coverage": hint(yesNo, "yes"),
} as const
