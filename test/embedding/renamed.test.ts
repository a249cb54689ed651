/** A command that an app adds beside its handler can be renamed and taken away, as Redis's own. */
import * as Effect from "effect/Effect"
import { expect, it, vi } from "vitest"
import type * as commands from "../../src/commands/index.js"

vi.mock("../../src/commands/index.js", async (original) => {
  const { command } = await import("../../src/engine/Command.js")
  const { spec } = await import("../../src/engine/declare/CommandSpec.js")
  const own = spec({
    name: "hsum",
    arity: 1,
    group: "hash",
    since: "7.0.0",
    summary: "Answers a sum.",
    complexity: "O(1)",
    flags: ["readonly", "fast"],
    acl: ["hash"],
    keys: "",
    args: "",
  })
  const families = await original<typeof commands>()
  return { dataCommands: [...families.dataCommands, command(own, (c) => c.out.int(1))] }
})

const { EngineService, Redix } = await import("../../src/index.js")

const found = (to: string, name: string): Promise<boolean> =>
  Effect.runPromise(
    Effect.provide(
      Effect.map(EngineService, (engine) => engine.dispatcher.table.byName(name) !== undefined),
      Redix.layerWith({ "rename-command": ["hsum", to] }),
    ),
  )

it("by its name", async () => {
  expect(await found("total", "total")).toBe(true)
  expect(await found("total", "hsum")).toBe(false)
  expect(await found("", "hsum")).toBe(false)
})
