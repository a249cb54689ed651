/** Gathering the commands that rules can name takes a look at each of them, and happens only where there are rules. */
import { expect, it } from "vitest"
import * as specs from "../../src/commands/spec/index.js"
import { CommandSpec } from "../../src/engine/declare/CommandSpec.js"
import { AclCommands } from "../../src/engine/acl/AclCommands.js"
import { startRedix } from "../support/Redix.js"

const declared = Object.values(specs).filter((one) => one instanceof CommandSpec)

/** The declarations, counting how often somebody asks where they belong. */
const counted = (): { readonly specs: ReadonlyArray<CommandSpec>; asked: number } => {
  const count = { asked: 0, specs: [] as ReadonlyArray<CommandSpec> }
  count.specs = declared.map((spec) => {
    const container = {
      get: () => {
        count.asked++
        return spec.container
      },
    }
    const seen: CommandSpec = Object.create(spec, { container })
    return seen
  })
  return count
}

it("asks each declaration a few times, however many there are", () => {
  const count = counted()
  const commands = new AclCommands({ byId: [] }, count.specs)
  expect(count.asked).toBeLessThanOrEqual(3 * declared.length)
  expect(commands.all.length).toBe(declared.length)
  expect(commands.find("config|get")?.spec.container).toBe("config")
})

it("a start without users gathers nothing", async () => {
  const redix = await startRedix()
  try {
    const { users } = redix.engine
    expect(Reflect.get(users, "madeCommands")).toBeUndefined()
    expect(users.declare([])).toBeUndefined()
    expect(Reflect.get(users, "madeCommands")).toBeUndefined()
    expect(users.commands.find("get")?.name).toBe("get")
  } finally {
    await redix.stop()
  }
})
