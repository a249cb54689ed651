/** Scripts of transactions and watches, compared with redis-server step by step. */
import { awaiting, cut, raw, type ScriptStep } from "../support/Script.js"

/** MULTI and its kin: errors, aborts, watches, disconnection. */
export const transactionScript: ReadonlyArray<ScriptStep> = [
  ["a", "EXEC"],
  ["a", "EXEC", "x"],
  ["a", "DISCARD"],
  ["a", "MULTI"],
  ["a", "MULTI"],
  ["a", "WATCH", "k"],
  ["a", "UNWATCH"],
  ["a", "EXEC"],
  ["a", "MULTI"],
  ["a", "NOSUCH", "x"],
  ["a", "SET", "k", "1"],
  ["a", "EXEC"],
  ["a", "GET", "k"],
  ["a", "MULTI"],
  ["a", "GET"],
  ["a", "DISCARD"],
  ["a", "MULTI"],
  ["a", "EXEC", "x"],
  ["a", "EXEC"],
  ["a", "MULTI", "x"],
  ["a", "MULTI"],
  ["a", "DISCARD", "x"],
  ["a", "EXEC"],
  ["a", "MULTI"],
  ["a", "CONFIG", "NOSUCH"],
  ["a", "EXEC"],
  ["a", "MULTI"],
  ["a", "CLIENT", "REPLY", "BAD"],
  ["a", "SET", "k", "1"],
  ["a", "LPUSH", "k", "1"],
  ["a", "INCR", "k"],
  ["a", "BLPOP", "none", "0"],
  ["a", "BLMOVE", "none", "other", "LEFT", "RIGHT", "0"],
  ["a", "BZPOPMIN", "none", "0"],
  ["a", "SELECT", "3"],
  ["a", "SET", "in3", "1"],
  ["a", "HELLO", "3"],
  ["a", "BLPOP", "none", "0"],
  ["a", "CLIENT", "TRACKINGINFO"],
  ["a", "HELLO", "2"],
  ["a", "ECHO", "e"],
  ["a", "PING"],
  ["b", "GET", "k"],
  ["a", "EXEC"],
  ["a", "GET", "in3"],
  ["a", "SELECT", "0"],
  ["a", "MULTI"],
  ["a", "MONITOR"],
  ["a", "SSUBSCRIBE", "s"],
  ["a", "SUBSCRIBE", "x", "y"],
  ["a", "PUBLISH", "x", "self"],
  ["a", "UNSUBSCRIBE", "x"],
  ["a", "EXEC"],
  ["a", "EXEC"],
  ["a", "UNSUBSCRIBE"],
  ["a", "HELLO", "3"],
  ["a", "SUBSCRIBE", "x"],
  ["a", "MULTI"],
  ["a", "PUBLISH", "x", "1"],
  ["a", "SET", "k", "2"],
  ["a", "PUBLISH", "x", "2"],
  ["a", "EXEC"],
  ["a", "RESET"],
  // Watches.
  ["a", "WATCH", "k", "l"],
  ["b", "SET", "k", "1"],
  ["a", "MULTI"],
  ["a", "PING"],
  ["a", "EXEC"],
  ["a", "MULTI"],
  ["a", "EXEC"],
  ["a", "WATCH", "k"],
  ["a", "SET", "k", "own"],
  ["a", "MULTI"],
  ["a", "EXEC"],
  ["a", "WATCH", "k"],
  ["b", "SET", "k", "1"],
  ["a", "UNWATCH"],
  ["a", "MULTI"],
  ["a", "EXEC"],
  ["a", "WATCH", "k"],
  ["b", "SET", "k", "1"],
  ["a", "MULTI"],
  ["a", "UNWATCH"],
  ["a", "EXEC"],
  ["a", "WATCH", "k"],
  ["b", "SET", "k", "1"],
  ["a", "MULTI"],
  ["a", "GET"],
  ["a", "EXEC"],
  ["a", "WATCH", "k"],
  ["b", "SELECT", "1"],
  ["b", "SET", "k", "other database"],
  ["b", "SELECT", "0"],
  ["a", "MULTI"],
  ["a", "EXEC"],
  ...[
    "DEL",
    "GET",
    "GETDEL",
    "TYPE",
    "TOUCH",
    "PERSIST",
    "APPEND:x",
    "EXPIRE:100",
    "RENAME:k2",
    "SETRANGE:0:zz",
  ].flatMap((words): ReadonlyArray<ScriptStep> => {
    const [name, ...rest] = words.split(":")
    return [
      ["b", "SET", "k", "v"],
      ["a", "WATCH", "k"],
      ["b", name ?? "", "k", ...rest],
      ["a", "MULTI"],
      ["a", "PING"],
      ["a", "EXEC"],
    ]
  }),
  ...[
    ["FLUSHALL"],
    ["FLUSHDB"],
    ["SWAPDB", "0", "1"],
    ["SWAPDB", "5", "6"],
    ["RENAME", "k2", "k"],
    ["COPY", "k2", "k", "REPLACE"],
    ["MOVE", "k", "7"],
  ].flatMap((words): ReadonlyArray<ScriptStep> =>
    ["k", "missing"].flatMap((key): ReadonlyArray<ScriptStep> => [
      ["b", "SET", "k", "v"],
      ["b", "SET", "k2", "v2"],
      ["a", "WATCH", key],
      ["b", ...words],
      ["a", "MULTI"],
      ["a", "PING"],
      ["a", "EXEC"],
    ]),
  ),
  // The end of a connection, and RESET, drop the queue.
  ["a", "MULTI"],
  ["a", "SET", "dropped", "1"],
  cut("a"),
  ["b", "GET", "dropped"],
  ["a", "MULTI"],
  ["a", "SET", "dropped", "1"],
  ["a", "RESET"],
  ["a", "EXEC"],
  ["a", "MULTI"],
  ["a", "SET", "dropped", "1"],
  ["a", "QUIT"],
  ["b", "GET", "dropped"],
  // Waiters are served after EXEC as a whole.
  ["w", "BLPOP", "list", "0"],
  ["v", "BLPOP", "list", "0"],
  ["b", "MULTI"],
  ["b", "RPUSH", "list", "1", "2"],
  ["b", "LPOP", "list"],
  ["b", "EXEC"],
  ["b", "MULTI"],
  ["b", "RPUSH", "list", "3"],
  ["b", "DEL", "list"],
  ["b", "EXEC"],
  ["b", "RPUSH", "list", "4"],
]

