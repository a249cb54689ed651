/** The directive table, CONFIG GET and CONFIG SET against redis-server: names, defaults, texts, errors. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { ConfigState } from "../../src/config/ConfigState.js"
import { directiveNames, entries, type Entry, findDirective } from "../../src/config/Directives.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { bulkStrings } from "./support.js"

/** Given by the oracle's helper, or by the machine. */
const setByHelper = new Set(["dir", "port", "bind", "unixsocket", "enable-protected-configs"])
setByHelper.add("enable-debug-command").add("repl-diskless-sync-delay").add("save")

/** Values whose acceptance hangs on the oracle's own build or machine: TLS files, its allocator, its sockets. */
const dependsOnMachine = (name: string, value: string): boolean =>
  (name.startsWith("tls-") && value !== "banana") ||
  (name === "activedefrag" && value === "yes") ||
  (name === "maxclients" && value.length > 4) ||
  ((name === "port" || name === "bind") && value !== "banana")

const values = [
  "banana",
  "",
  "0",
  "1",
  "-1",
  "7",
  "07",
  "+7",
  " 7",
  "7 ",
  "1.5",
  "yes",
  "No",
  "5kb",
  "3MB",
  "2g",
  "1 mb",
  "kb",
  "50%",
  "101%",
  "05%",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "-2147483648",
  "-2147483649",
  "4294967296",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
]

const particular: Readonly<Record<string, ReadonlyArray<string>>> = {
  save: [
    "900 1",
    "900 1 300 10",
    "900",
    "0 1",
    "1 0",
    "1 -1",
    "900  1",
    " 900 1",
    "900 1 900 1",
    "+5 1",
    '""',
  ],
  "notify-keyspace-events": [
    "KEA",
    "Ex",
    "g$lshzxetmdnKE",
    "nm",
    "A",
    "g$lshzxet",
    "g$lshzxetd",
    "dn",
    "AKEn",
    "mnEK",
    "Kq",
    "EEE",
    "$dz",
  ],
  "client-output-buffer-limit": [
    "normal 1 2 3",
    "replica 1mb 2kb 3",
    "slave 1 2 3 normal 4 5 6",
    "master 1 2 3",
    "normal 1 2",
    "normal x 2 3",
    "normal 1 2 x",
    "normal 1 2 -3",
    "NORMAL 1 2 3",
    "normal 1 2 3 normal 4 5 6",
    " normal 1 2 3",
    "normal -1 2 3",
  ],
  "oom-score-adj-values": ["0 1 2", "0 1", "-2001 0 0", "0 0 2001", "5 4 3", "a b c", "-1000 0 1000"],
  "oom-score-adj": ["relative", "absolute", "Yes"],
  "latency-tracking-info-percentiles": [
    "50",
    "50 99 99.9",
    "99.999999",
    "100 0",
    "50  60",
    "12.3456789",
    "1e1",
    "50.0",
    "-1",
    "101",
  ],
  "shutdown-on-sigint": [
    "save",
    "SAVE",
    "save now",
    "now save",
    "default",
    "default save",
    "save nosave",
    "nosave force now",
    "save save",
    "save,now",
  ],
  loglevel: ["Verbose", "debug", "debug notice", "nothing"],
  "maxmemory-policy": ["allkeys-LRU", "volatile-ttl", "noeviction"],
  "maxmemory-clients": ["0%", "100%", "1%%", "%", "-5%"],
  "proc-title-template": [
    "{x}",
    "{",
    "{title",
    "a {title} {config-file} {port} {tls-port} {unixsocket} {server-mode} {listen-addr}",
  ],
  "cluster-announce-hostname": ["a_b", "a.b-c1", "a".repeat(255), "a".repeat(256)],
  dbfilename: ["a/b", "a b"],
  hz: ["501", "500"],
  "repl-backlog-size": ["16383", "16385"],
  requirepass: ["a b", 'x"y'],
  "repl-diskless-load": ["swapdb", "on-empty-db"],
  "sanitize-dump-payload": ["clients"],
}

/** CONFIG SET of one value by the table's rules, also where Redix itself would refuse for want of an effect. */
const ourSet = (state: ConfigState, entry: Entry, name: string, value: string): string => {
  if (
    entry.mutability === "immutable" ||
    (entry.support !== "none" && entry.support !== "refused" && !entry.needsHook)
  ) {
    const result = state.configSet([[name, value]])
    return result.ok ? "+OK" : `-${result.error}`
  }
  const reason = state.assignEntry(entry, value, false)
  return reason === undefined
    ? "+OK"
    : `-ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`
}

