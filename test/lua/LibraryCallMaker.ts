/**
 * Random calls of library functions for comparison with redis-server: mostly sensible ones, with hostile numbers, cut
 * and altered inputs, and wrong types mixed in.
 */
import type { Random } from "../support/Random.js"
import { type Argument, type LibraryCall, list, table, type TableOf } from "./LibraryCalls.js"

const NUMBERS: ReadonlyArray<number> = [
  0,
  -0,
  1,
  -1,
  2,
  3,
  7,
  10,
  15,
  16,
  31,
  32,
  33,
  100,
  127,
  128,
  255,
  256,
  -32,
  -33,
  -128,
  -129,
  32767,
  32768,
  65535,
  65536,
  -32768,
  -32769,
  0.5,
  1.5,
  2.5,
  -2.5,
  0.1,
  1 / 3,
  3.14159,
  1e14,
  99999999999999,
  123456789012345,
  1e15,
  1e16,
  2 ** 31,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
  2 ** 32 - 1,
  2 ** 52,
  2 ** 53,
  2 ** 62,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  1e19,
  1e20,
  1e21,
  1e22,
  1e100,
  1e300,
  1e-5,
  1e-4,
  1e-7,
  1e-300,
  5e-324,
  1e308,
  Infinity,
  -Infinity,
  NaN,
]

export const anyNumber = (random: Random): number =>
  random.weighted<() => number>([
    [4, () => random.between(-20, 40)],
    [3, () => random.pick(NUMBERS)],
    [1, () => random.between(-100000, 100000) / 100],
    [1, () => random.float() * 10 ** random.between(-20, 25)],
    [1, () => (random.between(0, 2 ** 40) * 2 + 1) / 2 ** random.between(1, 40)],
  ])()

const smallNumber = (random: Random): number =>
  random.chance(0.9) ? random.between(-6, 12) : anyNumber(random)

const bytesText = (random: Random, length: number): string => random.bytes(length).toString("latin1")

export const anyText = (random: Random): string =>
  random.weighted<() => string>([
    [6, () => random.text(random.below(12), "ab")],
    [4, () => random.text(random.below(20), "abcXYZ012 _-.%()[]=,\n")],
    [2, () => bytesText(random, random.below(12))],
    [1, () => random.text(random.between(95, 110), "abc\0")],
    [1, () => String(anyNumber(random))],
  ])()

const spoil = (random: Random, value: Argument): Argument =>
  random.chance(0.97)
    ? value
    : random.pick<Argument>([undefined, true, false, "x", "12", 5, list(1), 0.5, ""])

const call = (random: Random, name: string, ...args: ReadonlyArray<Argument>): LibraryCall => {
  const given = args.map((arg) => spoil(random, arg))
  if (random.chance(0.02)) given.pop()
  return [name, given]
}

// Patterns and formats ------------------------------------------------------------------------------------------------

const singleItem = (random: Random): string =>
  random.weighted<() => string>([
    [6, () => random.pick([..."ab"])],
    [3, () => "."],
    [4, () => "%" + random.pick([..."acdlpsuwxzACDLPSUWXZ.%g-("])],
    [3, () => "[" + (random.chance(0.3) ? "^" : "") + random.text(random.between(1, 4), "ab-%wcd]") + "]"],
    [1, () => random.pick([..."X 0_\n\xff"])],
  ])()

const patternItem = (random: Random): string =>
  random.weighted<() => string>([
    [12, () => singleItem(random) + random.pick(["", "", "", "*", "+", "-", "?"])],
    [2, () => "(" + singleItem(random) + random.pick(["", "*", "+"]) + ")"],
    [1, () => random.pick(["()", "(", ")", "%b()", "%bab", "%f[%w]", "%f[^a]", "%1", "%2", "%0", "$", "^"])],
    [0.2, () => random.pick(["%", "[", "[a", "%f", "%b", "%ba", "\0", "[%", "[]", "[^]", "[a-]", "[%a-z]"])],
  ])()

export const anyPattern = (random: Random): string => {
  let pattern = random.chance(0.15) ? "^" : ""
  for (let i = random.below(5); i >= 0; i--) pattern += patternItem(random)
  return random.chance(0.1) ? pattern + "$" : pattern
}

