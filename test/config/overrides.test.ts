/** Overrides are typed by directive: a value that no directive of its kind could have does not compile. */
import { expect, expectTypeOf, it } from "vitest"
import type { Overrides } from "../../src/config/index.js"

type Of<Name extends keyof Overrides> = Exclude<Overrides[Name], undefined>

it("numbers, sizes, switches, words and lists", () => {
  expectTypeOf<6379>().toExtend<Of<"port">>()
  expectTypeOf<"6379">().toExtend<Of<"port">>()
  expectTypeOf<"abc">().not.toExtend<Of<"port">>()
  expectTypeOf<true>().not.toExtend<Of<"port">>()
  expectTypeOf<"100mb">().toExtend<Of<"maxmemory">>()
  expectTypeOf<"much">().not.toExtend<Of<"maxmemory">>()
  expectTypeOf<boolean>().toExtend<Of<"appendonly">>()
  expectTypeOf<"no">().toExtend<Of<"rdbcompression">>()
  expectTypeOf<"maybe">().not.toExtend<Of<"rdbcompression">>()
  expectTypeOf<"allkeys-lru">().toExtend<Of<"maxmemory-policy">>()
  expectTypeOf<"oldest">().not.toExtend<Of<"maxmemory-policy">>()
  expectTypeOf<"local" | true>().toExtend<Of<"enable-debug-command">>()
  expectTypeOf<string | Uint8Array>().toExtend<Of<"requirepass">>()
  const overrides: Overrides = { port: 0, save: "900 1", "rename-command": ["get", "fetch"] }
  expect(Object.keys(overrides)).toHaveLength(3)
})
