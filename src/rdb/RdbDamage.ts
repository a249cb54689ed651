/** redis-server's words for a damaged value, which scripts and tests look for in the log; our own reason follows them. */
import { RdbType } from "./format/RdbTypes.js"

/** Packed forms by type, as redis-server calls them when their bytes make no sense. */
const FORMS: Readonly<Partial<Record<number, string>>> = {
  [RdbType.HashZipmap]: "Zipmap",
  [RdbType.ListZiplist]: "List ziplist",
  [RdbType.SetIntset]: "Intset",
  [RdbType.ZsetZiplist]: "Zset ziplist",
  [RdbType.HashZiplist]: "Hash ziplist",
  [RdbType.ListQuicklist]: "Ziplist",
  [RdbType.StreamV1]: "Stream listpack",
  [RdbType.HashListpack]: "Hash listpack",
  [RdbType.ZsetListpack]: "Zset listpack",
  [RdbType.ListQuicklist2]: "Listpack",
  [RdbType.StreamV2]: "Stream listpack",
  [RdbType.SetListpack]: "Set listpack",
  [RdbType.StreamV3]: "Stream listpack",
}

const PACKED = /^(invalid (listpack|intset)|(set |zset )?listpack|ziplist|zipmap|stream node)\b/

const WORDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^set: repeated member/, "Duplicate set members detected"],
  [/^hash: repeated field/, "Hash with dup elements"],
  [/^zset: repeated member/, "Duplicate zset fields detected"],
  [/^zset: score is not a number/, "Zset with NAN score detected"],
  [/^unknown list node container/, "Quicklist integrity check failed."],
  [/^stream node: ID is not of 16 bytes/, "Stream node key entry is not the size of a stream ID"],
  [/^invalid LZF data|cannot come from \d+ compressed ones/, "Invalid LZF compressed string"],
]

/** @param type of the value that was being read */
export const damageOf = (type: number, reason: string): string | undefined => {
  for (const [pattern, words] of WORDS) if (pattern.test(reason)) return `${words} (${reason})`
  const form = PACKED.test(reason) ? FORMS[type] : undefined
  return form === undefined ? undefined : `${form} integrity check failed. (${reason})`
}
