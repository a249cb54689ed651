import { expect, it } from "vitest"
import { latin1Text } from "../../src/bytes/Latin1.js"

it("makes a character of each byte, whatever the length and wherever the bytes lie", () => {
  const whole = Uint8Array.from({ length: 600 }, (_, i) => i & 255)
  const view = whole.subarray(100)
  for (const length of [...Array(40).keys(), 300])
    for (const from of [0, 1, 150]) {
      const text = latin1Text(view, from, from + length)
      expect(text.length).toBe(length)
      for (let i = 0; i < length; i++) expect(text.charCodeAt(i)).toBe(view[from + i])
    }
})
