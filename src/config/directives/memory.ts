/** Directives: memory, encodings of the types, expiry, events, scripts. */
import { directive, hint } from "../Directive.js"
import { INT32_MAX, INT32_MIN, INT64_MAX, integer, memory, oneOf, UINT64_MAX_TEXT, yesNo } from "../Kinds.js"
import { keyspaceEvents, memoryOrPercent } from "../StructuredKinds.js"

const natural32 = integer("0", INT32_MAX)
const natural64 = integer("0", INT64_MAX)

export const memoryDirectives = {
  "active-defrag-cycle-max": directive(integer("1", "99"), "25"),
  "active-defrag-cycle-min": directive(integer("1", "99"), "1"),
  "active-defrag-ignore-bytes": directive(memory("1"), "104857600"),
  "active-defrag-max-scan-fields": hint(integer("1", INT64_MAX), "1000"),
  "active-defrag-threshold-lower": directive(integer("0", "1000"), "10"),
  "active-defrag-threshold-upper": directive(integer("0", "1000"), "100"),
  "active-expire-effort": hint(integer("1", "10"), "1"),
  activedefrag: directive(yesNo, "no"),
  activerehashing: hint(yesNo, "yes"),
  "busy-reply-threshold": directive(natural64, "5000", { aliases: ["lua-time-limit"] }),
  "jemalloc-bg-thread": hint(yesNo, "yes"),
  "lazyfree-lazy-eviction": directive(yesNo, "no"),
  "lazyfree-lazy-expire": directive(yesNo, "no"),
  "lazyfree-lazy-server-del": directive(yesNo, "no"),
  "lazyfree-lazy-user-del": directive(yesNo, "no"),
  "lazyfree-lazy-user-flush": directive(yesNo, "no"),
  "lfu-decay-time": directive(natural32, "1"),
  "lfu-log-factor": directive(natural32, "10"),
  maxmemory: directive(memory("0", UINT64_MAX_TEXT), "0"),
  "maxmemory-clients": directive(memoryOrPercent, "0"),
  "maxmemory-eviction-tenacity": directive(integer("0", "100"), "10"),
  "maxmemory-policy": directive(
    oneOf([
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "noeviction",
    ]),
    "noeviction",
  ),
  "maxmemory-samples": directive(integer("1", INT32_MAX), "5"),
  "notify-keyspace-events": directive(keyspaceEvents, ""),
  "tracking-table-max-keys": directive(natural64, "1000000"),
} as const

export const encodingDirectives = {
  "hash-max-listpack-entries": directive(natural64, "512", { aliases: ["hash-max-ziplist-entries"] }),
  "hash-max-listpack-value": directive(memory("0"), "64", { aliases: ["hash-max-ziplist-value"] }),
  "hll-sparse-max-bytes": directive(memory("0"), "3000"),
  // Lists are not compressed in memory; no reply depends on it.
  "list-compress-depth": hint(natural32, "0"),
  "list-max-listpack-size": directive(integer(INT32_MIN, INT32_MAX), "-2", {
    aliases: ["list-max-ziplist-size"],
  }),
  "set-max-intset-entries": directive(natural64, "512"),
  "stream-node-max-bytes": directive(memory("0"), "4096"),
  "stream-node-max-entries": directive(natural64, "100"),
  "zset-max-listpack-entries": directive(natural64, "128", { aliases: ["zset-max-ziplist-entries"] }),
  "zset-max-listpack-value": directive(memory("0"), "64", { aliases: ["zset-max-ziplist-value"] }),
} as const
