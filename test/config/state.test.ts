/** CONFIG SET's own rules in Redix: hooks, refusals of what has no effect, all or nothing; words and patterns. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import {
  ConfigState,
  configSet,
  directiveNames,
  rewriteConfig,
  rewriteConfigFile,
} from "../../src/config/index.js"
import type { Settings } from "../../src/engine/Settings.js"
import type { LogSettings } from "../../src/server/RedisLogger.js"
import { isPattern, matchesPattern } from "../../src/config/Pattern.js"
import { quoteWord, splitWords } from "../../src/bytes/Words.js"
import { Random, runSeed } from "../support/Random.js"

const PREFIX = "ERR CONFIG SET failed (possibly related to argument"

describe("CONFIG SET", () => {
  it("changes values in place", () => {
    const state = new ConfigState()
    const { values } = state
    expect(
      state.configSet([
        ["hash-max-ziplist-entries", "7"],
        ["maxclients", "5"],
      ]),
    ).toEqual({ ok: true, changed: ["hash-max-listpack-entries", "maxclients"] })
    expect([values.hashMaxListpackEntries, values.maxclients]).toEqual([7, 5])
    expect(state.configSet([["maxclients", "5"]])).toEqual({ ok: true, changed: [] })
  })

  it("refuses what would have no effect, and takes the value it has", () => {
    const state = new ConfigState()
    expect(state.configSet([["oom-score-adj", "yes"]])).toEqual({
      ok: false,
      error: `${PREFIX} 'oom-score-adj') - Redix does not support this setting`,
    })
    expect(state.configSet([["oom-score-adj", "no"]])).toEqual({ ok: true, changed: [] })
    expect(state.configSet([["port", "7000"]])).toEqual({
      ok: false,
      error: `${PREFIX} 'port') - Redix can't change this setting while it runs`,
    })
    const ports: Array<string> = []
    state.onChange("port", (text) => void ports.push(text))
    expect(state.configSet([["port", "7000"]])).toEqual({ ok: true, changed: ["port"] })
    expect(ports).toEqual(["7000"])
  })

  it("refuses what a load must find as it was, before it looks at values", () => {
    const state = new ConfigState()
    const loading = "LOADING Redis is loading the dataset in memory"
    for (const name of ["appendonly", "repl-diskless-load"])
      expect(state.configSet([[name, "banana"]], { loading })).toEqual({ ok: false, error: loading })
    expect(state.configSet([["dir", "."]], { loading })).toMatchObject({
      error: `${PREFIX} 'dir') - can't set protected config`,
    })
    state.assignText("enable-protected-configs", "yes")
    expect(
      state.configSet(
        [
          ["timeout", "x"],
          ["dir", "."],
        ],
        { loading },
      ),
    ).toMatchObject({ error: loading })
    expect(
      state.configSet(
        [
          ["dir", "."],
          ["nosuch", "1"],
        ],
        { loading },
      ),
    ).toMatchObject({ error: loading })
    expect(
      state.configSet(
        [
          ["nosuch", "1"],
          ["dir", "."],
        ],
        { loading },
      ),
    ).toMatchObject({
      error: "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
    })
    expect(state.configSet([["timeout", "5"]], { loading })).toMatchObject({ ok: true })
  })

  it("takes every value that CONFIG GET shows, and another log-format at once", () => {
    const state = new ConfigState()
    for (const [name, value] of state.configGet(["*"])) {
      const result = state.configSet([[name, value]])
      if (!result.ok) expect(result.error).toMatch(/can't set (immutable|protected) config$/)
    }
    expect(state.configSet([["log-format", "json"]])).toEqual({ ok: true, changed: ["log-format"] })
    expect(state.values.logFormat).toBe("json")
  })

  it("undoes everything when a hook refuses, and tells the hooks", () => {
    const state = new ConfigState()
    const told: Array<string> = []
    state.onChange("timeout", (text) => void told.push(`timeout ${text}`))
    state.onChange("hz", (text) => (text === "20" ? "not 20" : void told.push(`hz ${text}`)))
    expect(
      state.configSet([
        ["timeout", "5"],
        ["hz", "20"],
      ]),
    ).toEqual({ ok: false, error: `${PREFIX} 'hz') - not 20` })
    expect(told).toEqual(["timeout 5", "timeout 0", "hz 10"])
    expect([state.values.timeout, state.text("hz")]).toEqual([0, "10"])
  })

  it("keeps protected settings unless they are enabled", () => {
    const state = new ConfigState()
    const refused = { ok: false, error: `${PREFIX} 'dbfilename') - can't set protected config` }
    expect(state.configSet([["dbfilename", "x"]])).toEqual(refused)
    state.assignText("enable-protected-configs", "local")
    expect(state.configSet([["dbfilename", "x"]])).toEqual(refused)
    expect(state.configSet([["dbfilename", "x"]], { local: true })).toEqual({
      ok: true,
      changed: ["dbfilename"],
    })
  })

  it("takes only a directory for dir, and then the whole call or nothing", async () => {
    const state = new ConfigState()
    state.assignText("enable-protected-configs", "yes")
    const set = (...pairs: ReadonlyArray<readonly [string, string]>) =>
      Effect.runPromise(Effect.provide(configSet(state, pairs), NodeFileSystem.layer))
    expect(await set(["timeout", "5"], ["dir", "/nonexistent"])).toEqual({
      ok: false,
      error: `${PREFIX} 'dir') - No such file or directory`,
    })
    expect(state.values.timeout).toBe(0)
    expect(await set(["dir", "/nonexistent"], ["nosuch", "1"])).toEqual({
      ok: false,
      error: "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
    })
    expect(await set(["timeout", "5"], ["dir", "/./tmp/"])).toEqual({ ok: true, changed: ["timeout", "dir"] })
    expect(state.text("dir")).toBe("/tmp")
  })

  it("serves as the commands' settings and the log's as it is", () => {
    const { values } = new ConfigState()
    const settings: Settings = values
    const log: LogSettings = values
    expect([settings.listMaxListpackSize, log.loglevel, log.logFormat]).toEqual([-2, "notice", "text"])
  })

  it("has a camel-cased field for every directive", () => {
    const state = new ConfigState()
    const names = directiveNames.map((name) =>
      name.replace(/[-_](.)/g, (_all, letter: string) => letter.toUpperCase()),
    )
    expect(Object.keys(state.values).toSorted()).toEqual(names.toSorted())
  })
})

describe("CONFIG REWRITE on disk", () => {
  const rewrite = (state: ConfigState) =>
    Effect.runPromise(Effect.result(Effect.provide(rewriteConfigFile(state), NodeFileSystem.layer)))

  it("answers as Redis without a file, and where it cannot write", async () => {
    const state = new ConfigState()
    expect(await rewrite(state)).toMatchObject({
      failure: { reply: "ERR The server is running without a config file" },
    })
    state.configFile = "/nonexistent/redix.conf"
    expect(await rewrite(state)).toMatchObject({
      failure: { reply: "ERR Rewriting config file: No such file or directory" },
    })
  })

  it("replaces the file a link names, with its mode, and leaves nothing else behind", async () => {
    const dir = mkdtempSync(join(tmpdir(), "redix-rewrite-"))
    const file = join(dir, "redix.conf")
    writeFileSync(file, "# kept\nport 7000\n", { mode: 0o600 })
    symlinkSync(file, join(dir, "link.conf"))
    const state = new ConfigState()
    state.assignText("port", "7000")
    state.configFile = join(dir, "link.conf")
    expect(state.configSet([["timeout", "5"]]).ok).toBe(true)
    const expected = rewriteConfig(readFileSync(file, "utf8"), state)
    expect((await rewrite(state))._tag).toBe("Success")
    expect(readFileSync(file, "utf8")).toBe(expected)
    expect(expected).toContain("# kept\nport 7000\n")
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir).toSorted()).toEqual(["link.conf", "redix.conf"])
    expect((await rewrite(state))._tag).toBe("Success")
    expect(readFileSync(file, "utf8").trimEnd()).toBe(expected.trimEnd())
    rmSync(dir, { recursive: true })
  })
})

describe("words and patterns", () => {
  it("reads back every word it quotes", () => {
    const random = new Random(runSeed())
    for (let i = 0; i < 2000; i++) {
      const length = random.below(12)
      let word = ""
      for (let k = 0; k < length; k++) word += String.fromCharCode(random.below(256))
      expect(splitWords(`x ${quoteWord(word)}`)).toEqual(["x", word])
    }
  })

  it("matches patterns, quickly too", () => {
    expect(isPattern("a-b_c")).toBe(false)
    expect(matchesPattern("s**e", "save", false)).toBe(true)
    expect(matchesPattern("[^s]*", "save", false)).toBe(false)
    expect(matchesPattern("a.b", "axb", false)).toBe(false)
    expect(matchesPattern(`${"*".repeat(10_000)}z`, "a".repeat(60), false)).toBe(false)
  })
})