const anyReplacement = (random: Random): Argument =>
  random.weighted<() => Argument>([
    [5, () => random.text(random.below(5), "xy%")],
    [4, () => random.pick(["<%0>", "%1", "%1%1", "%2", "[%1]", "%%", "%", ""])],
    [2, () => table("a", "A", "b", false, "ab", 1.5, 1, "one")],
    [1, () => table("a", true, "b", table())],
    [1, () => anyNumber(random)],
  ])()

const anyFormat = (random: Random): readonly [string, ReadonlyArray<Argument>] => {
  let format = ""
  const args: Argument[] = []
  for (let i = random.below(4); i >= 0; i--) {
    const conversion = random.chance(0.97)
      ? random.pick([..."cdiouxXeEfgGqsdgsg"])
      : random.pick([..."ayhl%\0*"])
    const flags = random.chance(0.5) ? "" : random.text(random.below(3), "-+ #0")
    const width = random.chance(0.6) ? "" : String(random.below(30))
    const precision = random.chance(0.6) ? "" : "." + (random.chance(0.2) ? "" : String(random.below(25)))
    format += random.text(random.below(3), "ab\0") + "%" + flags + width + precision + conversion
    if (conversion !== "%") args.push("qs".includes(conversion) ? anyText(random) : anyNumber(random))
  }
  return [format, args]
}

const stringCall = (random: Random): LibraryCall => {
  const text = anyText(random)
  const make = random.weighted<() => LibraryCall>([
    [6, () => call(random, "string.find", text, anyPattern(random), smallNumber(random))],
    [4, () => call(random, "string.find", text, anyPattern(random))],
    [1, () => call(random, "string.find", text, anyText(random), smallNumber(random), true)],
    [6, () => call(random, "string.match", text, anyPattern(random), smallNumber(random))],
    [6, () => call(random, "string.gsub", text, anyPattern(random), anyReplacement(random))],
    [
      2,
      () =>
        call(random, "string.gsub", text, anyPattern(random), anyReplacement(random), smallNumber(random)),
    ],
    [2, () => call(random, "string.sub", text, smallNumber(random), smallNumber(random))],
    [2, () => call(random, "string.byte", text, smallNumber(random), smallNumber(random))],
    [1, () => call(random, "string.char", random.between(-1, 257), random.below(256), smallNumber(random))],
    [1, () => call(random, "string.rep", text, random.between(-2, 20))],
    [
      1,
      () => call(random, random.pick(["string.upper", "string.lower", "string.reverse", "string.len"]), text),
    ],
    [9, () => formatCall(random)],
    [2, () => call(random, "string.upper", anyNumber(random))],
    [1, () => call(random, "string.rep", random.pick(["1e3", "0x10", " 7 ", "1e", "5\0", "nan"]), 2)],
    [
      1,
      () =>
        call(
          random,
          "string.rep",
          "x",
          random.pick(["3", "0x4", " 2 ", "1e", "5\0", "0x1p1", "1e1", "", " "]),
        ),
    ],
  ])
  return make()
}

const formatCall = (random: Random): LibraryCall => {
  const [format, args] = anyFormat(random)
  return call(random, "string.format", format, ...args)
}

// Numbers -------------------------------------------------------------------------------------------------------------

const mathCall = (random: Random): LibraryCall => {
  const x = anyNumber(random)
  const one = ["abs", "ceil", "floor", "frexp", "modf", "sqrt", "deg", "rad"]
  return random.weighted<() => LibraryCall>([
    [6, () => call(random, `math.${random.pick(one)}`, x)],
    [2, () => call(random, random.pick(["math.max", "math.min"]), x, anyNumber(random), anyNumber(random))],
    [2, () => call(random, "math.fmod", x, anyNumber(random))],
    [2, () => call(random, "math.ldexp", x, smallNumber(random))],
    [1, () => call(random, "math.pow", random.between(-9, 9), random.between(-8, 12))],
  ])()
}

const bitCall = (random: Random): LibraryCall => {
  const x = anyNumber(random)
  return random.weighted<() => LibraryCall>([
    [2, () => call(random, `bit.${random.pick(["tobit", "bnot", "bswap"])}`, x)],
    [
      2,
      () =>
        call(random, `bit.${random.pick(["band", "bor", "bxor"])}`, x, anyNumber(random), anyNumber(random)),
    ],
    [
      2,
      () =>
        call(
          random,
          `bit.${random.pick(["lshift", "rshift", "arshift", "rol", "ror"])}`,
          x,
          anyNumber(random),
        ),
    ],
    [1, () => call(random, "bit.tohex", x, smallNumber(random))],
  ])()
}

