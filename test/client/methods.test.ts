/** The types of the client's methods are those that follow from the declarations. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { theEngine } from "../../src/engine/EngineService.js"
import { Redix } from "../../src/index.js"
import { isMethod } from "../../src/client/Methods.js"
import type { CommandSpec } from "../../src/engine/declare/CommandSpec.js"
import { methodFiles } from "./MethodTypes.js"
import { typedCommands } from "./ReplyTypes.js"

const root = fileURLToPath(new URL("../../", import.meta.url))
const target = path.join(root, "src/client/methods")

const declared = (): Promise<ReadonlyArray<CommandSpec>> =>
  Effect.runPromise(
    Effect.map(theEngine, ({ dispatcher }) =>
      dispatcher.table.byId
        .filter(({ spec, subcommands }) => isMethod(spec, subcommands !== undefined))
        .map(({ spec }) => spec),
    ).pipe(Effect.provide(Redix.layerWith())),
  )

const formatted = (files: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "redix-methods-"))
  try {
    for (const [name, text] of files) fs.writeFileSync(path.join(folder, name), text)
    fs.copyFileSync(path.join(root, ".oxfmtrc.json"), path.join(folder, ".oxfmtrc.json"))
    execFileSync(path.join(root, "node_modules/.bin/oxfmt"), [folder], { cwd: folder })
    return new Map([...files.keys()].map((name) => [name, fs.readFileSync(path.join(folder, name), "utf8")]))
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

it("follow from the declarations", async () => {
  const files = formatted(methodFiles(await declared()))
  if (process.env["REDIX_UPDATE_CLIENT"] === "1")
    for (const [name, text] of files) fs.writeFileSync(path.join(target, name), text)
  expect(fs.readdirSync(target).sort()).toEqual([...files.keys()].sort())
  for (const [name, text] of files) expect(fs.readFileSync(path.join(target, name), "utf8"), name).toBe(text)
})

it("replies are told of commands that are there", async () => {
  const names = new Set((await declared()).map(({ name }) => name))
  expect(typedCommands.filter((name) => !names.has(name))).toEqual([])
})
