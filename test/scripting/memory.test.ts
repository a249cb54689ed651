/**
 * A program that has little memory ends scripts that want more of it, and goes on serving: whatever they fill it with, in
 * loops of their own or inside one call of a library.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { mainFile, Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const greedy: Readonly<Record<string, string>> = {
  "a list of numbers": "local t={} for i=1,1e9 do t[i]=i end",
  "a table of strings": "local t={} local i=0 while true do i=i+1 t['k'..i]=i end",
  "tables in tables": "local t={} while true do t={t} end",
  closures: "local t={} for i=1,1e9 do t[i]=function() return i end end",
  "long strings":
    "local t={} for i=1,1e9 do t[i]=string.rep('x',1e6)..i if #t[i]:upper()<0 then break end end",
  "a string that grows": "local s='' while true do s=s..'0123456789' end",
  "keys of long texts": "local t={} local s=string.rep('x',1e6) for i=1,1e9 do t[s..i]=1 end",
  "long texts that are sent":
    "local t={} local s=string.rep('x',1e6) for i=1,1e9 do t[i]=s..i redis.call('EXISTS',t[i]) end",
  "arguments, more with each call": "local function f(...) return 1+f(1,2,3,4,...) end return f()",
  "joined lists":
    "local t={} for i=1,1000 do t[i]='0123456789' end while true do t[#t+1]=table.concat(t) end",
  "JSON read":
    "local s='['..string.rep('{\"a\":1},',2e6)..'1]' local t={} while true do t[#t+1]=cjson.decode(s) end",
  "JSON written":
    "local t={} for i=1,1e5 do t[i]={a=i} end local u={} while true do u[#u+1]=cjson.encode(t) end",
  "MessagePack read":
    "local s=string.char(0xdd,0,0x20,0,0)..string.rep(string.char(0x91,1),0x200000) local u={} while true do u[#u+1]=cmsgpack.unpack(s) end",
  "MessagePack looked into":
    "local m=string.char(0x8f) for i=1,15 do m=m..string.char(0xa1,96+i,i) end local s=string.char(0xdc,0x20,0)..m:rep(0x2000) local u={} while true do local t=cmsgpack.unpack(s) u[#u+1]=t for i=1,#t do next(t[i]) end end",
  replacements: "local s=string.rep('ab',1e6) local u={} while true do u[#u+1]=s:gsub('a','%0%0%0%0') end",
  "values unpacked": "local t={} for i=1,7000 do t[i]=i end local u={} while true do u[#u+1]={unpack(t)} end",
  coroutines:
    "local u={} while true do local co=coroutine.create(function() coroutine.yield() end) coroutine.resume(co) u[#u+1]=co end",
  "recursion that only computes":
    "local function make(d) if d==0 then return {} end return {make(d-1),make(d-1)} end return make(40)",
  "errors caught":
    "local k={} while true do pcall(function() local t={} k[#k+1]=t for i=1,1e9 do t[i]=i end end) end",
  replies:
    "for i=1,1000 do redis.call('RPUSH','l','abc'..i) end local t={} while true do t[#t+1]=redis.call('LRANGE','l',0,-1) end",
}

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "redix-script-memory-"))
let program: Program
const socket = path.join(directory, "redix.sock")

beforeAll(async () => {
  program = new Program({
    command: [process.execPath, "--max-old-space-size=64", mainFile],
    args: ["--port", "0", "--unixsocket", socket, "--dir", directory, "--save", ""],
  })
  await program.says("ready to accept connections at")
})

afterAll(async () => {
  await program.stop()
  fs.rmSync(directory, { recursive: true })
})

describe("with 64 MB of heap", () => {
  for (const [name, source] of Object.entries(greedy)) {
    it(`${name} without end: an error`, { timeout: 120_000 }, async () => {
      const client = await RawClient.connect({ path: socket }, { timeoutMs: 110_000 })
      expect(String(await client.command("EVAL", source, "0"))).toMatch(/^-ERR .*not enough memory script: /)
      expect(String(await client.command("EVAL", "return cjson.encode({1})", "0"))).toBe("$3\r\n[1]\r\n")
      client.close()
    })
  }

  it("a reply without end: an error", { timeout: 120_000 }, async () => {
    const client = await RawClient.connect({ path: socket }, { timeoutMs: 110_000 })
    const twice = "local t={1} for i=1,60 do t={t,t} end return t"
    expect(String(await client.command("EVAL", twice, "0"))).toBe(
      "-ERR the script's reply has too many elements\r\n",
    )
    const list = "local t={} for i=1,3e4 do t[i]={i} end return t"
    expect(String(await client.command("EVAL", list, "0")).slice(0, 16)).toBe("*30000\r\n*1\r\n:1\r\n")
    client.close()
  })

  it("garbage is no reason", { timeout: 120_000 }, async () => {
    const client = await RawClient.connect({ path: socket }, { timeoutMs: 110_000 })
    const source =
      "local t for i=1,3e5 do t={i,tostring(i),{i}} end for i=1,100 do t=string.rep('x',1e6):upper() end return #t"
    expect(String(await client.command("EVAL", source, "0"))).toBe(":1000000\r\n")
    client.close()
  })
})
