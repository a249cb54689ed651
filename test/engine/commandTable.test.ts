/** A table's commands as dispatch meets them. */
import { setFlagsFromString } from "node:v8"
import { expect, it } from "vitest"
import { dataCommands } from "../../src/commands/index.js"
import { CommandTable } from "../../src/engine/CommandTable.js"

/** Whether the runtime keeps two objects in the same layout; asked by a word that only this flag allows. */
const alike = (): ((a: object, b: object) => boolean) => {
  setFlagsFromString("--allow-natives-syntax")
  const asked: unknown = new Function("a", "b", "return %HaveSameMap(a, b)")
  if (typeof asked !== "function") throw new Error("no function")
  const same = (a: object, b: object): boolean => Reflect.apply(asked, undefined, [a, b]) === true
  // Compiled while the flag is there.
  same({}, {})
  setFlagsFromString("--no-allow-natives-syntax")
  return same
}

it("all have one layout, so that reading a command's bits costs the same whichever commands run", () => {
  const same = alike()
  const [first, ...others] = new CommandTable(dataCommands).byId
  expect(same(first, { ...first })).toBe(false)
  expect(others.filter((one) => !same(first, one)).map(({ name }) => name)).toEqual([])
  expect(others.length).toBeGreaterThan(150)
})
