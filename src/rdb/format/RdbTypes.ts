/**
 * The numbers of the RDB format: value types, opcodes, string encodings, versions and limits. They are on disks all
 * over the world; test/rdb/decoder-numbers.test.ts pins them, and the list may only grow.
 *
 * A file is
 *
 *     "REDIS" dddd | records ... | 0xff | CRC-64, 8 bytes little endian, of all before it (from version 5 on)
 *
 * where dddd is the version in decimal digits and a record is an opcode with its operands or a value type (one byte)
 * followed by a key (a string) and the value. Opcodes 0xf8, 0xf9, 0xfc and 0xfd qualify the next key.
 *
 * A length takes 1, 2, 5 or 9 bytes, told by the top two bits of the first:
 *
 *     00nnnnnn                        6 bits
 *     01nnnnnn nnnnnnnn              14 bits, big endian
 *     10000000 + 4 bytes             32 bits, big endian
 *     10000001 + 8 bytes             64 bits, big endian
 *     11eeeeee                       not a length: the string that follows has encoding e
 *
 * A string is a length and as many bytes, or 11000000 + int8, 11000001 + int16, 11000010 + int32 (little endian, the
 * string is their decimal form), or 11000011 + compressed length + plain length + LZF data.
 */

/** Oldest and newest version this decoder reads; 12 is Redis 7.4's, 10 Redis 7.0's. */
export const RDB_VERSION_MIN = 1
export const RDB_VERSION_MAX = 12
/** From this version on, a CRC-64 follows the end opcode. */
export const RDB_VERSION_WITH_CRC = 5

/** Longest string a file may hold, in bytes: the largest length that stays a small integer in V8. */
export const RDB_STRING_BYTES_MAX = 0x7fffffff

/** Value types: the byte before a key. */
export const RdbType = {
  String: 0,
  List: 1,
  Set: 2,
  ZsetText: 3,
  Hash: 4,
  ZsetBinary: 5,
  ModuleOld: 6,
  Module: 7,
  HashZipmap: 9,
  ListZiplist: 10,
  SetIntset: 11,
  ZsetZiplist: 12,
  HashZiplist: 13,
  ListQuicklist: 14,
  StreamV1: 15,
  HashListpack: 16,
  ZsetListpack: 17,
  ListQuicklist2: 18,
  StreamV2: 19,
  SetListpack: 20,
  StreamV3: 21,
  HashMetadataPreGa: 22,
  HashListpackExPreGa: 23,
  HashMetadata: 24,
  HashListpackEx: 25,
} as const

/** Opcodes: they stand where a value type could. */
export const RdbOpcode = {
  SlotInfo: 244,
  Function: 245,
  FunctionPreGa: 246,
  ModuleAux: 247,
  Idle: 248,
  Freq: 249,
  Aux: 250,
  ResizeDb: 251,
  ExpireMs: 252,
  ExpireSeconds: 253,
  SelectDb: 254,
  End: 255,
} as const

/** Low six bits of a length byte that starts 11. */
export const RdbStringEncoding = { Int8: 0, Int16: 1, Int32: 2, Lzf: 3 } as const

/** What precedes each item a module wrote; End closes the value. */
export const RdbModuleOpcode = {
  End: 0,
  SignedInt: 1,
  UnsignedInt: 2,
  Float: 3,
  Double: 4,
  String: 5,
} as const

/** Node containers of type 18. */
export const RdbNodeContainer = { Plain: 1, Packed: 2 } as const

const typeNames: ReadonlyMap<number, string> = new Map([
  [RdbType.String, "string"],
  [RdbType.List, "list"],
  [RdbType.Set, "set"],
  [RdbType.ZsetText, "zset with text scores"],
  [RdbType.Hash, "hash"],
  [RdbType.ZsetBinary, "zset"],
  [RdbType.ModuleOld, "module value of the first form"],
  [RdbType.Module, "module value"],
  [RdbType.HashZipmap, "hash zipmap"],
  [RdbType.ListZiplist, "list ziplist"],
  [RdbType.SetIntset, "set intset"],
  [RdbType.ZsetZiplist, "zset ziplist"],
  [RdbType.HashZiplist, "hash ziplist"],
  [RdbType.ListQuicklist, "list quicklist of ziplists"],
  [RdbType.StreamV1, "stream"],
  [RdbType.HashListpack, "hash listpack"],
  [RdbType.ZsetListpack, "zset listpack"],
  [RdbType.ListQuicklist2, "list quicklist of listpacks"],
  [RdbType.StreamV2, "stream, second form"],
  [RdbType.SetListpack, "set listpack"],
  [RdbType.StreamV3, "stream, third form"],
  [RdbType.HashMetadataPreGa, "hash with field TTLs, pre-release form"],
  [RdbType.HashListpackExPreGa, "hash listpack with field TTLs, pre-release form"],
  [RdbType.HashMetadata, "hash with field TTLs"],
  [RdbType.HashListpackEx, "hash listpack with field TTLs"],
])

/** A value type in words, for messages and summaries. */
export const rdbTypeName = (type: number): string => typeNames.get(type) ?? `unknown type ${type}`

export const isRdbValueType = (type: number): boolean => typeNames.has(type)
