/**
 * Makes the golden files of formats that redis-server 7.0 no longer writes (versions 1 to 9) or does not know yet (11, 12):
 * `node testdata/make-old-formats.mjs`. Each is built by hand from rdb-builder.mjs with what its version brought.
 *
 * Every file of versions 1 to 9 is then loaded into a real redis-server 7.0.15, whose view of it must equal what is
 * written here and becomes the description next to the file. Versions 11 and 12 are too new for it: it loads a twin, the
 * same content in forms of version 10.
 */
import { deepStrictEqual } from "node:assert"
import { RdbBuilder, int, intset, listpack, rawId, ziplist, zipmap } from "./rdb-builder.mjs"
import { describe, withRedis, writeGolden } from "./support.mjs"

const FAR_SECONDS = 2145916800 // 2038-01-01: seconds were 32 bits
const FAR_MS = 4102444800123 // 2100-01-01

const plainTypes = (b) =>
  b
    .db(0)
    .key(0, "string").string("value")
    .key(0, "int8").integer(-5, 8)
    .key(0, "int16").integer(-3000, 16)
    .key(0, "int32").integer(2000000000, 32)
    .key(0, "lzf").lzf([0x00, 0x61, 0xa0, 0x00], 8)
    .key(0, "long").string("x".repeat(100))
    .key(0, "longer than it need be").string("32-bit length", 32)
    .key(1, "list").length(4).strings("b", "a", "").integer(7, 8)
    .key(2, "set").length(3).strings("m1", "m2").integer(-1, 8)
    .key(3, "zset").length(5)
    .string("one").textScore("1").string("half").textScore("0.5").string("big").textScore("1.5e+300")
    .string("top").textScore(254).string("bottom").textScore(255)
    .key(4, "hash").length(2).strings("f1", "v1", "f2").integer(12, 8)
    .db(3)
    .expireSeconds(FAR_SECONDS)
    .key(0, "expires").string("later")

const plainValues = {
  0: {
    string: "value",
    int8: "-5",
    int16: "-3000",
    int32: "2000000000",
    lzf: "aaaaaaaa",
    long: "x".repeat(100),
    "longer than it need be": "32-bit length",
    list: ["b", "a", "", "7"],
    set: ["-1", "m1", "m2"],
    zset: [["bottom", "-inf"], ["half", "0.5"], ["one", "1"], ["big", "1.5000000000000001e+300"], ["top", "inf"]],
    hash: [["f1", "v1"], ["f2", "12"]],
  },
  3: { expires: "later" },
}

const everyZiplistEntry = ziplist(
  "text", "", "y".repeat(100), "after 14 bits", "z".repeat(300), "after a long one", `32bit:${"w".repeat(70)}`,
  int(0, 0), int(12, 0), int(13, 8), int(-1, 8), int(-128, 8), int(128, 16), int(-32768, 16), int(32768, 24),
  int(-8388608, 24), int(8388608, 32), int(-2147483648, 32), int(2147483648, 64), int("-9223372036854775808", 64),
)
const everyZiplistValue = [
  "text", "", "y".repeat(100), "after 14 bits", "z".repeat(300), "after a long one", `32bit:${"w".repeat(70)}`,
  "0", "12", "13", "-1", "-128", "128", "-32768", "32768",
  "-8388608", "8388608", "-2147483648", "2147483648", "-9223372036854775808",
]

const packedTypes = (b) =>
  plainTypes(b)
    .db(5)
    .key(9, "zipmap").string(zipmap([["f", "v"], ["empty", ""]]))
    .key(9, "zipmap, long value").string(zipmap([["g".repeat(254), "h".repeat(300)], ["f", "v"]]))
    .key(9, "zipmap, unused bytes").string(zipmap([["a", "1"], ["b", "2"]], { unused: 3 }))
    .key(9, "zipmap, count unknown").string(zipmap([["a", "1"]], { count: 254 }))
    .key(10, "ziplist").string(everyZiplistEntry)
    .key(11, "intset 16").string(intset(2, -3, 0, 32767))
    .key(11, "intset 32").string(intset(4, -70000, 5, 70000))
    .key(11, "intset 64").string(intset(8, "-9223372036854775808", 5, "9223372036854775807"))
    .key(12, "zset ziplist").string(ziplist("m0", int(0, 0), int(5, 0), "0.25", "m2", int(70000, 24), "m3", "inf"))

