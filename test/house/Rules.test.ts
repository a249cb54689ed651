import { describe, expect, it } from "vitest"
import {
  bannedCalls,
  fileLength,
  layering,
  lockFile,
  type Offence,
  packageManifest,
  testHabits,
  tooWorldly,
  unfinished,
} from "./Rules.js"
import { strip } from "./Strip.js"

const messages = (offences: ReadonlyArray<Offence>): string[] =>
  offences.map((o) => `${o.line}: ${o.message}`)

describe("strip", () => {
  const cases: ReadonlyArray<readonly [source: string, code: string]> = [
    ["a // Date.now\nb", "a            \nb"],
    ["a /* x\ny */ b", "a     \n     b"],
    ['f("Date.now") + 1', 'f("        ") + 1'],
    ["f('it\\'s') + g", "f('     ') + g"],
    ["`a ${b.c(`d`)} e` + f", "`  ${b.c(` `)}  ` + f"],
    ['x = /"/.test(y) && "z"', 'x =    .test(y) && " "'],
    ["x = a / b / c", "x = a / b / c"],
    ["return /[/]x/", "return       "],
    ["{ `${ { a: 1 }.a }` }", "{ `${ { a: 1 }.a }` }"],
  ]
  for (const [source, code] of cases) {
    it(JSON.stringify(source), () => {
      expect(strip(source)).toBe(code)
    })
  }

  it("keeps strings on request, never comments", () => {
    expect(strip('import "a" // "b"', { keepStrings: true })).toBe('import "a"       ')
  })
})

describe("layering", () => {
  const check = (path: string, text: string): string[] => messages(layering({ path, text }))

  it("allows what points down", () => {
    expect(check("src/store/Store.ts", 'import { Arena } from "../memory/Arena.js"')).toEqual([])
    expect(check("src/store/Store.ts", 'import * as Effect from "effect/Effect"')).toEqual([])
    expect(check("src/commands/strings/Set.ts", 'import { x } from "../../resp/Writer.js"')).toEqual([])
    expect(check("src/server/Admin.ts", 'import type { Schema } from "../config/Schema.js"')).toEqual([])
    expect(check("src/main.ts", 'import { Redix } from "./Redix.js"\nimport "./server/x.js"')).toEqual([])
  })

  it("refuses what points up or aside, in every form of import", () => {
    const up = check("src/store/Store.ts", 'import { x } from "../server/Session.js"')
    expect(up).toHaveLength(1)
    expect(up[0]).toContain("store may import memory, bytes; it imports src/server/Session.js")
    expect(check("src/memory/Arena.ts", 'import type { x } from "../store/Store.js"')).toHaveLength(1)
    expect(check("src/rdb/Reader.ts", '\nexport * from "../commands/Table.js"')[0]).toMatch(/^2: /)
    expect(check("src/resp/Parser.ts", 'const x = await import("../index.js")')).toHaveLength(1)
    expect(check("src/rdb/Snapshot.ts", 'new URL("../server/Worker.js", import.meta.url)')).toHaveLength(1)
    expect(check("src/config/Config.ts", 'import "../support/Random.js"')).toHaveLength(1)
  })

  it("keeps the pure folders pure and the rooms known", () => {
    expect(check("src/memory/Arena.ts", 'import * as Effect from "effect/Effect"')).toHaveLength(1)
    expect(check("src/resp/Parser.ts", 'import { Buffer } from "node:buffer"')).toHaveLength(1)
    expect(check("src/resp/RespCodec.ts", 'import * as Layer from "effect/Layer"')).toEqual([])
    expect(check("src/resp/RespCodec.ts", 'import * as Effect from "effect/Effect"')).toHaveLength(1)
    expect(check("src/utils/Misc.ts", "export {}")).toHaveLength(1)
  })

  it("does not read comments", () => {
    expect(check("src/memory/Arena.ts", '// see import "../store/Store.js"')).toEqual([])
  })
})

