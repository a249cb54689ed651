/** MessagePack at the boundaries of its forms: the same bytes as redis-server's, by the SHA-1 of all of them. */
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { comparable, evaluate, unframed } from "./Interpreter.js"

const PACKED = `
local o={} local function P(...) o[#o+1]=cmsgpack.pack(...) end
for _,n in ipairs({0,1,31,32,33,255,256,65535,65536,70000,1e6}) do P(string.rep('\\200x',n)) P({string.rep('y',n),n,-n,n+0.5}) end
for e=0,70 do for d=-2,2 do P(2^e+d) P(-(2^e)+d) P(2^e+0.25) P(2^-e) end end
P(1/0) P(-1/0) P(0/0) P(-0) P(nil,true,false) P({}) P({1,2,3,nil,5}) P({a=1,[2]=3})
for _,n in ipairs({15,16,17,65535,65536}) do local t,m={},{} for i=1,n do t[i]=i m['k'..i]=i end P(t) P(m) end
local d={} for i=1,20 do d={d} end P(d)
return table.concat(o)`

const SHA = "28eaba8c3bab311de129c0ab937dce53a39a68fb"

/** Maps with few keys and many, with a key twice, with other keys than texts: read, written, listed and packed again. */
const MAPS = `
local function text(s) return string.char(0xa0+#s)..s end
local function map(n,...) return (n<16 and string.char(0x80+n) or '\\222\\0'..string.char(n))..table.concat({...}) end
local many={} for i=1,20 do many[i]=text('key'..i)..string.char(i) end
local maps={map(1,text('a'),'\\1'),map(3,text('a'),'\\1',text('b'),'\\2',text('a'),'\\3'),map(20,unpack(many)),
map(3,text('a'),'\\1','\\1',text('one'),text('b'),'\\2'),map(3,'\\1','\\7','\\2','\\8',text('b'),'\\2'),
map(2,text('a'),'\\192',text('b'),'\\2'),map(2,text('a'),map(2,text('b'),'\\5',text('b'),'\\6'),text('c'),'\\0')}
local o={}
local function list(t) for k,v in pairs(t) do o[#o+1]=tostring(k)..'='..(type(v)=='table' and 'table' or tostring(v)) end o[#o+1]='#'..#t..'|' end
local uses={
  function(t) list(t) end,
  function(t) o[#o+1]=tostring(t.a)..tostring(t.b)..tostring(t.key7)..tostring(t.nope)..tostring(t[1]) list(t) end,
  function(t) t.a=nil list(t) t.new=1 list(t) end,
  function(t) t[1]='x' t[2]='y' list(t) t.b='z' list(t) end,
  function(t) o[#o+1]=tostring(next(t)) o[#o+1]=tostring(rawget(t,'b')) rawset(t,'b',4) list(t) end,
  function(t) o[#o+1]=cmsgpack.pack(t) o[#o+1]=cjson.encode(t) end,
  function(t) setmetatable(t,{__index=function(_,k) return 'no '..k end}) o[#o+1]=tostring(t.a)..tostring(t.b)..t.nope end}
for _,m in ipairs(maps) do for _,use in ipairs(uses) do use(cmsgpack.unpack(m)) end end
return table.concat(o,' ')`

/** Lists and maps with nil in every place, and what becomes of them when more is assigned: order and `#` show the nodes. */
const NILS = `
local function map(...) return string.char(0x80+select('#',...)/2)..table.concat({...}) end
local function text(s) return string.char(0xa0+#s)..s end
local o={}
local function list(t) for k,v in pairs(t) do o[#o+1]=tostring(k)..'='..tostring(v) end o[#o+1]='#'..#t..'|' end
local uses={
  function(t) list(t) end,
  function(t) t[9]=1 list(t) t.a='a' t.e='e' list(t) end,
  function(t) t[2]=nil t.b='b' list(t) t[3]=3 t[6]='six' list(t) end,
  function(t) t.a=nil t.c=3 list(t) t.f=1 t.g=2 list(t) end,
  function(t) o[#o+1]=cmsgpack.pack(t) o[#o+1]=tostring(t.c)..tostring(rawget(t,5)) t[#t+1]='next' list(t) end}
for length=1,9 do for nils=0,2^length-1 do
  local l={} for i=1,length do l[i]=bit.band(nils,2^(i-1))==0 and string.char(i) or '\\192' end
  local packed=string.char(0x90+length)..table.concat(l)
  for _,use in ipairs(uses) do use(cmsgpack.unpack(packed)) end
  if length<6 then
    local m={} for i,v in ipairs(l) do m[2*i-1]=text(({'a','b','c','a','key five'})[i]) m[2*i]=v end
    for _,use in ipairs(uses) do use(cmsgpack.unpack(map(unpack(m)))) end
  end
end end
for length=20,26 do local l={} for i=1,length do l[i]=i%5==0 and '\\192' or string.char(i) end
  for twice=1,2 do list(cmsgpack.unpack('\\220\\0'..string.char(length)..table.concat(l))) end end
return table.concat(o,' ')`

const sha = (text: string): string => createHash("sha1").update(text, "latin1").digest("hex")

describe("MessagePack", () => {
  it("packs every form as redis-server does", () => {
    expect(sha(evaluate(PACKED).reply)).toBe(SHA)
  })
})

describeOracle("MessagePack of redis-server", () => {
  it("is what the digest was made of", () =>
    withOracle({}, async (oracle) => {
      const client = await oracle.connect({ timeoutMs: 60_000 })
      expect(sha(unframed(await client.command("EVAL", PACKED, "0")))).toBe(SHA)
      client.close()
    }))
  it("is unpacked to tables that serve alike", () =>
    withOracle({}, async (oracle) => {
      const client = await oracle.connect()
      const theirs = comparable(unframed(await client.command("EVAL", MAPS, "0")))
      expect(theirs).toContain("no nope")
      expect(comparable(evaluate(MAPS).reply)).toBe(theirs)
      client.close()
    }))
  it("has nil in lists and maps as if it had been assigned", () =>
    withOracle({}, async (oracle) => {
      const client = await oracle.connect()
      const theirs = comparable(unframed(await client.command("EVAL", NILS, "0")))
      expect(theirs).toContain("key five=5")
      expect(comparable(evaluate(NILS).reply)).toBe(theirs)
      client.close()
    }))
})
