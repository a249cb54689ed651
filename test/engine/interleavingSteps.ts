/**
 * Random interleavings of clients that subscribe, publish, queue, watch, block and go away, in both protocols. Left out is
 * only what redis-server leaves to chance or does wrong: the order of several matching patterns and of a sweeping
 * UNSUBSCRIBE, whom a SWAPDB serves first of those who wait, CLIENT UNBLOCK of a paused client (it crashes), QUIT with replies
 * off (it does not close). Data commands are such that send a client's own events before or after the reply as Redis happens
 * to; others differ there (OwnPushes.ts).
 */
import type { Random } from "../support/Random.js"
import { cut, raw, type ScriptStep } from "../support/Script.js"

const CONNECTIONS = ["a", "b", "c", "d", "e"]
const CHANNELS = ["ax", "bx", "__keyevent@0__:set", "__keyevent@0__:lpop", "__keyspace@0__:k"]
/** No two match the same channel. */
const PATTERNS = ["a*", "b?", "__keyevent@0__:s*", "__keyevent@0__:[^s]*"]
const KEYS = ["k", "l", "m"]

type Words = ReadonlyArray<string>

const dataCommand = (r: Random): Words => {
  const key = r.pick(KEYS)
  return r.pick<Words>([
    ["SET", key, r.text(2)],
    ["GET", key],
    ["DEL", key],
    ["INCR", "n"],
    ["RPUSH", key, r.text(1), r.text(1)],
    ["LPOP", key],
    ["LLEN", key],
    ["RENAME", key, r.pick(KEYS)],
    ["FLUSHDB"],
    ["MSET", "k", "1", "m", "2"],
    ["APPEND", key, "x"],
    ["MGET", ...KEYS],
  ])
}

const pubsubCommand = (r: Random): Words => {
  const channel = r.pick(CHANNELS)
  return r.pick<Words>([
    ["SUBSCRIBE", channel],
    ["SUBSCRIBE", channel, r.pick(CHANNELS)],
    ["UNSUBSCRIBE", channel],
    ["PSUBSCRIBE", r.pick(PATTERNS)],
    ["PUNSUBSCRIBE", r.pick(PATTERNS)],
    ["SSUBSCRIBE", "s"],
    ["SUNSUBSCRIBE"],
    ["PUBLISH", channel, r.text(3)],
    ["PUBLISH", channel, r.text(3)],
    ["SPUBLISH", "s", r.text(3)],
    ["PUBSUB", "NUMSUB", ...CHANNELS],
    ["PUBSUB", "NUMPAT"],
    ["PUBSUB", "SHARDNUMSUB", "s"],
    ["PING"],
    ["PING", "p"],
  ])
}

const transactionCommand = (r: Random): Words =>
  r.pick<Words>([
    ["MULTI"],
    ["MULTI"],
    ["EXEC"],
    ["EXEC"],
    ["EXEC"],
    ["DISCARD"],
    ["WATCH", r.pick(KEYS)],
    ["WATCH", ...KEYS],
    ["UNWATCH"],
    ["EXEC", "x"],
    ["NOSUCH", "x"],
    ["GET"],
  ])

const connectionCommand = (r: Random): Words =>
  r.pick<Words>([
    ["SELECT", r.pick(["0", "0", "1"])],
    ["HELLO", r.pick(["2", "3", "3"])],
    ["RESET"],
    ["CLIENT", "GETNAME"],
    ["CLIENT", "KILL", "TYPE", "pubsub"],
    ["CLIENT", "KILL", "ADDR", `<addr:${r.pick(CONNECTIONS)}>`],
    ["CLIENT", "UNBLOCK", `<id:${r.pick(CONNECTIONS)}>`, r.pick(["TIMEOUT", "ERROR"])],
    ["CLIENT", "TRACKINGINFO"],
    ["ECHO", r.text(2)],
  ])

const blockingCommand = (r: Random): Words =>
  r.pick<Words>([
    ["BLPOP", r.pick(KEYS), "0"],
    ["BLPOP", ...KEYS, "0"],
  ])

const SWAPDB: Words = ["SWAPDB", "0", "1"]

const command = (r: Random, swapping: boolean): Words =>
  r.weighted<(random: Random) => Words>([
    [8, (random) => (swapping && random.chance(0.08) ? SWAPDB : dataCommand(random))],
    [8, pubsubCommand],
    [8, transactionCommand],
    [3, connectionCommand],
  ])(r)

const inline = (words: Words): string => `${words.map((word) => `"${word}"`).join(" ")}\r\n`

/** Ends a wait, if it is one still, so that nothing is sent behind it: who goes on first then is anybody's guess. */
const release = (r: Random, connection: string): ScriptStep =>
  r.pick<ScriptStep>([
    cut(connection),
    ["z", "CLIENT", "UNBLOCK", `<id:${connection}>`, r.pick(["TIMEOUT", "ERROR"])],
    ["z", "CLIENT", "KILL", "ID", `<id:${connection}>`],
  ])

/** Databases change places, or clients wait. */
function* part(r: Random, steps: number, swapping: boolean): Generator<ScriptStep> {
  const waiting = new Set<string>()
  for (let i = 0; i < steps; i++) {
    const connection = r.pick(CONNECTIONS)
    if (waiting.has(connection)) {
      if (r.chance(0.5)) continue
      waiting.delete(connection)
      yield release(r, connection)
    } else if (r.chance(0.02)) yield cut(connection)
    else if (!swapping && r.chance(0.04)) {
      waiting.add(connection)
      yield [connection, ...blockingCommand(r)]
    } else if (r.chance(0.15)) {
      // Several commands at once. Those that name connections are for the player to put in.
      const batch = r
        .times(r.between(2, 6), () => command(r, swapping))
        .filter((words) => !words.join(" ").includes("<"))
      yield raw(connection, batch.map(inline).join(""))
    } else yield [connection, ...command(r, swapping)]
  }
  for (const connection of CONNECTIONS) yield cut(connection)
}

export function* interleaving(r: Random, steps: number): Generator<ScriptStep> {
  yield ["z", "CONFIG", "SET", "notify-keyspace-events", "KEA"]
  yield* part(r, steps / 3, true)
  yield* part(r, (steps * 2) / 3, false)
}
