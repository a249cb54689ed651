/**
 * Files that lie, loaded into a keyspace: cut at every byte, with bytes flipped, with a checksum that fits the lie. The
 * load fails with a typed error or loads what is valid; the arena stays sound and nothing is left over.
 */
import { describe, expect, it } from "vitest"
import { defaultSettings } from "../../src/engine/Settings.js"
import { Crc64 } from "../../src/bytes/Crc64.js"
import { RdbDecoder } from "../../src/rdb/decode/RdbDecoder.js"
import { RdbCorruptError, RdbVersionError } from "../../src/rdb/format/RdbErrors.js"
import { RdbLoader } from "../../src/rdb/load/RdbLoader.js"
import { entryKeyLength, entryKeyOffset } from "../../src/store/Entry.js"
import type { Keyspace } from "../../src/store/Keyspace.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import { goldenBytes, goldenNames } from "./Goldens.js"
import { keyspaceLines } from "./RandomWrites.js"
import { checkedKeyspace } from "../support/Memory.js"

/** Bytes a file may make the arena take, beyond a multiple of its own size. */
const ARENA_BYTES_MAX = 32 * 1024 * 1024

/** Loads a file; answers the error, or undefined. The keyspace must be sound and empty afterwards. */
const load = (keyspace: Keyspace, file: Uint8Array, chunkBytes: number): unknown => {
  const loader = new RdbLoader(keyspace, {
    limits: defaultSettings,
    dropExpired: false,
    duplicates: "refuse",
    fileBytes: file.length,
  })
  const decoder = new RdbDecoder(loader, { path: "lie.rdb", totalBytes: file.length })
  let error: unknown
  try {
    for (let at = 0; at < file.length && !decoder.done; at += chunkBytes)
      decoder.feed(file.subarray(at, at + chunkBytes))
    decoder.finish()
  } catch (thrown) {
    error = thrown
    loader.abandon()
  }
  if (error !== undefined) {
    const typed = error instanceof RdbCorruptError || error instanceof RdbVersionError
    if (!typed) throw error
  }
  expect(keyspace.arena.reservedBytes).toBeLessThan(ARENA_BYTES_MAX)
  // What was loaded can be read from end to end.
  expect(keyspaceLines(keyspace).length).toBe(loader.keys)
  return error
}

/** Directories of tables that were once larger. */
const LEFT_BYTES_MAX = 16 * 1024

/** Deletes one key after another, so that every block must be accounted for. */
const empty = (keyspace: Keyspace, bytesBefore: number): void => {
  const { arena } = keyspace
  for (const db of keyspace.databases) {
    const keys: Array<Uint8Array> = []
    db.table.forEach((entry) => {
      const off = entryKeyOffset(arena, entry)
      keys.push(arena.u8[entry >>> 20].slice(off, off + entryKeyLength(arena, entry)))
    })
    for (const key of keys) db.remove(db.table.find(key, 0, key.length), false)
    expect(db.size).toBe(0)
    expect(db.expires).toBe(0)
  }
  arena.checkInvariants()
  expect(arena.usedBytes).toBeLessThan(bytesBefore + LEFT_BYTES_MAX)
}

const newKeyspace = (): Keyspace =>
  checkedKeyspace({ databases: 16, now: 1_700_000_000_000, random: () => 0 })

/** Puts the checksum right, so that the lie is not found by it. */
const seal = (file: Uint8Array): void => {
  const crc = new Crc64()
  crc.update(file, 0, file.length - 8)
  crc.write(file, file.length - 8)
}

describe("a file that lies", () => {
  for (const name of goldenNames) {
    const golden = goldenBytes(name)

    it(`${name}, cut short`, () => {
      const keyspace = newKeyspace()
      const before = keyspace.arena.usedBytes
      const step = Math.max(1, Math.floor(golden.length / effort(50)))
      for (
        let length = Random.forTest(`cuts ${name}`).below(step);
        length < golden.length - 8;
        length += step
      ) {
        expect(load(keyspace, golden.subarray(0, length), 4096)).toBeInstanceOf(RdbCorruptError)
        empty(keyspace, before)
      }
    })

    it(`${name}, with bytes changed and the checksum put right`, () => {
      const keyspace = newKeyspace()
      const before = keyspace.arena.usedBytes
      const r = Random.forTest(`lies ${name}`)
      for (let run = 0; run < effort(40); run++) {
        const file = golden.slice()
        for (let flips = 1 + r.below(3); flips > 0; flips--) {
          const at = 9 + r.below(Math.max(1, file.length - 17))
          file[at] = r.chance(0.4) ? r.pick([0, 1, 0x3f, 0x40, 0x80, 0x81, 0xc3, 0xff]) : r.below(256)
        }
        seal(file)
        load(keyspace, file, r.pick([64, 1000, 65536]))
        empty(keyspace, before)
      }
    })
  }
})
