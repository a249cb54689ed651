/** MessagePack at the boundaries of its forms: the same bytes as redis-server's, by the SHA-1 of all of them. */
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { evaluate, unframed } from "./Interpreter.js"

const PACKED = `
local o={} local function P(...) o[#o+1]=cmsgpack.pack(...) end
for _,n in ipairs({0,1,31,32,33,255,256,65535,65536,70000,1e6}) do P(string.rep('\\200x',n)) P({string.rep('y',n),n,-n,n+0.5}) end
for e=0,70 do for d=-2,2 do P(2^e+d) P(-(2^e)+d) P(2^e+0.25) P(2^-e) end end
P(1/0) P(-1/0) P(0/0) P(-0) P(nil,true,false) P({}) P({1,2,3,nil,5}) P({a=1,[2]=3})
for _,n in ipairs({15,16,17,65535,65536}) do local t,m={},{} for i=1,n do t[i]=i m['k'..i]=i end P(t) P(m) end
local d={} for i=1,20 do d={d} end P(d)
return table.concat(o)`

const SHA = "28eaba8c3bab311de129c0ab937dce53a39a68fb"

const sha = (text: string): string => createHash("sha1").update(text, "latin1").digest("hex")

describe("MessagePack", () => {
  it("packs every form as redis-server does", { timeout: 60_000 }, () => {
    expect(sha(evaluate(PACKED).reply)).toBe(SHA)
  })
})

describeOracle("MessagePack of redis-server", () => {
  it("is what the digest was made of", { timeout: 60_000 }, () =>
    withOracle({}, async (oracle) => {
      const client = await oracle.connect({ timeoutMs: 60_000 })
      expect(sha(unframed(await client.command("EVAL", PACKED, "0")))).toBe(SHA)
      client.close()
    }),
  )
})
