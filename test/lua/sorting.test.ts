/** Long lists, which are sorted in other ways than short ones. */
import { describe, expect, it } from "vitest"
import { evaluate } from "./Interpreter.js"

const sorted = (fill: string): string =>
  evaluate(
    `local t,x={},42 for i=1,2000 do x=(x*16807)%2147483647 t[i]=${fill} end
    local sum=0 for i=1,#t do sum=sum+t[i] end
    table.sort(t) for i=2,#t do if t[i]<t[i-1] then return 'not in order at '..i end end
    local after=0 for i=1,#t do after=after+t[i] end
    return sum==after and 'in order' or 'other numbers'`,
  ).reply

describe("a long list of numbers is sorted", () => {
  const fills = {
    "32-bit integers": "x",
    "negative ones too": "x-1073741824",
    "beyond 32 bits": "x*2",
    "one fraction among integers": "i==1999 and 0.5 or x",
    "a huge one": "i==7 and -2^60 or i",
  }
  for (const [name, fill] of Object.entries(fills)) it(name, () => expect(sorted(fill)).toBe("in order"))
})
