/** What commands that wait leave in INFO's counters and in SLOWLOG, and what holds within one chunk, as in redis-server. */
import { expect, it } from "vitest"
import { besideOracle } from "../support/CommandSuite.js"
import { describeOracle } from "../support/Oracle.js"
import { encodeCommands } from "../support/RawClient.js"
import { compareScript, raw, type ScriptStep, usualMask } from "../support/Script.js"

const words = (line: string): ReadonlyArray<string> => line.split(" ")
/** Commands that arrive in one piece. */
const chunk = (connection: string, ...lines: ReadonlyArray<string>): ScriptStep =>
  raw(connection, encodeCommands(lines.map(words)).toString("latin1"))
const step = (connection: string, line: string): ScriptStep => [connection, ...words(line)]

/**
 * The sections' lines in no order, without times; entries of SLOWLOG without number, time and addresses. Errors of the kind
 * ERR are left out: those that end a step (Script.ts) are of it, and may be read before the step's own command.
 */
const countersMask = (bytes: string): string =>
  usualMask(bytes)
    .replaceAll(
      /\$\d+\r\n# (Commandstats|Errorstats)\r\n((?:\w+_[^\r]*\r\n)*)/g,
      (_all, name: string, lines: string) =>
        [
          `# ${name}`,
          ...lines
            .split("\r\n")
            .filter((line) => line !== "" && !/resetstat|_info|errorstat_ERR/.test(line))
            .sort(),
        ].join("\r\n"),
    )
    .replaceAll(/usec=\d+,usec_per_call=[\d.]+/g, "usec=?")
    .replaceAll(/\*6\r\n:\d+\r\n:\d+\r\n:\d+\r\n/g, "ENTRY ")
    .replaceAll(/UNBLOCK\r\n\$\d+\r\n\d+/g, "UNBLOCK ID")
    .replaceAll(/\$\d+\r\n127\.0\.0\.1:\d+\r\n/g, "ADDRESS ")

const counters: ReadonlyArray<ScriptStep> = [
  step("a", "INFO commandstats"),
  step("a", "INFO errorstats"),
  step("a", "SLOWLOG GET 3"),
  step("a", "FLUSHALL"),
  step("a", "SLOWLOG RESET"),
  step("a", "CONFIG RESETSTAT"),
]

/** The reply to INFO clients without all but its counters of those that wait. */
const waitingMask = (bytes: string): string =>
  [...bytes.matchAll(/(?:blocked_clients|clients_in_timeout_table):\d+/g)].join(" ") || usualMask(bytes)

const waitingScript: ReadonlyArray<ScriptStep> = [
  step("b", "BLPOP nothing 0"),
  step("a", "INFO clients"),
  step("c", "BLPOP nothing 100"),
  step("a", "INFO clients"),
  step("d", "WAIT 3 100000"),
  step("a", "INFO clients"),
  step("e", "WAIT 3 0"),
  step("f", "XREAD BLOCK 100000 STREAMS s $"),
  step("a", "INFO clients"),
  step("a", "RPUSH nothing x y"),
  step("a", "INFO clients"),
]