describeOracle("configuration against redis-server", () => {
  let oracle: OracleServer
  let client: RawClient
  beforeAll(async () => {
    oracle = await OracleServer.start({ config: { "enable-protected-configs": "yes" } })
    client = await oracle.connect()
  })
  afterAll(async () => {
    client.close()
    await oracle.stop()
  })

  const get = async (name: string): Promise<ReadonlyArray<string>> =>
    bulkStrings(await client.command("CONFIG", "GET", name))
  const reply = async (...args: ReadonlyArray<string>): Promise<string> =>
    (await client.command(...args)).toString("utf8").trimEnd()

  it("knows the same names with the same defaults, and three of its own", async () => {
    const listed = await get("*")
    const theirs = new Map<string, string>()
    for (let i = 0; i < listed.length; i += 2) theirs.set(listed[i] ?? "", listed[i + 1] ?? "")
    const ours = new Map(new ConfigState().configGet(["*"]))
    expect([...ours.keys()].filter((name) => !theirs.has(name))).toEqual([
      "aof-checksum",
      "log-format",
      "metrics-port",
    ])
    expect([...theirs.keys()].filter((name) => !ours.has(name))).toEqual([])
    for (const [name, value] of theirs) {
      if (!setByHelper.has(name)) expect([name, ours.get(name)]).toEqual([name, value])
    }
  })

  it("knows the hidden names", async () => {
    for (const entry of entries.filter(({ hidden }) => hidden)) {
      expect(await get(entry.name), entry.name).toEqual([entry.name, entry.defaultText])
    }
  })

  it.each(
    directiveNames.filter(
      (name) =>
        findDirective(name) !== undefined &&
        !["aof-checksum", "dir", "log-format", "metrics-port"].includes(name),
    ),
  )("sets %s as Redis does", async (canonical) => {
    const entry = findDirective(canonical)
    if (entry === undefined) throw new Error(`no directive ${canonical}`)
    const tried = [...values, ...(particular[canonical] ?? [])].filter(
      (value) => !dependsOnMachine(canonical, value),
    )
    let compared = 0
    for (const name of [canonical, ...entry.aliases]) {
      const state = new ConfigState()
      state.assignText("enable-protected-configs", "yes")
      const [, original = ""] = await get(name)
      state.assignEntry(entry, original, true)
      for (const value of tried) {
        const theirs = await reply("CONFIG", "SET", name, value)
        expect([name, value, ourSet(state, entry, name, value)]).toEqual([name, value, theirs])
        // A password set here locks this connection out of nothing: it stays authenticated.
        expect([name, value, ...state.configGet([name]).flat()]).toEqual([name, value, ...(await get(name))])
        compared++
      }
      await reply("CONFIG", "SET", name, original)
    }
    expect(compared).toBe(tried.length * (1 + entry.aliases.length))
  })

  const calls: ReadonlyArray<ReadonlyArray<string>> = [
    ["nosuch", "1"],
    ["NoSuch", "1"],
    ["timeout", "1", "nosuch", "1"],
    ["nosuch", "1", "timeout", "1"],
    ["timeout", "1", "timeout", "2"],
    ["timeout", "1", "TimeOut", "2"],
    ["TIMEOUT", "x"],
    ["SLAVE-PRIORITY", "x"],
    ["databases", "5", "timeout", "x"],
    ["timeout", "x", "databases", "5"],
    ["databases", "5", "nosuch", "1"],
    ["databases", "5", "databases", "6"],
    ["DataBases", "5"],
    ["timeout", "1", "timeout", "2", "databases", "6"],
    ["timeout", "5", "repl-timeout", "x"],
    ["repl-timeout", "x", "timeout", "y", "save", "q"],
    ["slave-priority", "5", "replica-priority", "6"],
    ["replica-priority", "5", "slave-priority", "x"],
    ["timeout", "5", "hz", "20", "loglevel", "debug"],
    ["filename", "x"],
    ["include", "x"],
    ["rename-command", "x"],
    ["lua-replicate-commands", "x"],
    ["replicaof", "x"],
    ["slaveof", "x"],
  ]

  it.each(calls)("CONFIG SET %s %s %s %s answers and leaves what Redis does", async (...words) => {
    const state = new ConfigState()
    const shown = ["timeout", "repl-timeout", "*-priority", "hz", "loglevel", "databases"]
    const pairs: Array<readonly [string, string]> = []
    for (let i = 0; i < words.length; i += 2) pairs.push([words[i] ?? "", words[i + 1] ?? ""])
    const result = state.configSet(pairs)
    expect(result.ok ? "+OK" : `-${result.error}`).toBe(await reply("CONFIG", "SET", ...words))
    const theirs = (await Promise.all(shown.map(get))).map((list) => list.toSorted())
    expect(shown.map((name) => state.configGet([name]).flat().toSorted())).toEqual(theirs)
    await reply(
      "CONFIG",
      "SET",
      "timeout",
      "0",
      "repl-timeout",
      "60",
      "replica-priority",
      "100",
      "hz",
      "10",
      "loglevel",
      "notice",
    )
  })

  it.each([
    [["maxmemory", "MAXMEM*", "maxmemory-policy"]],
    [["MaxMemory"]],
    [["MaxMemory", "maxmemory", "maxmemory*"]],
    [["maxmemory*", "MAXMEMORY"]],
    [["*ZIPLIST*"]],
    [["hash-max-[lz]*", "slave-*"]],
    [["hash-max-[^l]*", "h?"]],
    [["\\hz", "h[y-z]", "h[z-y]"]],
    [["nosuch", "watchdog-period", "watchdog-*", "include", "user"]],
    [["[", "*[", "h[z"]],
    [["s***e", "timeout*"]],
  ])("CONFIG GET %s finds what Redis finds", async (patterns) => {
    const pairs = (flat: ReadonlyArray<string>) =>
      flat.flatMap((_, i) => (i % 2 === 0 ? [`${flat[i]}=${flat[i + 1]}`] : []))
    const theirs = pairs(bulkStrings(await client.command("CONFIG", "GET", ...patterns))).filter(
      (pair) => !pair.startsWith("save="),
    )
    const ours = new ConfigState().configGet(patterns).map(([name, value]) => `${name}=${value}`)
    expect(ours.filter((pair) => !pair.startsWith("save=")).toSorted()).toEqual(theirs.toSorted())
  })
})
