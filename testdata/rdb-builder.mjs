/**
 * Builds RDB files byte by byte, old encodings included. It shares no code with the decoder it serves to test. Text is
 * latin1; every method appends and returns the builder.
 */
const latin = (text) => Buffer.from(String(text), "latin1")

const POLY = 0x95ac9329ac4bc9b5n

/** CRC-64 of the RDB format, bit by bit. */
export const crc64 = (bytes) => {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ POLY : crc >> 1n
  }
  return crc
}

const u16 = (n) => Buffer.from([n & 0xff, (n >> 8) & 0xff])
const u32 = (n) => {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(n)
  return out
}
const i64 = (n) => {
  const out = Buffer.alloc(8)
  out.writeBigInt64LE(BigInt(n))
  return out
}

const u64be = (n) => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(BigInt(n))
  return out
}

/** 16 raw bytes of a stream ID. */
export const rawId = (ms, seq) => Buffer.concat([u64be(ms), u64be(seq)])

/** Ziplist entries: text is stored as such, a number as the integer of the width asked for. */
export const int = (value, width) => ({ value, width })

const ziplistContent = (entry) => {
  if (typeof entry === "string") {
    const bytes = latin(entry)
    if (entry.startsWith("32bit:")) {
      return Buffer.concat([Buffer.from([0x80, 0, 0, bytes.length >> 8, bytes.length & 0xff]), bytes])
    }
    if (bytes.length < 64) return Buffer.concat([Buffer.from([bytes.length]), bytes])
    return Buffer.concat([Buffer.from([0x40 | (bytes.length >> 8), bytes.length & 0xff]), bytes])
  }
  const { value, width } = entry
  if (width === 0) return Buffer.from([0xf1 + value])
  const encoding = { 8: 0xfe, 16: 0xc0, 24: 0xf0, 32: 0xd0, 64: 0xe0 }[width]
  return Buffer.concat([Buffer.from([encoding]), i64(value).subarray(0, width / 8)])
}

export const ziplist = (...entries) => {
  const parts = []
  let previous = 0
  let size = 10
  let last = 10
  for (const entry of entries) {
    const before = previous < 254 ? Buffer.from([previous]) : Buffer.concat([Buffer.from([0xfe]), u32(previous)])
    const content = ziplistContent(entry)
    parts.push(before, content)
    previous = before.length + content.length
    last = size
    size += previous
  }
  return Buffer.concat([u32(size + 1), u32(last), u16(entries.length), ...parts, Buffer.from([0xff])])
}

/** A zipmap; `unused` bytes follow each value, `count` overrides the count byte. */
export const zipmap = (fields, { unused = 0, count = fields.length } = {}) => {
  const sized = (text) => {
    const bytes = latin(text)
    return [bytes.length < 254 ? Buffer.from([bytes.length]) : Buffer.concat([Buffer.from([0xfe]), u32(bytes.length)]), bytes]
  }
  const parts = fields.flatMap(([field, value]) => {
    const [length, bytes] = sized(value)
    return [...sized(field), length, Buffer.from([unused]), bytes, Buffer.alloc(unused, 0x2e)]
  })
  return Buffer.concat([Buffer.from([count]), ...parts, Buffer.from([0xff])])
}

/** An intset of ascending values, `width` bytes each. */
export const intset = (width, ...values) =>
  Buffer.concat([u32(width), u32(values.length), ...values.map((value) => i64(value).subarray(0, width))])

/** A listpack of integers 0 to 127 and texts shorter than 64 bytes. */
export const listpack = (...entries) => {
  const parts = entries.map((entry) => {
    if (typeof entry === "number") return Buffer.from([entry, 1])
    const bytes = latin(entry)
    return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes, Buffer.from([bytes.length + 1])])
  })
  const size = 7 + parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([u32(size), u16(entries.length), ...parts, Buffer.from([0xff])])
}

export class RdbBuilder {
  constructor(version) {
    this.version = version
    this.parts = [latin(`REDIS${String(version).padStart(4, "0")}`)]
  }

  raw(...bytes) {
    this.parts.push(...bytes.map((item) => (typeof item === "number" ? Buffer.from([item]) : item)))
    return this
  }

  /** A length in its shortest form, or in the form of `bits` 6, 14, 32 or 64. */
  length(n, bits = n < 64 ? 6 : n < 16384 ? 14 : n < 2 ** 32 ? 32 : 64) {
    const big = u64be(n)
    if (bits === 6) return this.raw(Number(n))
    if (bits === 14) return this.raw(0x40 | (Number(n) >> 8), Number(n) & 0xff)
    return bits === 32 ? this.raw(0x80, big.subarray(4)) : this.raw(0x81, big)
  }

  string(text, bits) {
    const bytes = Buffer.isBuffer(text) ? text : latin(text)
    return this.length(bytes.length, bits).raw(bytes)
  }

  /** A string as an integer of `width` bits. */
  integer(value, width) {
    return this.raw({ 8: 0xc0, 16: 0xc1, 32: 0xc2 }[width], i64(value).subarray(0, width / 8))
  }

  lzf(compressed, plainLength) {
    return this.raw(0xc3).length(compressed.length).length(plainLength).raw(Buffer.from(compressed))
  }

  db(n) {
    return this.raw(0xfe).length(n)
  }

  aux(key, value) {
    return this.raw(0xfa).string(key).string(value)
  }

  resize(keys, expires) {
    return this.raw(0xfb).length(keys).length(expires)
  }

  expireSeconds(seconds) {
    return this.raw(0xfd, u32(seconds))
  }

  expireMs(ms) {
    return this.raw(0xfc, i64(ms))
  }

  int64(n) {
    return this.raw(i64(n))
  }

  double(score) {
    const out = Buffer.alloc(8)
    out.writeDoubleLE(score)
    return this.raw(out)
  }

  /** A type byte and a key; the value is up to the caller. */
  key(type, name) {
    return this.raw(type).string(name)
  }

  strings(...texts) {
    for (const text of texts) this.string(text)
    return this
  }

  /** A score as text; 253, 254 and 255 stand for NaN and the infinities. */
  textScore(score) {
    if (typeof score === "number") return this.raw(score)
    return this.raw(score.length, latin(score))
  }

  /** The finished file; `checksum` "zero" leaves it out as `rdbchecksum no` does. */
  build(checksum = "good") {
    this.raw(0xff)
    const body = Buffer.concat(this.parts)
    if (this.version < 5) return body
    const crc = Buffer.alloc(8)
    if (checksum === "good") crc.writeBigUInt64LE(crc64(body))
    return Buffer.concat([body, crc])
  }
}
