import { expect, it } from "vitest"
import { ScriptArguments } from "../../src/engine/scripts/ScriptArguments.js"

it("holds each word's bytes, whatever its length and however many there are", () => {
  const args = new ScriptArguments()
  const words = Array.from({ length: 70 }, (_, length) =>
    Array.from({ length }, (_, i) => String.fromCharCode((length * 7 + i * 11) & 255)).join(""),
  )
  for (const longest of ["", "y".repeat(5000)]) {
    const all = [...words, longest]
    args.reset(all.length)
    for (const word of all) args.add(word)
    const held = all.map((_, i) =>
      args.buf.toString("latin1", args.argOff[i], args.argOff[i] + args.argLen[i]),
    )
    expect(args.argc).toBe(all.length)
    expect(held).toEqual(all)
  }
})
