/** Key extraction against COMMAND GETKEYS and GETKEYSANDFLAGS: chosen command lines, then random ones for every command. */
import { afterAll, beforeAll, expect, it } from "vitest"
import type { Argument as SpecArgument } from "../../../src/engine/declare/ArgumentSyntax.js"
import type { CommandSpec } from "../../../src/engine/declare/CommandSpec.js"
import { findByWords } from "../../../src/engine/declare/Catalogue.js"
import { findOrRefuse, Keys } from "../../../src/engine/declare/KeyExtraction.js"
import { ReplyWriter } from "../../../src/resp/ReplyWriter.js"
import { describeOracle, OracleServer } from "../../support/Oracle.js"
import { Random } from "../../support/Random.js"
import type { RawClient } from "../../support/RawClient.js"
import { allSpecs, catalogue } from "./Support.js"

/** One command line a line, words separated by one space; '' is an empty word and \s a space within a word. */
const chosen = `
nosuch a
get a
GET a b
ping a
config get x
config|get x
config nosuch x
object encoding k
Object HELP x
xinfo stream k full
memory usage k
publish a b
spublish a b
ssubscribe a
set k v
set k v get
set k v ex get
set k get
mset a b c d
mset a b c
sort a
sort a store
sort a store b
sort a store b store
sort a limit 1 store b store c
sort a limit store b c
sort a by store b
sort a get x store store
sort a bogus store b
sort_ro a by x store b
migrate h p k 0 1
migrate h p '' 0 1
migrate h p '' 0 1 keys
migrate h p '' 0 1 keys a b c
migrate h p '' 0 1 keys a keys b
migrate h p '' 0 1 auth keys keys a
migrate h p '' 0 1 auth2 keys keys keys a
migrate h p '' 0 1 auth2 keys a
migrate h p k 0 1 keys
migrate h p k 0 1 keys a
migrate h p k 0 1 auth keys copy
migrate keys p k 0 1 keys
migrate h keys k 0 1 keys
migrate h p k 0 keys auth keys
migrate h p k 0 keys a b keys
eval s 0
eval s 1 a
eval s 2 a
eval s -1 a
eval s abc a
eval s 01 a
eval s +1 a b
eval s 1.5 a
eval s \\s1 a
eval s 4294967297 a
eval s -4294967295 a
eval s 18446744073709551617 a
eval_ro s 1 a
evalsha_ro s 1x a
fcall f 2 a b c
zunionstore d 2 a b
zunionstore d 2.5 a b
zunionstore d 3 a b
zunionstore d 0 a
zunionstore d x a
zunion 1x a
zunion 9223372036854775808 a
lmpop 01 a left
blmpop 0 2 a b left
sintercard 5 a
xread streams a 1
xread streams a b 1
xread streams a b c 1 2 3
xread count 1 block 2 streams a b 1 2
xread count streams streams a b 1 2
xread count 1 streams
xread a b c
xread a b streams
xreadgroup group streams c streams a >
xreadgroup group g c noack streams a b > >
xreadgroup group g c d e streams
georadius k 1 2 3 m
georadius k 1 2 3 m store
georadius k 1 2 3 m store a storedist b store c
georadius k 1 2 3 m storedist a storedist b store
georadiusbymember k m 1 m storedist store b
georadius_ro k 1 2 3 m store a
bitfield k
bitfield k get u8 0 OVERFLOW wrap
bitfield k get u8 0 overflow
bitfield k get u8
bitfield k set u8 0 1
bitfield_ro k get u8 0
pfdebug getreg k
blpop a b 0
blpop a
rename a b
watch a b c
`
  .trim()
  .split("\n")
  .map((line) => line.split(" ").map((word) => (word === "''" ? "" : word.replaceAll("\\s", " "))))

const keys = new Keys()

/** What COMMAND GETKEYS (or GETKEYSANDFLAGS) would answer, printed in RESP2. */
const answer = (words: ReadonlyArray<string>, withFlags: boolean): string => {
  const reply = new ReplyWriter()
  const request = {
    buf: Buffer.from(words.join("")),
    argc: words.length,
    argLen: Int32Array.from(words, (word) => Buffer.byteLength(word)),
    argOff: new Int32Array(words.length),
  }
  for (let i = 1; i < words.length; i++) request.argOff[i] = request.argOff[i - 1] + request.argLen[i - 1]
  const error = findOrRefuse(keys, findByWords(catalogue, words[0] ?? "", words[1]), request)
  if (error !== undefined) reply.error(error)
  else {
    reply.array(keys.count)
    for (let k = 0; k < keys.count; k++) {
      const flags = keys.flags[k]
      if (withFlags) reply.array(2)
      reply.bulkText(words[keys.index[k]] ?? "")
      if (!withFlags) continue
      reply.set(flags.length)
      for (const flag of flags) reply.simple(flag)
    }
  }
  return reply.take().toString("latin1")
}

/** Words that fit a command's arguments more or less: tokens, numbers, keys, at times something else. */
const randomWords = (random: Random, spec: CommandSpec): string[] => {
  const words = spec.name.split("|")
  const add = (argument: SpecArgument): void => {
    if (argument.flags.includes("optional") && random.chance(0.4)) return
    const times = argument.flags.includes("multiple") ? random.between(1, 3) : 1
    for (let i = 0; i < times; i++) {
      if (argument.token !== undefined && (i === 0 || argument.flags.includes("multiple_token")))
        words.push(random.chance(0.3) ? argument.token.toLowerCase() : argument.token)
      if (argument.type === "oneof") add(random.pick(argument.arguments))
      else if (argument.type === "block") argument.arguments.forEach(add)
      else if (argument.type === "integer") words.push(random.pick(["0", "1", "2", "2", "3", "-1", "1x"]))
      else if (argument.type !== "pure-token") words.push(random.text(random.between(1, 2)))
    }
  }
  spec.arguments.forEach(add)
  for (let changes = random.pick([0, 0, 1, 2]); changes > 0; changes--) {
    const at = random.between(spec.container === undefined ? 1 : 2, words.length)
    const word = random.pick(["store", "GET", "keys", "streams", "1", "2", "", "overflow", "limit", "x"])
    words.splice(at, random.below(3), ...(random.chance(0.5) ? [word] : []))
  }
  return words
}

describeOracle("key extraction against redis-server", () => {
  let oracle: OracleServer
  let client: RawClient

  beforeAll(async () => {
    oracle = await OracleServer.start()
    client = await oracle.connect()
  })

  afterAll(async () => {
    client.close()
    await oracle.stop()
  })

  const compare = async (lines: ReadonlyArray<ReadonlyArray<string>>): Promise<void> => {
    const asked = lines.filter((line) => line.length > 1)
    const plain = await client.pipeline(asked.map((line) => ["COMMAND", "GETKEYS", ...line]))
    const flagged = await client.pipeline(asked.map((line) => ["COMMAND", "GETKEYSANDFLAGS", ...line]))
    asked.forEach((line, i) => {
      expect(answer(line, false), JSON.stringify(line)).toBe(plain[i]?.toString("latin1"))
      expect(answer(line, true), JSON.stringify(line)).toBe(flagged[i]?.toString("latin1"))
    })
  }

  it("finds the same keys in chosen command lines", async () => {
    expect(chosen.length).toBeGreaterThan(80)
    await compare(chosen)
  })

  it("finds the same keys in random command lines of every command", async () => {
    const random = Random.forTest("key extraction")
    for (const spec of allSpecs) await compare(random.times(40, () => randomWords(random, spec)))
  })
})