const packedValues = {
  ...plainValues,
  5: {
    zipmap: [["empty", ""], ["f", "v"]],
    "zipmap, long value": [["f", "v"], ["g".repeat(254), "h".repeat(300)]],
    "zipmap, unused bytes": [["a", "1"], ["b", "2"]],
    "zipmap, count unknown": [["a", "1"]],
    ziplist: everyZiplistValue,
    "intset 16": ["-3", "0", "32767"],
    "intset 32": ["-70000", "5", "70000"],
    "intset 64": ["-9223372036854775808", "5", "9223372036854775807"],
    "zset ziplist": [["m0", "0"], ["5", "0.25"], ["m2", "70000"], ["m3", "inf"]],
  },
}

const withMilliseconds = (b) => packedTypes(b).db(6).expireMs(FAR_MS).key(0, "expires").string("to the millisecond")
const millisecondValues = { ...packedValues, 6: { expires: "to the millisecond" } }

const withHashZiplist = (b) =>
  withMilliseconds(b).db(7).key(13, "hash ziplist").string(ziplist("f", "v", int(1, 0), int(300, 16), "g", ""))
const hashZiplistValues = { ...millisecondValues, 7: { "hash ziplist": [["1", "300"], ["f", "v"], ["g", ""]] } }

const withQuicklist = (b) =>
  withHashZiplist(b.aux("redis-ver", "3.2.0").aux("redis-bits", "64").db(0).resize(11, 0))
    .db(8)
    .resize(2, 0)
    .key(14, "quicklist").length(3).string(ziplist("a", int(1, 0))).string(everyZiplistEntry).string(ziplist("end"))
    .key(14, "quicklist, an empty node").length(2).string(ziplist()).string(ziplist("only"))
const quicklistValues = {
  ...hashZiplistValues,
  8: { quicklist: ["a", "1", ...everyZiplistValue, "end"], "quicklist, an empty node": ["only"] },
}

const withBinaryScores = (b) =>
  withQuicklist(b)
    .db(9)
    .key(5, "zset").length(4)
    .string("a").double(-Infinity).string("b").double(0.1).string("c").double(5e-324).string("d").double(Infinity)
    .key(0, "64-bit length").string("v".repeat(70), 64)
const binaryScoreValues = {
  ...quicklistValues,
  9: {
    zset: [["a", "-inf"], ["c", "4.9406564584124654e-324"], ["b", "0.10000000000000001"], ["d", "inf"]],
    "64-bit length": "v".repeat(70),
  },
}

// Two nodes: "a" and "b" shared fields, one entry with fields of its own, one deleted.
const streamNodes = (b) =>
  b
    .length(2)
    .string(rawId(1, 1))
    .string(listpack(2, 1, 2, "a", "b", 0, 2, 0, 0, "1", "2", 5, 3, 0, 1, 3, 4, 5, 0, 1, 0, 1, "own", "field", 6))
    .string(rawId(100, 5))
    .string(listpack(1, 0, 1, "n", 0, 2, 0, 0, 9, 4))

/** What follows the nodes: `form` 15, 19 or 21. */
const streamRest = (b, form) => {
  b.length(3).length(100).length(5)
  if (form >= 19) b.length(1).length(1).length(1).length(2).length(4)
  b.length(2)
  b.string("group").length(2).length(0)
  if (form >= 19) b.length(3)
  b.length(2)
  b.raw(rawId(1, 1)).int64(1600000000000).length(1).raw(rawId(2, 0)).int64(1600000000500).length(3)
  b.length(2)
  b.string("alice").int64(1600000001000)
  if (form === 21) b.int64(1600000000900)
  b.length(1).raw(rawId(1, 1))
  b.string("bob").int64(1600000002000)
  if (form === 21) b.int64(1600000001900)
  b.length(1).raw(rawId(2, 0))
  b.string("idle group").length(0).length(0)
  if (form >= 19) b.length("18446744073709551615", 64)
  return b.length(0).length(0)
}

