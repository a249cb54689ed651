/** Small values in every form a DUMP payload may have, made by hand: a type byte and what follows it. */

type Part = number | string | ReadonlyArray<number>

const bytes = (...parts: ReadonlyArray<Part>): ReadonlyArray<number> =>
  parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part, "latin1")] : part))

/** A string with its length. */
const str = (content: Part): ReadonlyArray<number> => {
  const body = bytes(content)
  return body.length < 64 ? [body.length, ...body] : [0x40 | (body.length >> 8), body.length & 255, ...body]
}

const u16 = (n: number): ReadonlyArray<number> => [n & 255, n >> 8]
const u32 = (n: number): ReadonlyArray<number> => [...u16(n & 0xffff), ...u16(n >>> 16)]

/** A listpack of texts and of integers of 7, 13 or 16 bits. */
export const listpack = (...elements: ReadonlyArray<string | number>): ReadonlyArray<number> => {
  const body = elements.flatMap((e) => {
    let entry: ReadonlyArray<number>
    if (typeof e === "string") entry = [0x80 | e.length, ...bytes(e)]
    else if (e >= 0 && e < 128) entry = [e]
    else if (e >= -4096 && e < 4096) entry = [0xc0 | ((e >> 8) & 0x1f), e & 255]
    else entry = [0xf1, ...u16(e & 0xffff)]
    return [...entry, entry.length]
  })
  return [...u32(body.length + 7), ...u16(elements.length), ...body, 0xff]
}

/** A ziplist of texts and of integers of 8 or 16 bits. */
const ziplist = (...elements: ReadonlyArray<string | number>): ReadonlyArray<number> => {
  const body: Array<number> = []
  let before = 0
  let last = 10
  for (const e of elements) {
    last = 10 + body.length
    const content =
      typeof e === "string"
        ? [e.length, ...bytes(e)]
        : e >= 0 && e <= 12
          ? [0xf1 + e]
          : [0xc0, ...u16(e & 0xffff)]
    body.push(before, ...content)
    before = content.length + 1
  }
  return [...u32(body.length + 11), ...u32(last), ...u16(elements.length), ...body, 0xff]
}

const id = (ms: number, seq: number): ReadonlyArray<number> => [
  ...[0, 0, 0, 0, 0, 0, 0, ms],
  ...[0, 0, 0, 0, 0, 0, 0, seq],
]

const time = [0, 0x10, 0x20, 0x30, 0x80, 1, 0, 0]

/** Entries 1-1 (f: v), 1-2 deleted, 5-0 (other fields). */
const node = listpack(
  2,
  1,
  1,
  "f",
  0,
  ...[2, 0, 0, "v", 4],
  ...[3, 0, 1, 7, 4],
  ...[0, 4, -1, 1, "g", "w", 6],
)

const group = (third: boolean): ReadonlyArray<number> =>
  bytes(
    ...[str("g"), [5, 0], third ? [2] : [2], [2]],
    ...[id(1, 1), time, [1], id(5, 0), time, [3]],
    ...[[1], str("c"), time, third ? time : [], [2], id(1, 1), id(5, 0)],
  )

const double = (x: number): ReadonlyArray<number> => [...new Uint8Array(Float64Array.of(x).buffer)]

/** By name: the value's bytes without the footer. */
export const hostileValues: Readonly<Record<string, ReadonlyArray<number>>> = {
  string: bytes([0], str("hello")),
  integer: [0, 0xc1, 0x39, 0x30],
  "packed string": bytes([0, 0xc3, 6, 12, 1], "ab", [0xe0, 1, 1]),
  "hyperloglog, sparse": bytes(
    [0],
    str(bytes("HYLL", [1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0x80], [0x7f, 0xfd, 0x80, 0x40, 1])),
  ),
  list: bytes([1, 3], str("a"), str("12345"), str("b")),
  set: bytes([2, 3], str("a"), str("12345"), str("b")),
  "set of integers": bytes([2, 3], [0xc0, 5], [0xc0, 0xff], [0xc1, 0, 4]),
  "zset, text scores": bytes([3, 3], str("a"), str("1"), str("b"), str("2.5"), str("c"), [0xff]),
  hash: bytes([4, 2], str("f"), str("1"), str("g"), str("2.5")),
  zset: bytes([5, 3], str("a"), double(1), str("b"), double(2.5), str("c"), double(-Infinity)),
  "hash zipmap": bytes([9], str(bytes([2, 1], "f", [1, 0], "1", [1], "g", [2, 1], "xy", [0, 0xff]))),
  "list ziplist": bytes([10], str(ziplist("a", 12345, 7, "b"))),
  "intset of 16 bits": bytes([11], str(bytes(u32(2), u32(3), u16(0xfffb), u16(1), u16(300)))),
  "intset of 32 bits": bytes([11], str(bytes(u32(4), u32(2), u32(0xfffffffb), u32(70000)))),
  "intset of 64 bits": bytes([11], str(bytes(u32(8), u32(2), u32(0), u32(0xffffffff), u32(1), u32(5)))),
  "zset ziplist": bytes([12], str(ziplist("a", 1, "b", "2.5"))),
  "hash ziplist": bytes([13], str(ziplist("f", 1, "g", "xy"))),
  "quicklist of ziplists": bytes([14, 2], str(ziplist("a", 12345)), str(ziplist("b"))),
  "stream, first form": bytes(
    [15, 1],
    str(id(1, 1)),
    str(node),
    [2, 5, 0, 1],
    str("g"),
    [5, 0, 1],
    id(1, 1),
    time,
    [1, 1],
    str("c"),
    time,
    [1],
    id(1, 1),
  ),
  "hash listpack": bytes([16], str(listpack("f", 1, "g", "2.5"))),
  "hash listpack, repeated field": bytes([16], str(listpack("f", 1, "f", 2, "g", 3))),
  "zset listpack": bytes([17], str(listpack("c", -3, "a", 1, "b", "2.5"))),
  "zset listpack, out of order": bytes([17], str(listpack("a", 3, "b", 1, "d", 2, "c", "9"))),
  quicklist: bytes([18, 3, 2], str(listpack("a", 12345, -70)), [1], str("plain"), [2], str(listpack("b"))),
  "stream, second form": bytes([19, 1], str(id(1, 1)), str(node), [2, 5, 0, 1, 1, 1, 2, 3, 1], group(false)),
  "set listpack": bytes([20], str(listpack("a", 1, "b"))),
  "set listpack of integers": bytes([20], str(listpack(1, -5, 4000))),
  "stream, third form": bytes([21, 1], str(id(1, 1)), str(node), [2, 5, 0, 1, 1, 1, 2, 3, 1], group(true)),
  "stream of two nodes": bytes(
    [19, 2],
    str(id(1, 1)),
    str(node),
    str(id(9, 9)),
    str(node),
    [4, 13, 9, 1, 1, 1, 2, 6, 0],
  ),
  "stream without entries": [19, 0, 0, 5, 0, 0, 0, 5, 0, 3, 0],
  "hash with field TTLs, none set": bytes([24], time, [2, 0], str("f"), str("1"), [0], str("g"), str("2")),
  "hash listpack with field TTLs, none set": bytes([25], time, str(listpack("f", 1, 0, "g", 2, 0))),
}
