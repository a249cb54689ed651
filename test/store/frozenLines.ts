/** Reads the strings of a frozen keyspace as lines (keyspaceModel.ts), on any thread. */
import { FrozenTableWalk } from "../../src/memory/table/FrozenTable.js"
import { FrozenBlock, FrozenReader, type SnapshotHandle } from "../../src/memory/Snapshot.js"
import { EXTRA_EXPIRING, STRING_EXTERNAL } from "../../src/store/Entry.js"

export const frozenLines = (handle: SnapshotHandle, roots: ReadonlyArray<number>): Array<string> => {
  const reader = new FrozenReader(handle)
  const walk = new FrozenTableWalk()
  const entry = new FrozenBlock()
  const value = new FrozenBlock()
  const out: Array<string> = []
  for (const [db, root] of roots.entries()) {
    walk.open(reader, root)
    for (let ref = walk.next(); ref !== 0; ref = walk.next()) {
      reader.load(ref, entry)
      const [meta = 0, keyLength = 0, word = 0, low = 0, high = 0] = entry.i32
      const extra = meta & 7
      const expiry = extra === EXTRA_EXPIRING ? (BigInt(high) << 32n) | BigInt(low >>> 0) : -1n
      const key = 8 + extra * 4
      const keyText = Buffer.from(entry.u8.subarray(key, key + keyLength)).toString("latin1")
      let bytes = entry.u8.subarray(key + keyLength, key + keyLength + word)
      if (((meta >>> 6) & 3) === STRING_EXTERNAL) {
        reader.load(word, value)
        bytes = value.u8.subarray(8, 8 + (value.i32[0] ?? 0))
      }
      out.push(`${db} ${keyText} ${expiry} ${Buffer.from(bytes).toString("base64")}`)
    }
  }
  return out.sort()
}