// Encodings -----------------------------------------------------------------------------------------------------------

/** A value of any depth; tables are lists, objects or mixtures. */
export const anyValue = (random: Random, depth: number): Argument =>
  random.weighted<() => Argument>([
    [4, () => anyNumber(random)],
    [4, () => anyText(random)],
    [1, () => random.chance(0.5)],
    [depth > 0 ? 4 : 0, () => anyTable(random, depth - 1)],
  ])()

const anyKey = (random: Random): Argument =>
  random.weighted<() => Argument>([
    [6, () => random.text(random.between(1, 5), "abcde")],
    [2, () => random.between(1, 6)],
    [1, () => random.pick([0, -1, 1.5, 20, 1e10, 2 ** 53, "1", "", "a/b", "\0"])],
    [0.1, () => true],
  ])()

const anyTable = (random: Random, depth: number): TableOf => {
  const count = random.below(6)
  if (random.chance(0.4)) return list(...random.times(count, () => anyValue(random, depth)))
  return table(...random.times(count, () => [anyKey(random), anyValue(random, depth)]).flat())
}

const jsonNumber = (random: Random): string => {
  const odd = [
    "01",
    "0x1F",
    "1e5",
    "1E-2",
    "-0",
    "5.",
    "nan",
    "-inf",
    "Infinity",
    "+1",
    "1e400",
    "-",
    "0x1p3",
  ]
  if (random.chance(0.85)) return JSON.stringify(anyNumber(random))
  return random.pick(odd)
}

const jsonText = (random: Random, depth: number): string => {
  const space = random.chance(0.1) ? random.pick([" ", "\n", "\t", "\r\n", "\v"]) : ""
  const kind = random.below(depth > 0 ? 7 : 4)
  if (kind < 2) return space + jsonNumber(random)
  if (kind === 2) return space + random.pick(["true", "false", "null"])
  if (kind === 3) return space + jsonString(random)
  const parts = random.times(random.below(5), () => jsonText(random, depth - 1))
  if (kind === 4) return `${space}[${parts.join(",")}${space}]`
  return `${space}{${parts.map((part) => `${jsonString(random)}${space}:${part}`).join(`${space},`)}}`
}

const jsonString = (random: Random): string => {
  const escapes = ["\\n", "\\u00e9", "\\u20ac", "\\ud83d\\ude00", '\\"', "\\/", "\\u0000", "\\b\\f\\r\\t\\\\"]
  const broken = ["\\x", "\\ud83d", "\\u12", "\\udc00", "\\ud83d\\u0041"]
  let text = random.text(random.below(6), "abc \xe9\n")
  if (random.chance(0.2)) text += random.pick(escapes) + random.text(random.below(3))
  if (random.chance(0.01)) text += random.pick(broken)
  return `"${text}"`
}

/** Cut, or with a byte changed, removed or put in. */
const damaged = (random: Random, text: string, alphabet: string): string => {
  const at = random.below(text.length + 1)
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + random.pick([...alphabet]) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + text.slice(at + 1)
    default:
      return text.slice(0, at) + random.pick([...alphabet]) + text.slice(at)
  }
}

/** Settings hold until they are changed again, on both sides. */
const cjsonSetting = (random: Random): LibraryCall =>
  random.weighted<() => LibraryCall>([
    [2, () => call(random, "cjson.encode_number_precision", random.between(0, 15))],
    [2, () => call(random, "cjson.encode_invalid_numbers", random.pick(["on", "off", "null", true, false]))],
    [2, () => call(random, "cjson.decode_invalid_numbers", random.chance(0.5))],
    [
      1,
      () => call(random, "cjson.encode_sparse_array", random.chance(0.5), random.below(4), random.below(12)),
    ],
    [1, () => call(random, "cjson.encode_max_depth", random.between(0, 6))],
    [1, () => call(random, "cjson.decode_max_depth", random.between(0, 6))],
    [1, () => call(random, "cjson.encode_keep_buffer", random.chance(0.5))],
  ])()

