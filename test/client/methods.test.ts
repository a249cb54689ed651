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
import type { Argument } from "../../src/engine/declare/ArgumentSyntax.js"
import type { CommandSpec } from "../../src/engine/declare/CommandSpec.js"
import { methodFiles, parametersOf } from "./MethodTypes.js"
import { typedCommands } from "./ReplyTypes.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { parseReply, type ReplyNode } from "../support/RespFrames.js"

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

const pairsOf = (node: ReplyNode): ReadonlyMap<string, ReplyNode> => {
  const items = node.items ?? []
  const pairs = new Map<string, ReplyNode>()
  for (let i = 0; i + 1 < items.length; i += 2) {
    const value = items[i + 1]
    if (value !== undefined) pairs.set(items[i]?.payload.toString() ?? "", value)
  }
  return pairs
}

const types: ReadonlyArray<Argument["type"]> = [
  "key",
  "string",
  "integer",
  "double",
  "pattern",
  "unix-time",
  "pure-token",
  "oneof",
  "block",
]
const flags: ReadonlyArray<Argument["flags"][number]> = ["optional", "multiple", "multiple_token"]

/** An argument as COMMAND DOCS tells of it. */
const argumentOf = (node: ReplyNode): Argument => {
  const facts = pairsOf(node)
  const text = (name: string): string | undefined => facts.get(name)?.payload.toString()
  const type = types.find((one) => one === text("type"))
  if (type === undefined) throw new Error(`no type of argument: ${text("type")}`)
  return {
    name: text("name") ?? "",
    type,
    token: text("token"),
    keySpecIndex: undefined,
    since: undefined,
    deprecatedSince: undefined,
    flags: flags.filter((flag) =>
      facts.get("flags")?.items?.some(({ payload }) => payload.toString() === flag),
    ),
    arguments: (facts.get("arguments")?.items ?? []).map(argumentOf),
  }
}

describeOracle("redis-server", () => {
  it("tells of the same arguments in COMMAND DOCS", () =>
    withOracle({}, async (server) => {
      const client = await server.connect()
      const parameters = new Map<string, string>()
      const read = (name: string, docs: ReplyNode): void => {
        const facts = pairsOf(docs)
        parameters.set(name, parametersOf((facts.get("arguments")?.items ?? []).map(argumentOf)))
        for (const [sub, its] of pairsOf(facts.get("subcommands") ?? docs))
          if (sub.includes("|")) read(sub, its)
      }
      for (const [name, docs] of pairsOf(parseReply(await client.command("COMMAND", "DOCS"))))
        read(name, docs)
      client.close()
      const specs = (await declared()).filter(({ name }) => parameters.has(name))
      expect(specs.length).toBeGreaterThan(300)
      for (const spec of specs)
        expect(parametersOf(spec.arguments), spec.name).toBe(parameters.get(spec.name))
    }))
})
