/**
 * The order of keys, remembered per sequence of keys (Shapes.ts), against the order that a layout built step by step has:
 * random tables, with keys set again, removed and added after a traversal.
 */
import { describe, expect, it } from "vitest"
import { Layout } from "../../src/lua/run/Layout.js"
import { LuaTable, type TableKey } from "../../src/lua/run/Value.js"
import { Random } from "../support/Random.js"

const keysOf = (table: LuaTable): TableKey[] => {
  const keys: TableKey[] = []
  for (let at = table.advance(-1); at >= 0; at = table.advance(at)) {
    const key = table.keyAt(at)
    if (key !== undefined) keys.push(key)
  }
  return keys
}

/** The order of text keys in a table that grows from nothing, by Lua's own rules. */
const grownOrder = (keys: ReadonlyArray<string>): ReadonlyArray<string> => {
  let layout = new Layout<string>(0)
  for (const key of keys) {
    if (layout.insert(key, () => true)) continue
    const old = layout
    layout = new Layout<string>(old.size === 0 ? 1 : old.size * 2)
    for (let i = old.size - 1; i >= 0; i--) {
      const moved = old.keys[i]
      if (moved !== undefined) layout.insert(moved, () => true)
    }
    layout.insert(key, () => true)
  }
  return layout.keys.filter((key) => key !== undefined)
}

describe("the order of keys", () => {
  const random = Random.forTest("lua table order")
  const distinct = (count: number): string[] => [
    ...new Set(
      random.times(
        count,
        () => random.text(random.between(1, 4), "abc") + (random.chance(0.1) ? "x".repeat(70) : ""),
      ),
    ),
  ]

  it("is that of a table that grew key by key, however the table was made", () => {
    for (let i = 0; i < 2000; i++) {
      const keys = distinct(random.below(30))
      const expected = grownOrder(keys)
      const set = new LuaTable()
      for (const key of keys) set.setText(key, 1)
      expect(keysOf(set)).toEqual(expected)
      expect(keysOf(LuaTable.ofTexts(new Map(keys.map((key) => [key, 1]))))).toEqual(expected)
      expect(set.keysInOrder().filter((key) => key !== undefined)).toEqual(expected)
    }
  })

  it("does not depend on whether and when the table was traversed", () => {
    for (let i = 0; i < 2000; i++) {
      const looked = new LuaTable()
      const unseen = new LuaTable()
      for (let step = random.below(40); step >= 0; step--) {
        const key = random.chance(0.8) ? random.text(random.between(1, 2), "abcd") : random.between(1, 9)
        const value = random.chance(0.3) ? undefined : step
        looked.set(key, value)
        unseen.set(key, value)
        if (random.chance(0.3)) keysOf(looked)
      }
      expect(keysOf(looked)).toEqual(keysOf(unseen))
      expect(looked.length()).toBe(unseen.length())
    }
  })
})