/** Watched keys whose time passes, on servers that delete expired keys only when they are looked up. */
export const expiringWatchScript: ReadonlyArray<ScriptStep> = [
  // In one piece, and with time enough: else the key might be gone when the watch begins.
  raw("a", "SET e v PX 1000\r\nWATCH e\r\n"),
  ["b", "PSETEX", "gone", "10", "v"],
  awaiting("w", /-1/, ["w", "BLPOP", "none", "1.1"]),
  ["a", "MULTI"],
  ["a", "PING"],
  ["a", "EXEC"],
  ["a", "WATCH", "e", "gone"],
  ["b", "GET", "e"],
  ["b", "GET", "gone"],
  ["a", "MULTI"],
  ["a", "PING"],
  ["a", "EXEC"],
  ["b", "SET", "e", "v", "PX", "1"],
  awaiting("w", /-1/, ["w", "BLPOP", "none", "0.1"]),
  ["a", "WATCH", "e"],
  ["b", "SET", "e", "again"],
  ["a", "MULTI"],
  ["a", "EXEC"],
]

/** Whole databases go or change places under a watch: keys that are absent, alive, or past their time before and after. */
const sweptWatches = function* (): Generator<ScriptStep> {
  const make: ReadonlyArray<ReadonlyArray<string>> = [[], ["SET", "k", "v"], ["SET", "k", "v", "PXAT", "1"]]
  const swap: ScriptStep = ["b", "SWAPDB", "0", "1"]
  const sweeps: ReadonlyArray<ReadonlyArray<ScriptStep>> = [
    [swap],
    [swap, swap],
    [["b", "FLUSHDB"]],
    [
      ["b", "FLUSHALL"],
      ["b", "SET", "k", "v", "PXAT", "1"],
    ],
  ]
  for (const here of make) {
    for (const there of make) {
      for (const sweep of sweeps) {
        yield ["b", "FLUSHALL"]
        if (here.length > 0) yield ["b", ...here]
        yield ["b", "SELECT", "1"]
        if (there.length > 0) yield ["b", ...there]
        yield ["b", "SELECT", "0"]
        yield ["a", "WATCH", "k"]
        yield* sweep
        yield ["a", "MULTI"]
        yield ["a", "EXEC"]
      }
    }
  }
}
export const sweptWatchScript: ReadonlyArray<ScriptStep> = [...sweptWatches()]

/** Memory is short: what MULTI still takes, and what EXEC makes of commands queued before. */
export const shortMemoryScript: ReadonlyArray<ScriptStep> = [
  ["a", "MULTI"],
  ["a", "SET", "k", "1"],
  ["b", "CONFIG", "SET", "maxmemory", "1"],
  ["a", "EXEC"],
  ...[["PING"], ["GET", "k"], ["MULTI"], ["WATCH", "k"], ["UNWATCH"], ["NOSUCH"], ["GET"]].flatMap(
    (words): ReadonlyArray<ScriptStep> => [
      ["a", "MULTI"],
      ["a", ...words],
      ["a", "EXEC"],
    ],
  ),
  ["a", "MULTI"],
  ["a", "RESET"],
  ["a", "MULTI"],
  ["a", "DISCARD"],
  ["a", "MULTI"],
  ["b", "CONFIG", "SET", "maxmemory", "0"],
  ["a", "GET", "k"],
  ["b", "CONFIG", "SET", "maxmemory", "1"],
  ["a", "EXEC"],
  ["a", "MULTI"],
  ["a", "QUIT"],
  ["b", "CONFIG", "SET", "maxmemory", "0"],
]