const blockedScript: ReadonlyArray<ScriptStep> = [
  step("a", "CONFIG SET slowlog-log-slower-than 0"),
  step("a", "SLOWLOG RESET"),
  step("a", "CONFIG RESETSTAT"),
  ...counters,
  step("b", "BLPOP l 0"),
  step("a", "INFO commandstats"),
  step("a", "LPUSH l x"),
  ...counters,
  step("b", "BLMOVE l l2 LEFT LEFT 0"),
  step("a", "SET l2 x"),
  step("a", "LPUSH l x"),
  ...counters,
  step("b", "BLPOP l 0"),
  ["a", "CLIENT", "UNBLOCK", "<id:b>", "ERROR"],
  ...counters,
  step("b", "BZPOPMIN z 0"),
  ["a", "CLIENT", "UNBLOCK", "<id:b>"],
  ...counters,
  step("b", "WAIT 1 0"),
  ["a", "CLIENT", "UNBLOCK", "<id:b>", "ERROR"],
  ...counters,
  step("a", "XGROUP CREATE s g $ MKSTREAM"),
  step("b", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"),
  step("a", "DEL s"),
  ...counters,
  step("b", "BLPOP l 0"),
  step("c", "BRPOP l 0"),
  step("a", "REPLICAOF 127.0.0.1 1"),
  step("a", "REPLICAOF NO ONE"),
  ...counters,
  step("a", "CONFIG REWRITE"),
  ...counters,
  step("a", "CONFIG SET slowlog-log-slower-than 10000"),
]

const replyScript: ReadonlyArray<ScriptStep> = [
  ["MULTI", "SET a 1", "CLIENT REPLY SKIP", "SET b 2", "EXEC", "PING x", "PING y"],
  ["MULTI", "SET a 1", "CLIENT REPLY OFF", "SET b 2", "EXEC", "PING x", "CLIENT REPLY ON", "PING y"],
  ["MULTI", "CLIENT REPLY OFF", "SET b 2", "CLIENT REPLY ON", "GET b", "EXEC", "PING x"],
  ["CLIENT REPLY OFF", "MULTI", "SET a 1", "CLIENT REPLY ON", "GET b", "EXEC", "PING x"],
  [
    "CLIENT REPLY SKIP",
    "MULTI",
    "SET a 1",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY ON",
    "GET a",
    "EXEC",
    "PING x",
    "PING y",
  ],
  ["MULTI", "CLIENT REPLY SKIP", "CLIENT REPLY OFF", "GET a", "EXEC", "PING x", "CLIENT REPLY ON", "PING y"],
  [
    "MULTI",
    "SET a 1",
    "CLIENT REPLY SKIP",
    "GET a",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY ON",
    "EXEC",
    "PING x",
    "PING y",
  ],
  [
    "MULTI",
    "CLIENT REPLY OFF",
    "SUBSCRIBE c",
    "GET a",
    "EXEC",
    "PING",
    "CLIENT REPLY ON",
    "UNSUBSCRIBE",
    "PING y",
  ],
  ["CLIENT REPLY OFF", "MULTI", "EXEC", "PING x", "CLIENT REPLY ON", "PING y"],
  ["CLIENT REPLY OFF", "MULTI", "CLIENT REPLY ON", "RESET", "PING y"],
  ["MULTI", "CLIENT REPLY SKIP", "EXEC", "MULTI", "SET a 1", "EXEC", "PING y"],
  ["MULTI", "CLIENT REPLY NO", "CLIENT REPLY OFF", "CLIENT REPLY NO", "EXEC", "CLIENT REPLY ON", "PING"],
  [
    "HELLO 3",
    "SUBSCRIBE c",
    "MULTI",
    "PUBLISH c 1",
    "CLIENT REPLY OFF",
    "PUBLISH c 2",
    "GET a",
    "EXEC",
    "CLIENT REPLY ON",
    "RESET",
  ],
].map((lines, i) => chunk(`r${i}`, ...lines))

/** An argument of more than proto-max-bulk-len, its beginning. */
const LONG = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000000\r\nxxx"
const bulk = (bytes: number): string =>
  encodeCommands([["CONFIG", "SET", "proto-max-bulk-len", bytes]]).toString("latin1")
const ELEVEN = encodeCommands([["MGET", ..."abcdefghij"]]).toString("latin1")

const limitScript: ReadonlyArray<ScriptStep> = [
  raw("a", `${bulk(1048576)}PING\r\n${LONG}`),
  raw("b", `${bulk(536870912)}${LONG}`),
  raw("b", `${"x".repeat(1_999_997)}\r\n`),
  raw(
    "c",
    `PING\r\n${bulk(1048576)}${encodeCommands([["PING"], ["PING"], ["PING"]]).toString("latin1")}${LONG}`,
  ),
  raw("d", `${bulk(536870912)}${LONG}`),
  raw("d", `${"x".repeat(1_999_997)}\r\n`),
  chunk("e", "MULTI", "CONFIG SET proto-max-bulk-len 1048576", "EXEC"),
  raw("f", LONG),
  chunk("e", "CONFIG SET proto-max-bulk-len 536870912"),
  raw(
    "g",
    `${encodeCommands([["CONFIG", "SET", "requirepass", "x"], ["RESET"]]).toString("latin1")}${ELEVEN}`,
  ),
  raw("h", `${encodeCommands([["AUTH", "x"]]).toString("latin1")}${ELEVEN}`),
  chunk("h", "RESET", "AUTH x", "CONFIG SET requirepass ", "MGET a b c d e f g h i j k"),
  chunk(
    "i",
    "CONFIG SET slowlog-log-slower-than 0",
    "SLOWLOG RESET",
    "GET a",
    "GET b",
    "GET c",
    "SLOWLOG LEN",
  ),
  chunk("i", "CONFIG SET slowlog-log-slower-than 10000"),
]

describeOracle("commands that wait, and chunks, as in redis-server", () => {
  const servers = besideOracle({ tcp: true })

  it("how many wait, and how many of them for a time", async () => {
    expect(await compareScript(servers.oracle, servers.redix, waitingScript, waitingMask)).toBe(6)
  })

  it("errors, failures and SLOWLOG of commands that wait", async () => {
    expect(await compareScript(servers.oracle, servers.redix, blockedScript, countersMask)).toBeGreaterThan(
      50,
    )
  })

  it("CLIENT REPLY inside MULTI", async () => {
    expect(await compareScript(servers.oracle, servers.redix, replyScript)).toBe(replyScript.length)
  })

  it("limits that a command of the chunk has changed hold for the next", async () => {
    expect(await compareScript(servers.oracle, servers.redix, limitScript)).toBeGreaterThan(8)
  })
})
