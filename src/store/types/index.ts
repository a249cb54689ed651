/** The value types, by type number (Entry.ts); index 6 is a whole keyspace table left over by FLUSHDB. */
import type { Arena, Ref } from "../../memory/Arena.js"
import { HashTable } from "../../memory/table/HashTable.js"
import { byteOf, chunkOf, wordOf } from "../../memory/Ref.js"
import {
  entryEncoding,
  entryKeyLength,
  entryKeyOffset,
  entryType,
  entryValue,
  LONG_HEAD_BYTES,
  STRING_EXTERNAL,
  stringLength,
  TYPE_STRING,
} from "../Entry.js"
import { listType } from "./ListValue.js"
import type { ValueType } from "../ValueType.js"
import { hashType } from "./HashValue.js"
import { setType } from "./SetValue.js"
import { sortedSetType } from "./SortedSetValue.js"
import { streamType } from "./StreamValue.js"

/** Strings: freed, copied and measured by the keyspace itself; only the external block is a value of its own. */
const stringType: ValueType = {
  freeStep: (a, encoding, value) => {
    if (encoding === STRING_EXTERNAL) a.free(value)
    return 0
  },
  freeEffort: () => 1,
  copy: (a, encoding, value) => {
    if (encoding !== STRING_EXTERNAL) return value
    const size = a.blockSize(value)
    const copy = a.alloc(size)
    a.copy(value, 0, copy, 0, size)
    return copy
  },
  bytes: (a, encoding, value) => (encoding === STRING_EXTERNAL ? a.blockSize(value) : 0),
  relocate: (r, _encoding, value) => {
    r.at.done = true
    return r.move(value)
  },
  visitBlocks: (_a, encoding, value, visit) => {
    if (encoding === STRING_EXTERNAL) visit(value)
  },
  check: (a, encoding, value) => {
    if (encoding !== STRING_EXTERNAL) return
    const bytes = a.i32[chunkOf(value)][wordOf(value)]
    if (LONG_HEAD_BYTES + bytes > a.blockSize(value))
      throw new Error(`a string of ${bytes} exceeds its block`)
  },
}

const keyspaceTable: ValueType = {
  freeStep: () => {
    throw new Error("a keyspace table is drained by LazyFree")
  },
  freeEffort: () => Infinity,
  copy: () => {
    throw new Error("a keyspace table is never copied")
  },
  relocate: () => {
    throw new Error("a keyspace table that waits to be freed is not moved")
  },
  bytes: (a: Arena, _encoding, value) => new HashTable(a).attach(value).ownBytes(),
  visitBlocks: (a, _encoding, value, visit) => {
    const table = new HashTable(a).attach(value)
    table.visitBlocks(visit)
    table.forEach((entry) => {
      visit(entry)
      valueTypes[entryType(a, entry)].visitBlocks(a, entryEncoding(a, entry), entryValue(a, entry), visit)
    })
  },
  check: (a, _encoding, value) => {
    const table = new HashTable(a).attach(value)
    table.checkInvariants()
    table.forEach((entry) => checkEntry(a, entry))
  },
}

/** Asserts that the entry is sound, and its value; its key stands in its table. */
const checkEntry = (a: Arena, entry: Ref): void => {
  const type = entryType(a, entry)
  const encoding = entryEncoding(a, entry)
  const inline = type === TYPE_STRING && encoding !== STRING_EXTERNAL
  const bytes = entryKeyOffset(a, entry) - byteOf(entry) + entryKeyLength(a, entry)
  if (bytes + (inline ? stringLength(a, entry) : 0) > a.blockSize(entry))
    throw new Error("an entry exceeds its block")
  valueTypes[type].check(a, encoding, entryValue(a, entry))
}

/** Pseudo type of a whole keyspace table, as it waits to be freed after FLUSHDB. */
export const KEYSPACE_TABLE = 6

export const valueTypes: ReadonlyArray<ValueType> = [
  stringType,
  listType,
  setType,
  sortedSetType,
  hashType,
  streamType,
  keyspaceTable,
]