describe("banned calls", () => {
  const check = (path: string, text: string): string[] => messages(bannedCalls({ path, text }))

  it("names the call and what to use instead", () => {
    expect(check("src/store/Expiry.ts", "\nconst now = Date.now()")).toEqual([
      "2: Date.now: take the time from Effect's Clock, so that a test can set it",
    ])
    for (const call of ["new Date()", "Math.random()", "process.env", "process['pid']", "console.log(1)"]) {
      expect(check("src/store/Expiry.ts", call), call).toHaveLength(1)
    }
    expect(check("src/rdb/Save.ts", 'import * as net from "node:net"')).toHaveLength(1)
    expect(check("src/rdb/Save.ts", 'import process from "node:process"')).toHaveLength(1)
    expect(check("src/server/Save.ts", 'import { randomBytes } from "node:crypto"')).toHaveLength(1)
    expect(check("src/store/Save.ts", 'node.getBuiltinModule("node:v8")')).toHaveLength(1)
    expect(check("src/net/Save.ts", 'import type * as Net from "node:net"')).toEqual([])
    expect(check("src/server/Timer.ts", "setInterval(() => tick(), 100)")).toHaveLength(1)
    expect(check("src/server/Timer.ts", "setImmediate(run); queueMicrotask(run)")).toHaveLength(2)
    for (const fork of [
      "FiberSet.makeRuntime<never>()",
      "Effect.runForkWith(context)",
      "Effect.forkScoped(loop)",
    ])
      expect(check("src/server/Timer.ts", fork), fork).toHaveLength(1)
    for (const layer of [
      "const store = Layer.unwrap(made)",
      "static readonly layer = Layer.effect(Store, make)",
      "export const x: Layer.Layer<A, never, B | C> = Layer.effectDiscard(y)",
    ])
      expect(check("src/store/X.ts", layer), layer).toHaveLength(1)
    for (const slot of [
      "  publish: (channel: string) => void = () => {}",
      "  onTick: Tick = never",
      "  onEnd: ((reply: string) => void) | undefined = undefined",
      '  background: Run = () => {\n    throw new Error("is not set")',
    ])
      expect(check("src/store/X.ts", `class X {\n${slot}\n}`), slot).toHaveLength(1)
    expect(check("src/store/X.ts", "class X {\n  private readonly run = (): void => this.go()\n}")).toEqual(
      [],
    )
  })

  it("knows bags of callbacks, failures without a tag, and waits that a test can fake", () => {
    for (const bag of [
      "interface MasterHost {\n  readonly now: () => number\n}",
      "class X {\n  readonly onEnd: Array<(code: number) => void> = []\n}",
    ])
      expect(check("src/server/X.ts", bag), bag).toHaveLength(1)
    expect(check("src/server/X.ts", "class X {\n  readonly ends: Array<EndListener> = []\n}")).toEqual([])
    for (const failure of [
      'Effect.fail("no room")',
      "Effect.fail({ message })",
      'Exit.fail("no room")',
      'class Full extends Data.TaggedError("Full")<{ readonly reason: string }> {}',
      "let running: Fiber.Fiber<unknown, unknown>",
      "const made: Layer.Layer<Store, string, Files> = all",
      "const save: Effect.Effect<void, string> = all",
      "const end: Deferred.Deferred<void, string> = made",
      "const read = (): Effect.Effect<Map<string, number>, { readonly message: string }> => all",
      "const failed = (cause: Cause.Cause<string>) => told",
    ])
      expect(check("src/server/X.ts", failure), failure).toHaveLength(1)
    expect(check("src/server/X.ts", "const save: Effect.Effect<string, RdbIoError, Store> = all")).toEqual([])
    expect(check("src/server/X.ts", "const f = Effect.fail(new RdbIoError({ path }))")).toEqual([])
    for (const wait of ["yield* Effect.sleep(5)", "Effect.timeoutOrElse(link, options)"]) {
      expect(check("src/replication/X.ts", wait), wait).toHaveLength(1)
      expect(check("src/engine/X.ts", wait), wait).toEqual([])
    }
  })

  it("knows the platform's packages, and lists of the worldly that outlive their reasons", () => {
    expect(
      check("src/net/X.ts", 'import * as Files from "@effect/platform-node/NodeFileSystem"'),
    ).toHaveLength(1)
    expect(check("src/net/X.ts", 'import { dirname } from "node:path"')).toEqual([])
    const turn = { path: "src/engine/world/Turn.ts", text: 'import * as timers from "node:timers"' }
    const paths = tooWorldly([turn]).map(({ path }) => path)
    expect(paths).toContain("src/engine/world/SecureRandom.ts")
    expect(paths).not.toContain(turn.path)
  })

  it("lets main and the server do what is theirs", () => {
    expect(
      check("src/main.ts", 'process.exit(1)\nconsole.log("x")\nimport * as net from "node:net"'),
    ).toEqual([])
    expect(check("src/server/replication/MasterDial.ts", 'import * as net from "node:net"')).toEqual([])
    expect(check("src/server/TcpServer.ts", "process.exit(1)")).toHaveLength(1)
  })

  it("does not see names that only look alike, comments, strings, or tests", () => {
    expect(check("src/store/X.ts", 'self.process.run(); inProcess.x; "Date.now"; // Math.random')).toEqual([])
    expect(check("src/store/X.ts", "new Date(0); subprocess.kill()")).toEqual([])
    expect(check("src/store/X.ts", "const store = () => Layer.unwrap(made)")).toEqual([])
    expect(check("test/X.test.ts", "Date.now()")).toEqual([])
  })
})