const streamEntries = [["1-1", ["a", "1", "b", "2"]], ["2-1", ["own", "field"]], ["100-5", ["n", "9"]]]

const withStream = (b) =>
  streamRest(streamNodes(withBinaryScores(b).db(10).key(15, "stream")), 15)
    .raw(0xf8).length(3600).key(0, "idle").string("an hour")
    .raw(0xf9, 200).key(0, "frequency").string("200")
const streamValues = { ...binaryScoreValues, 10: { stream: streamEntries, idle: "an hour", frequency: "200" } }

const ofRedis72 = (b) =>
  streamRest(
    streamNodes(b.aux("redis-ver", "7.2.0").db(0).resize(2, 0).key(20, "set").string(listpack("a", "b", 12)).key(21, "stream")),
    21,
  )
const twinOfRedis72 = (b) =>
  streamRest(streamNodes(b.db(0).key(2, "set").length(3).strings("a", "b", "12").key(19, "stream")), 19)
const redis72Values = { 0: { set: ["12", "a", "b"], stream: streamEntries } }

const ofRedis74 = (b) =>
  b
    .aux("redis-ver", "7.4.0")
    .db(0)
    .raw(0xf4).length(5).length(2).length(0)
    .resize(2, 0)
    .key(24, "hash, no TTLs").int64(0).length(2).length(0).strings("f", "v").length(0).strings("g", "w")
    .key(25, "listpack, no TTLs").int64(0).string(listpack("f", "v", 0, 3, 4, 0))
const twinOfRedis74 = (b) =>
  b.db(0).key(4, "hash, no TTLs").length(2).strings("f", "v", "g", "w").key(4, "listpack, no TTLs").length(2).strings("f", "v", "3", "4")
const redis74Values = { 0: { "hash, no TTLs": [["f", "v"], ["g", "w"]], "listpack, no TTLs": [["3", "4"], ["f", "v"]] } }

const files = [
  { version: 1, make: plainTypes, values: plainValues },
  { version: 2, make: packedTypes, values: packedValues },
  { version: 3, make: withMilliseconds, values: millisecondValues },
  { version: 4, make: withHashZiplist, values: hashZiplistValues },
  { version: 5, make: withHashZiplist, values: hashZiplistValues },
  { version: 6, make: withHashZiplist, values: hashZiplistValues, checksum: "zero" },
  { version: 7, make: withQuicklist, values: quicklistValues },
  { version: 8, make: withBinaryScores, values: binaryScoreValues },
  { version: 9, make: withStream, values: streamValues },
  { version: 11, make: ofRedis72, twin: twinOfRedis72, values: redis72Values },
  { version: 12, make: ofRedis74, twin: twinOfRedis74, values: redis74Values },
]

for (const { version, make, twin, values, checksum } of files) {
  const rdb = make(new RdbBuilder(version)).build(checksum)
  const loaded = twin === undefined ? rdb : twin(new RdbBuilder(10)).build()
  const description = await withRedis({}, loaded, describe)
  const seen = {}
  for (const [db, keys] of Object.entries(description.databases)) {
    seen[db] = {}
    for (const [key, { type, value }] of Object.entries(keys)) seen[db][key] = type === "stream" ? value.entries : value
  }
  deepStrictEqual(seen, values, `version ${version}`)
  const source = `testdata/make-old-formats.mjs, ${twin === undefined ? "itself" : "a twin"} loaded into redis-server 7.0.15`
  writeGolden(`version-${String(version).padStart(2, "0")}`, rdb, { source, rdbVersion: version, ...description })
}
