/** Directives: the process, its log, its signals, and what Redis tunes in the operating system. */
import { directive, hint, immutable, unsupported } from "../Directive.js"
import {
  INT32_MAX,
  INT32_MIN,
  INT64_MAX,
  integer,
  oneOf,
  optionalPath,
  optionalString,
  path,
  rawWords,
  string,
  titleTemplate,
  yesNo,
} from "../Kinds.js"
import { oomScores, percentiles, renamedCommands, shutdownFlags } from "../StructuredKinds.js"

const natural32 = integer("0", INT32_MAX)
const natural64 = integer("0", INT64_MAX)
const noYesLocal = oneOf(["no", "yes", "local"])
const HZ_MIN = 1
const HZ_MAX = 500
const WATCHDOG_MS_MIN = 200

export const processDirectives = {
  "always-show-logo": hint(yesNo, "no", immutable),
  aof_rewrite_cpulist: unsupported(optionalString, "", immutable),
  bgsave_cpulist: unsupported(optionalString, "", immutable),
  bio_cpulist: unsupported(optionalString, "", immutable),
  "crash-log-enabled": hint(yesNo, "yes"),
  "crash-memcheck-enabled": hint(yesNo, "yes"),
  daemonize: unsupported(yesNo, "no", immutable),
  databases: directive(integer("1", INT32_MAX), "16", immutable),
  dir: directive(path, ".", { mutability: "protected", alwaysWritten: true, fixedWhileLoading: true }),
  "disable-thp": hint(yesNo, "yes", immutable),
  "dynamic-hz": hint(yesNo, "yes"),
  "enable-debug-command": directive(noYesLocal, "no", immutable),
  "enable-module-command": unsupported(noYesLocal, "no", immutable),
  "enable-protected-configs": directive(noYesLocal, "no", immutable),
  hz: hint(natural32, "10", {
    clamp: (text) => String(Math.min(HZ_MAX, Math.max(HZ_MIN, Number(text)))),
    clampAtStart: true,
  }),
  "ignore-warnings": hint(string, ""),
  "io-threads": hint(integer("1", "128"), "1", immutable),
  "io-threads-do-reads": hint(yesNo, "no", immutable),
  "oom-score-adj": unsupported(
    oneOf(["no", "yes", "absolute"], { relative: "yes" }, ["no", "yes", "relative", "absolute"]),
    "no",
  ),
  "oom-score-adj-values": hint(oomScores, "0 200 800"),
  pidfile: directive(optionalPath, "", immutable),
  "proc-title-template": hint(titleTemplate, "{title} {listen-addr} {server-mode}"),
  server_cpulist: unsupported(optionalString, "", immutable),
  "set-proc-title": hint(yesNo, "yes", immutable),
  "shutdown-on-sigint": directive(shutdownFlags, "default"),
  "shutdown-on-sigterm": directive(shutdownFlags, "default"),
  "shutdown-timeout": directive(natural32, "10"),
  supervised: unsupported(oneOf(["upstart", "systemd", "auto", "no"]), "no", immutable),
} as const

export const logDirectives = {
  "latency-monitor-threshold": directive(natural64, "0"),
  "latency-tracking": directive(yesNo, "yes"),
  "latency-tracking-info-percentiles": directive(percentiles, "50 99 99.9", { alwaysWritten: true }),
  "log-format": directive(oneOf(["text", "json"]), "text"),
  logfile: directive(path, "", immutable),
  loglevel: directive(oneOf(["debug", "verbose", "notice", "warning"]), "notice"),
  "metrics-port": directive(integer("0", "65535"), "0", immutable),
  "slowlog-log-slower-than": directive(integer("-1", INT64_MAX), "10000"),
  "slowlog-max-len": directive(natural64, "128"),
  "syslog-enabled": unsupported(yesNo, "no", immutable),
  "syslog-facility": hint(
    oneOf(["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]),
    "local0",
    immutable,
  ),
  "syslog-ident": hint(string, "redis", immutable),
} as const

/** Lines of redis.conf that are no settings, and settings Redis keeps for its own tests. */
export const statementDirectives = {
  include: directive(string, "", { statement: true }),
  loadmodule: directive(rawWords, "", { statement: true, support: "refused" }),
  "rename-command": directive(renamedCommands, "", { statement: true, repeated: "add" }),
  // Words of old configuration files that redis-server 7.0 takes and ignores.
  "list-max-ziplist-entries": hint(rawWords, "", { statement: true }),
  "list-max-ziplist-value": hint(rawWords, "", { statement: true }),
  "lua-replicate-commands": hint(rawWords, "", { statement: true }),
  "key-load-delay": directive(integer(INT32_MIN, INT32_MAX), "0", { hidden: true }),
  "loading-process-events-interval-bytes": hint(integer("1024", INT32_MAX), "2097152", { hidden: true }),
  "lua-enable-deprecated-api": unsupported(yesNo, "no", { ...immutable, hidden: true }),
  "rdb-key-save-delay": directive(integer(INT32_MIN, INT32_MAX), "0", { hidden: true }),
  "use-exit-on-panic": hint(yesNo, "no", { hidden: true }),
  "watchdog-period": unsupported(natural32, "0", {
    hidden: true,
    clamp: (text) => (text !== "0" && Number(text) < WATCHDOG_MS_MIN ? String(WATCHDOG_MS_MIN) : text),
  }),
} as const
