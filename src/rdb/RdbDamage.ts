/** redis-server's words for a damaged value, which scripts and tests look for in the log; our own reason follows them. */
import type { CorruptValue, Damage } from "./format/RdbErrors.js"
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

const WORDS: Readonly<Partial<Record<Damage, string>>> = {
  compression: "Invalid LZF compressed string",
  "member of a set": "Duplicate set members detected",
  "field of a hash": "Hash with dup elements",
  "member of a sorted set": "Duplicate zset fields detected",
  score: "Zset with NAN score detected",
  "list node": "Quicklist integrity check failed.",
  "ID of a stream's node": "Stream node key entry is not the size of a stream ID",
}

const wordsFor = (type: number, damage: Damage): string | undefined => {
  if (damage !== "packed") return WORDS[damage]
  const form = FORMS[type]
  return form === undefined ? undefined : `${form} integrity check failed.`
}

/** @param type of the value that was being read */
export const damageOf = (type: number, { damage, reason }: CorruptValue): string | undefined => {
  const words = damage === undefined ? undefined : wordsFor(type, damage)
  return words === undefined ? undefined : `${words} (${reason})`
}
