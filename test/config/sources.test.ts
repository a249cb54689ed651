/** Where a program's settings come from: command line, environment, files, standard input; and what is said of bad ones. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Layer from "effect/Layer"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type ConfigState,
  helpText,
  parseArgv,
  RedixConfig,
  theConfig,
  rewriteConfig,
  rewriteConfigFile,
  type StartOptions,
  versionText,
  warningText,
} from "../../src/config/index.js"

let dir = ""
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "redix-sources-"))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const write = (name: string, text: string): string => {
  const file = join(dir, name)
  writeFileSync(file, text)
  return file
}

const start = (
  args: ReadonlyArray<string>,
  environment: StartOptions["environment"] = {},
  stdin = "",
): Promise<ConfigState> => {
  const stdio = Stdio.layerTest({
    args: Effect.succeed(args),
    stdin: Stream.fromIterable([new TextEncoder().encode(stdin)]),
  })
  const world = Layer.merge(NodeFileSystem.layer, stdio)
  const config = RedixConfig.layerStart({ environment }).pipe(Layer.provide(world))
  return Effect.runPromise(Effect.scoped(Effect.provide(theConfig, config)))
}

const refusal = (
  args: ReadonlyArray<string>,
  environment: StartOptions["environment"] = {},
  stdin = "",
): Promise<string> =>
  start(args, environment, stdin).then(
    () => "started",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )

describe("the start", () => {
  it("has Redis's defaults, bound to the loopback, with the working directory resolved", async () => {
    const { values, warnings, configFile } = await start([])
    expect([values.port, values.bind, values.dbfilename, values.databases]).toEqual([
      6379,
      ["127.0.0.1", "-::1"],
      "dump.rdb",
      16,
    ])
    expect(values.save).toEqual([
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10000 },
    ])
    expect(values.dir).toBe(process.cwd())
    expect([warnings, configFile]).toEqual([[], ""])
  })

  it("takes the mission's own line", async () => {
    const { values } = await start([`--dir=${dir}`, "--filename=a.rdb", "--port=8000"])
    expect([values.dir, values.dbfilename, values.port]).toEqual([dir, "a.rdb", 8000])
  })

  it("puts the command line before the environment, that before the file, that before the defaults", async () => {
    const file = write("order.conf", "port 1\ntimeout 1\nhz 20\ntcp-keepalive 1\n")
    const environment = { REDIX_PORT: "2", REDIX_TIMEOUT: "2", REDIX_TCP_KEEPALIVE: "2", OTHER: "x" }
    const state = await start(
      [file, "--port", "3", "--tcp-keepalive=3", "-"],
      environment,
      "timeout 9\ntcp-backlog 9\n",
    )
    const { values } = state
    expect([values.port, values.timeout, values.hz, values.tcpBacklog, values.tcpKeepalive]).toEqual([
      3, 2, 20, 9, 3,
    ])
    expect(state.configFile).toBe(file)
  })

  it("adds save points up over the sources, and an empty save clears", async () => {
    const file = write("save.conf", "save 900 1\nsave 60 5\n")
    expect((await start([file])).text("save")).toBe("900 1 60 5")
    expect((await start([file, "--save", "1", "2"])).text("save")).toBe("900 1 60 5 1 2")
    expect((await start([file], { REDIX_SAVE: "" })).text("save")).toBe("")
    expect((await start([file, "--save", "", "--save", "7", "8"])).text("save")).toBe("7 8")
    expect((await start([], { REDIX_SAVE: "" })).values.save).toEqual([])
  })

  it("reads structured values", async () => {
    const { values } = await start([
      "--client-output-buffer-limit",
      "pubsub",
      "1mb",
      "2kb",
      "3",
      "--rename-command",
      "FLUSHALL",
      "",
      "--rename-command",
      "GET",
      "READ",
      "--replicaof",
      "10.0.0.1",
      "6380",
      "--notify-keyspace-events",
      "KEA",
      "--shutdown-on-sigterm",
      "nosave",
      "now",
      "--requirepass",
      "a b",
    ])
    expect(values.clientOutputBufferLimit.pubsub).toEqual({
      hardBytes: 1048576,
      softBytes: 2048,
      softSeconds: 3,
    })
    expect(values.renameCommand).toEqual([
      { from: "FLUSHALL", to: "" },
      { from: "GET", to: "READ" },
    ])
    expect(values.replicaof).toEqual({ host: "10.0.0.1", port: 6380 })
    expect([...values.notifyKeyspaceEvents].sort().join("")).toBe("$EKdeghlstxz")
    expect([...values.shutdownOnSigterm]).toEqual(["nosave", "now"])
    expect(Redacted.value(values.requirepass)).toBe("a b")
  })

  it("takes aliases from the environment", async () => {
    const { values } = await start([], {
      REDIX_SLAVE_PRIORITY: "7",
      REDIX_FILENAME: "x.rdb",
      REDIX_BIND: "::1 127.0.0.1",
    })
    expect([values.replicaPriority, values.dbfilename, values.bind]).toEqual([
      7,
      "x.rdb",
      ["::1", "127.0.0.1"],
    ])
  })

  it("warns of what has no effect, and of nothing at its default", async () => {
    const file = write(
      "warn.conf",
      "oom-score-adj yes\nhz 20\ndaemonize no\nactivedefrag no\nlazyfree-lazy-user-del yes\n",
    )
    const state = await start([file, "--cluster-enabled", "no"], { REDIX_PROT: "1" })
    expect(state.warnings.map(warningText)).toEqual([
      "Configuration, environment variable REDIX_PROT: 'REDIX_PROT' names no directive and is ignored",
      `Configuration, ${file} line 2: 'hz' tunes a mechanism Redix does not have; it has no effect`,
      `Configuration, ${file} line 1: 'oom-score-adj' is not supported by Redix and has no effect`,
    ])
    // What has no effect is not shown as if it had, and the file keeps its line.
    expect([state.text("oom-score-adj"), state.values.oomScoreAdj]).toEqual(["no", "no"])
    expect(rewriteConfig("oom-score-adj yes\n", state)).toContain("oom-score-adj yes\n")
  })

  it("ignores a bad variable where the command line decides, with a warning", async () => {
    const environment = {
      REDIX_PORT: "tcp://10.96.0.7:6379",
      REDIX_TIMEOUT: "",
      REDIX_DIR: "/nonexistent",
      REDIX_SAVE: '"1',
    }
    const line = ["--port", "3", "--timeout", "4", "--dir", dir, "--save", "5", "5"]
    const state = await start(line, environment)
    const { port, timeout, dir: directory } = state.values
    expect([port, timeout, directory, state.text("save")]).toEqual([3, 4, dir, "5 5"])
    const ignored = (variable: string, name: string, reason: string): string =>
      `Configuration, environment variable ${variable}: '${name}' is ignored, the command line decides: ${reason}`
    const integer = "argument couldn't be parsed into an integer"
    expect(state.warnings.map(warningText).toSorted()).toEqual([
      ignored("REDIX_DIR", "dir", "No such file or directory"),
      ignored("REDIX_PORT", "port", integer),
      ignored("REDIX_SAVE", "save", "Unbalanced quotes in configuration line"),
      ignored("REDIX_TIMEOUT", "timeout", integer),
    ])
    expect(await refusal([], { REDIX_TIMEOUT: "" })).toContain("environment variable REDIX_TIMEOUT")
  })

  it("adds no save point twice that a rewritten file has as well", async () => {
    const file = write("twice.conf", "save 900 1\nsave 60 5\n")
    expect((await start([file, "--save", "60", "5", "7", "8"])).text("save")).toBe("900 1 60 5 7 8")
    expect((await start([file], { REDIX_SAVE: "900 1" })).text("save")).toBe("900 1 60 5")
    expect((await start([write("same.conf", "save 1 1\nsave 1 1\n")])).text("save")).toBe("1 1 1 1")
  })

  it.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<readonly [string, string]>]>([
    ["include ALL\nsave 60 5\n", [], []],
    ["save 60 5\ninclude ALL\n", [], []],
    ["save 60 5\ninclude ALL\n", [], [["save", "1 2 3 4"]]],
    ["save 60 5\ninclude ALL\nsave 7 7\n", [], [["save", "1 2 3 4"]]],
    ["include ALL\n", [], [["save", ""]]],
    ["save 60 5\n", ["--save", "900", "1"], []],
    ["include ALL\nsave 60 5\n", ["--save", "3", "3"], []],
    ["timeout 5\ninclude ALL\n", [], [["timeout", "8"]]],
    ["timeout 5\ninclude ALL\nhz 20\n", [], [["timeout", "0"]]],
    ["include ALL\n", [], [["masterauth", ""]]],
    ["include ALL\n", [], [["client-output-buffer-limit", "normal 0 0 0 pubsub 7 8 9"]]],
    [
      "client-output-buffer-limit normal 4 5 6\ninclude ALL\nclient-output-buffer-limit pubsub 1 2 3\n",
      [],
      [["client-output-buffer-limit", "normal 9 9 9"]],
    ],
  ])("CONFIG REWRITE of %j with %j after %j reads back as the same", async (text, args, sets) => {
    const all = write(
      "all.conf",
      "save 900 1\ntimeout 7\nmasterauth x\nclient-output-buffer-limit normal 1 2 3\n",
    )
    const file = write("rewritten.conf", text.replace("ALL", all))
    let state = await start([file, ...args])
    for (const pair of sets) expect(state.configSet([pair]).ok).toBe(true)
    const shown = () =>
      new Map(state.configGet(["save", "timeout", "hz", "masterauth", "client-output-buffer-limit", "dir"]))
    const expected = shown()
    let written = ""
    for (let restart = 0; restart < 3; restart++) {
      await Effect.runPromise(Effect.provide(rewriteConfigFile(state), NodeFileSystem.layer))
      state = await start([file, ...args])
      expect(shown()).toEqual(expected)
      if (restart > 0) expect(readFileSync(file, "utf8").trimEnd()).toBe(written)
      written = readFileSync(file, "utf8").trimEnd()
    }
  })

  it("stops an include that includes itself", async () => {
    const file = write("loop.conf", `include ${join(dir, "loop.conf")}\n`)
    expect(await refusal([file])).toContain("is nested too deeply")
  })
})

describe("bad settings are refused in one line that names source, key and reason", () => {
  it.each([
    [
      ["--port", "abc"],
      {},
      "Bad configuration in command line: 'port abc': argument couldn't be parsed into an integer",
    ],
    [
      ["--prot", "1"],
      {},
      "Bad configuration in command line: 'prot 1': Bad directive or wrong number of arguments (is 'port' meant?)",
    ],
    [
      ["--port=70000"],
      {},
      "Bad configuration in command line: 'port 70000': argument must be between 0 and 65535 inclusive",
    ],
    [["--timeout"], {}, "Bad configuration in command line: 'timeout': wrong number of arguments"],
    [
      ["-p", "1"],
      {},
      "Bad configuration in command line: '-p': not an option; options are '--directive value', see --help",
    ],
    [
      ["--requirepass", "secret", "two"],
      {},
      "Bad configuration in command line: 'requirepass': wrong number of arguments",
    ],
    [
      [],
      { REDIX_PORT: "tcp://10.0.0.1:6379" },
      "Bad configuration in environment variable REDIX_PORT: 'port tcp://10.0.0.1:6379': argument couldn't be parsed into an integer",
    ],
    [
      [],
      { REDIX_SAVE: '"1' },
      "Bad configuration in environment variable REDIX_SAVE: 'save \"1': Unbalanced quotes in configuration line",
    ],
    [["/nonexistent/x.conf"], {}, "Can't open config file '/nonexistent/x.conf': No such file or directory"],
    [
      [`/ECHO-${"a".repeat(300)}`],
      {},
      `Can't open config file '/ECHO-${"a".repeat(300)}': File name too long`,
    ],
    [
      ["--dir", "/nonexistent"],
      {},
      "Bad configuration in command line: 'dir /nonexistent': No such file or directory",
    ],
    [
      [],
      { REDIX_DIR: "/dev/null" },
      "Bad configuration in environment variable REDIX_DIR: 'dir /dev/null': Not a directory",
    ],
    [["--user"], {}, "Bad configuration in command line: 'user': Bad directive or wrong number of arguments"],
    [
      ["--loadmodule", "x.so"],
      {},
      "Bad configuration in command line: 'loadmodule x.so': Redix has no modules",
    ],
    [["--sentinel"], {}, "Bad configuration in command line: '--sentinel': Redix does not run as a Sentinel"],
    [
      ["--test-memory", "5"],
      {},
      "Bad configuration in command line: '--test-memory': Redix has no memory test",
    ],
    [
      ["--check-system"],
      {},
      "Bad configuration in command line: '--check-system': Redix has no system check",
    ],
  ] as const)("%j %j", async (args, environment, message) => {
    expect(await refusal(args, environment)).toBe(message)
  })

  it("names file and line, and standard input", async () => {
    const file = write("bad.conf", "# one\nport 7000\nmaxmemory lots\n")
    expect(await refusal([file])).toBe(
      `Bad configuration in ${file} line 3: 'maxmemory lots': argument must be a memory value`,
    )
    expect(await refusal(["-"], {}, "port 1\nsave 1")).toBe(
      "Bad configuration in standard input line 2: 'save 1': Invalid save parameters",
    )
    const quotes = write("quotes.conf", 'requirepass "x\n')
    expect(await refusal([quotes])).toBe(
      `Bad configuration in ${quotes} line 1: Unbalanced quotes in configuration line`,
    )
    expect(await refusal([dir])).toBe(`Can't open config file '${dir}': Is a directory`)
  })
})

describe("the command line's front", () => {
  it("answers help and version", () => {
    for (const args of [["--help"], ["-h"], ["--port", "1", "--help"]])
      expect(parseArgv(args)).toEqual({ kind: "help" })
    for (const args of [["--version"], ["-v"]]) expect(parseArgv(args)).toEqual({ kind: "version" })
    expect(helpText).toContain("Usage: redix-server")
    expect(helpText.split("\n").every((line) => line.length <= 110)).toBe(true)
    expect(versionText({ redix: "0.1.0", redis: "7.0.15" })).toBe(
      "Redix server v=0.1.0 compatible with Redis v=7.0.15",
    )
  })

  it("every directive help names exists", () => {
    const named = [...helpText.matchAll(/--([a-z][a-z-]*)/g)].map((match) => match[1] ?? "")
    const fronts = new Set(["help", "version", "directive"])
    for (const name of named.filter((word) => !fronts.has(word))) {
      const line = parseArgv([`--${name}`, "x", "y", "z", "w"])
      const message = line.kind === "refused" ? line.error.message : ""
      expect(message, name).not.toContain("Bad directive")
    }
    expect(named.length).toBeGreaterThan(10)
  })
})