describe("unfinished work", () => {
  const check = (text: string): number => unfinished({ path: "src/store/X.ts", text }).length

  it("finds markers, in comments and strings too", () => {
    for (const text of [
      "// TODO later",
      "/* FIXME */",
      '"ERR not implemented"',
      "// HACK",
      "// Not yet implemented",
    ]) {
      expect(check(text), text).toBe(1)
    }
    expect(check("a todo list, a hack saw")).toBe(0)
  })

  it("finds the ways around the type checker", () => {
    for (const text of [
      "x as any",
      "let x: any",
      "(x: any) => 1",
      "f<any>()",
      "x as unknown as Y",
      "// @ts-ignore",
    ]) {
      expect(check(text), text).toBe(1)
    }
    expect(check("const company: anything = many // as any")).toBe(0)
  })
})

describe("test habits", () => {
  const check = (text: string): string[] => messages(testHabits({ path: "test/X.test.ts", text }))

  it("refuses skipped, focused and empty tests, and sleeps", () => {
    expect(check('it.skip("x", () => expect(1).toBe(1))')).toHaveLength(1)
    expect(check('describe.only("x", () => expect(1).toBe(1))')).toHaveLength(1)
    expect(check('it.effect.skip("x", () => expect(1))')).toHaveLength(1)
    expect(check('it("x", () => run())')).toEqual(["1: asserts nothing"])
    expect(check("await new Promise((resolve) => setTimeout(resolve, 5)); expect(1)")).toHaveLength(1)
  })

  it("refuses a test that starts a redis-server where there may be none", () => {
    const test = (kind: string): string =>
      `it("x", async () => {\n  await withNodes((start) => start("${kind}"))\n  expect(1).toBe(1)\n})`
    expect(check(test("redis"))).toEqual([
      "1: starts a redis-server, which may not be there: put it into a describeOracle",
    ])
    expect(check(test("redix"))).toEqual([])
    expect(check(`describeOracle("x", () => {\n  ${test("redis").replaceAll("\n", "\n  ")}\n})`)).toEqual([])
  })

  it("accepts a plain test, and sleeping on the test clock", () => {
    expect(check('it("x", () => expect(1).toBe(1))')).toEqual([])
    expect(check('it.effect("x", () => Effect.sleep("1 hour").pipe(assert.ok))')).toEqual([])
    expect(check("layer.skipped; expect(1)")).toEqual([])
  })
})

describe("file length", () => {
  const file = (lines: number) => ({ path: "src/X.ts", text: "// a comment\n\nx\n".repeat(lines) })

  it("is limited, and allowances only shrink", () => {
    expect(fileLength(file(400), {})).toEqual([])
    expect(fileLength(file(401), {})).toHaveLength(1)
    expect(fileLength({ ...file(900), path: "src/commands/spec/strings.ts" }, {})).toEqual([])
    expect(fileLength({ ...file(901), path: "src/commands/spec/strings.ts" }, {})).toHaveLength(1)
    expect(fileLength(file(500), { "src/X.ts": 500 })).toEqual([])
    expect(fileLength(file(501), { "src/X.ts": 500 })).toHaveLength(1)
    expect(fileLength(file(450), { "src/X.ts": 500 })).toHaveLength(1)
    expect(fileLength(file(300), { "src/X.ts": 500 })).toHaveLength(1)
  })
})

describe("package", () => {
  it("wants exact versions", () => {
    expect(
      packageManifest('{"dependencies":{"effect":"4.1.0"},"devDependencies":{"x":"1.0.0-rc.1"}}'),
    ).toEqual([])
    expect(packageManifest('{"dependencies":{"effect":"^4.1.0"}}')).toHaveLength(1)
    expect(packageManifest('{"devDependencies":{"vitest":"latest"}}')).toHaveLength(1)
    expect(packageManifest('{"peerDependencies":{"effect":"^4.1.0"}}')).toEqual([])
    expect(packageManifest('{"peerDependencies":{"effect":"4.1.0"}}')).toHaveLength(1)
  })

  it("wants a lock file without hosts", () => {
    expect(lockFile('{"packages":{"a":{"version":"1.0.0","integrity":"sha512-x"}}}')).toEqual([])
    expect(lockFile('{"packages":{"a":{\n"resolved":"https://example.org/a.tgz"}}}')).toHaveLength(1)
  })
})