const cjsonCall = (random: Random): LibraryCall => {
  if (random.chance(0.02)) return cjsonSetting(random)
  if (random.chance(0.5)) return call(random, "cjson.encode", anyValue(random, 3))
  const text = jsonText(random, 3)
  return call(
    random,
    "cjson.decode",
    random.chance(0.6) ? text : damaged(random, text, '{}[],:"\\ux1-+.eEntf \0\xff'),
  )
}

const ALL_BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("")

const messageBytes = (random: Random, depth: number): string => {
  const sized = (size: number) => bytesText(random, size)
  const four = (length: number): string => String.fromCharCode(0, 0, 0, length)
  return random.weighted<() => string>([
    [4, () => sized(1).replace(/[\x80-\xdf]/g, "\x05")],
    [1, () => random.pick(["\xc0", "\xc2", "\xc3"])],
    [1, () => "\xcc" + sized(1) + "\xcd" + sized(2) + "\xce" + sized(4) + "\xcf" + sized(8)],
    [1, () => "\xd0" + sized(1) + "\xd1" + sized(2) + "\xd2" + sized(4) + "\xd3" + sized(8)],
    [1, () => "\xca" + sized(4) + "\xcb" + sized(8)],
    [2, () => "\xa3abc"],
    [1, () => "\xd9\x02ab\xda\0\x01x\xdb" + four(1) + "y"],
    [depth > 0 ? 2 : 0, () => "\x92" + messageValue(random, depth) + messageValue(random, depth)],
    [depth > 0 ? 2 : 0, () => "\x81" + messageValue(random, depth) + messageValue(random, depth)],
    [
      depth > 0 ? 1 : 0,
      () => "\xdc\0\x01" + messageValue(random, depth) + "\xdd" + four(1) + messageValue(random, depth),
    ],
    [
      depth > 0 ? 1 : 0,
      () => "\xde\0\x01\xa1k" + messageValue(random, depth) + "\xdf" + four(1) + "\x01\x02",
    ],
  ])()
}

const messageValue = (random: Random, depth: number): string => messageBytes(random, depth - 1)

const cmsgpackCall = (random: Random): LibraryCall => {
  if (random.chance(0.4)) return call(random, "cmsgpack.pack", anyValue(random, 4), anyValue(random, 1))
  let bytes = random.times(random.below(4), () => messageBytes(random, 3)).join("")
  if (random.chance(0.3)) bytes = damaged(random, bytes, ALL_BYTES)
  return random.weighted<() => LibraryCall>([
    [4, () => call(random, "cmsgpack.unpack", bytes)],
    [1, () => call(random, "cmsgpack.unpack_one", bytes, smallNumber(random))],
    [1, () => call(random, "cmsgpack.unpack_limit", bytes, smallNumber(random), random.between(-1, 4))],
  ])()
}

const structFormat = (random: Random): readonly [string, ReadonlyArray<Argument>] => {
  let format = ""
  const args: Argument[] = []
  for (let i = random.below(6); i >= 0; i--) {
    const option = random.pick([..."bBhHiIlLTfdscx<>! iIc"])
    const counted = "iIc!".includes(option) && random.chance(0.6)
    const count = counted
      ? String(option === "!" ? random.pick([1, 2, 4, 8, 16, 3]) : random.below(option === "c" ? 4 : 18))
      : ""
    format += option + count
    if (random.chance(0.01)) format += random.pick(["z", "=", "5", "\0", "i33", "i99999999999"])
    if ("sc".includes(option)) args.push(anyText(random))
    else if ("bBhHiIlLTfd".includes(option)) args.push(anyNumber(random))
  }
  return [format, args]
}

const structCall = (random: Random): LibraryCall => {
  const [format, args] = structFormat(random)
  return random.weighted<() => LibraryCall>([
    [4, () => call(random, "struct.pack", format, ...args)],
    [4, () => call(random, "struct.unpack", format, bytesText(random, random.below(40)))],
    [
      1,
      () => call(random, "struct.unpack", format, bytesText(random, random.below(40)), smallNumber(random)),
    ],
    [1, () => call(random, "struct.size", format)],
  ])()
}

export const callMakers: Readonly<Record<string, (random: Random) => LibraryCall>> = {
  string: stringCall,
  math: mathCall,
  bit: bitCall,
  cjson: cjsonCall,
  cmsgpack: cmsgpackCall,
  struct: structCall,
}
