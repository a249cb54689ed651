/** Redix's own FileSystem beside NodeFileSystem: the same results, and the same errors for what is wrong. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { filesLayer } from "../../src/server/Files.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"

type Files = FileSystem.FileSystem
type Deed<A> = (files: Files, dir: string) => Effect.Effect<A, PlatformError, Scope.Scope>

/** What came of it, without the names of this run. */
const outcome = async <A>(layer: Layer.Layer<Files>, deed: Deed<A>): Promise<unknown> => {
  let seen: unknown = undefined
  await withTempDir(async (dir) => {
    fs.writeFileSync(path.join(dir, "ten"), "0123456789", { mode: 0o640 })
    fs.mkdirSync(path.join(dir, "folder"))
    fs.symlinkSync("ten", path.join(dir, "link"))
    fs.symlinkSync("loop", path.join(dir, "loop"))
    const run = Effect.scoped(Effect.flatMap(FileSystem.FileSystem, (files) => deed(files, dir)))
    const exit = await Effect.runPromise(Effect.provide(Effect.exit(run), layer))
    const told = Exit.match(exit, {
      onSuccess: (value) => ({ value }),
      onFailure: (cause) => ({ cause: cause.reasons.map(reasonOf) }),
    })
    const left = fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).sort()
    const said = JSON.stringify({ told, left }, plain)
    seen = JSON.parse(said.replaceAll(dir, "DIR").replaceAll(/(mkdtemp 'DIR\/none\/x-)\w{6}/g, "$1?"))
  })
  return seen
}

const reasonOf = (reason: object): unknown => {
  if (!("error" in reason) || !(reason.error instanceof Error)) return String(reason)
  return { message: reason.error.message, cause: String(reason.error.cause) }
}

const VOLATILE = new Set(["atime", "mtime", "birthtime", "ino"])

const plain = (key: string, value: unknown): unknown => {
  if (VOLATILE.has(key)) return typeof value
  return typeof value === "bigint" ? `${value}n` : value
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (words: string): Uint8Array => new TextEncoder().encode(words)

const refusal = (deed: Effect.Effect<unknown, PlatformError>): Effect.Effect<string> =>
  Effect.match(deed, { onFailure: (error) => error.message, onSuccess: () => "none" })

const deeds: Readonly<Record<string, Deed<unknown>>> = {
  "reads a file": (files, dir) => Effect.map(files.readFile(`${dir}/ten`), text),
  "reads none that is absent": (files, dir) => files.readFile(`${dir}/none`),
  "reads no folder": (files, dir) => files.readFile(`${dir}/folder`),
  "takes no name with a zero": (files, dir) => files.readFile(`${dir}/a\0b`),
  "writes a file": (files, dir) =>
    Effect.andThen(
      files.writeFile(`${dir}/new`, bytes("abc"), { mode: 0o600 }),
      Effect.sync(() => fs.statSync(`${dir}/new`).mode.toString(8) + fs.readFileSync(`${dir}/new`, "utf8")),
    ),
  "appends text": (files, dir) =>
    Effect.andThen(
      files.writeFileString(`${dir}/ten`, "é", { flag: "a" }),
      Effect.sync(() => fs.readFileSync(`${dir}/ten`, "utf8")),
    ),
  "writes nothing into what is no folder": (files, dir) => files.writeFileString(`${dir}/ten/x`, "x"),
  "knows what exists": (files, dir) =>
    Effect.all([files.exists(`${dir}/ten`), files.exists(`${dir}/none`), files.exists(`${dir}/link`)]),
  "does not know what is behind a circle of links": (files, dir) => files.exists(`${dir}/loop`),
  "opens for reading, in parts": (files, dir) =>
    Effect.gen(function* () {
      const file = yield* files.open(`${dir}/ten`, { flag: "r" })
      const buffer = new Uint8Array(4)
      const first = yield* file.read(buffer)
      const head = text(buffer)
      const apart = yield* file.read(buffer, { position: 8n })
      const tail = text(buffer)
      const rest = Option.map(yield* file.readAlloc(100), text)
      const end = yield* file.readAlloc(1)
      yield* file.seek(-3n, "current")
      const again = Option.map(yield* file.readAlloc(2), text)
      return { first, head, apart, tail, rest, end, again }
    }),
  "refuses places before the start": (files, dir) =>
    Effect.gen(function* () {
      const file = yield* files.open(`${dir}/ten`)
      return yield* Effect.all([
        refusal(file.seek(-1n, "start")),
        refusal(file.read(new Uint8Array(1), { position: -1n })),
        refusal(file.readAlloc(-1)),
      ])
    }),
  "writes, syncs and cuts": (files, dir) =>
    Effect.gen(function* () {
      const file = yield* files.open(`${dir}/out`, { flag: "w+", mode: 0o644 })
      yield* file.writeAll(bytes("abcdef"))
      const wrote = yield* file.write(bytes("gh"))
      yield* file.sync
      yield* file.truncate(3)
      yield* file.writeAll(bytes("X"))
      yield* file.writeAll(new Uint8Array(0))
      const { size, type, mode } = yield* file.stat
      return { wrote, size, type, mode, text: fs.readFileSync(`${dir}/out`, "utf8") }
    }),
  "appends wherever it stands": (files, dir) =>
    Effect.gen(function* () {
      const file = yield* files.open(`${dir}/ten`, { flag: "a+" })
      yield* file.writeAll(bytes("ab"))
      yield* file.writeAll(bytes("cd"))
      const start = Option.map(yield* file.readAlloc(3), text)
      return [start, fs.readFileSync(`${dir}/ten`, "utf8")]
    }),
  "opens none that is absent": (files, dir) => files.open(`${dir}/none`),
  "does not write where it reads": (files, dir) =>
    Effect.flatMap(files.open(`${dir}/ten`), (file) => file.writeAll(bytes("x"))),
  "syncs a folder": (files, dir) => Effect.flatMap(files.open(dir), (handle) => handle.sync),
  "knows a file": (files, dir) => files.stat(`${dir}/ten`),
  "knows a folder": (files, dir) => Effect.map(files.stat(`${dir}/folder`), ({ type, mode }) => [type, mode]),
  "lists a folder": (files, dir) => Effect.map(files.readDirectory(dir), (names) => names.toSorted()),
  "lists no file": (files, dir) => files.readDirectory(`${dir}/ten`),
  "follows links": (files, dir) => files.realPath(`${dir}/link`),
  "follows no circle": (files, dir) => files.realPath(`${dir}/loop`),
  "changes permissions": (files, dir) =>
    Effect.andThen(
      files.chmod(`${dir}/ten`, 0o600),
      Effect.sync(() => fs.statSync(`${dir}/ten`).mode),
    ),
  "renames over what is there": (files, dir) => files.rename(`${dir}/ten`, `${dir}/link`),
  "renames none that is absent": (files, dir) => files.rename(`${dir}/none`, `${dir}/x`),
  "removes a file": (files, dir) => files.remove(`${dir}/ten`),
  "removes none that is absent, unless forced to": (files, dir) =>
    Effect.andThen(files.remove(`${dir}/none`, { force: true }), files.remove(`${dir}/none`)),
  "removes no folder, unless with what is in it": (files, dir) =>
    Effect.andThen(files.remove(`${dir}/folder`, { recursive: true }), files.remove(dir)),
  "makes a file for the time being": (files, dir) =>
    Effect.map(
      files.makeTempFileScoped({ directory: dir, prefix: "temp-", suffix: ".rdb" }),
      (file) => file.replace(/temp-\w{6}\/\w+\./, "temp-?/?.") + fs.readFileSync(file, "utf8"),
    ),
  "makes a folder for the time being": (files, dir) =>
    Effect.map(files.makeTempDirectoryScoped({ directory: dir, prefix: ".x-" }), (made) => {
      fs.writeFileSync(path.join(made, "inside"), "")
      return made.replace(/\.x-\w{6}$/, ".x-?")
    }),
  "makes none where there is no folder": (files, dir) =>
    files.makeTempDirectoryScoped({ directory: `${dir}/none`, prefix: "x-" }),
}

describe("files", () => {
  for (const [name, deed] of Object.entries(deeds)) {
    it(name, async () => {
      expect(await outcome(filesLayer(), deed)).toEqual(await outcome(NodeFileSystem.layer, deed))
    })
  }
})
