/** The reader of append-only files gives whole commands, transactions and groups, however a file is cut, torn or garbled. */
import { describe, expect, it } from "vitest"
import { AofDamageError } from "../../src/aof/AofErrors.js"
import { AofReader } from "../../src/aof/AofReader.js"
import { LaterGroups } from "../../src/aof/LaterGroups.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import {
  commandsOf,
  fileOf,
  group,
  keyspace,
  randomPieces,
  readBack,
  table,
  type Piece,
  type ReadBack,
  withoutOpenMulti,
} from "./AofSupport.js"

const randomCuts = (random: Random, length: number): Array<number> =>
  Array.from({ length: random.below(12) }, () => random.below(length + 1)).sort((a, b) => a - b)

/** What must be left of a file cut at `end`: the pieces that are whole. */
const wholePieces = (pieces: ReadonlyArray<Piece>, end: number): { kept: Array<Piece>; bytes: number } => {
  const kept: Array<Piece> = []
  let bytes = 0
  for (const piece of pieces) {
    if (bytes + piece.bytes.length > end) break
    kept.push(piece)
    bytes += piece.bytes.length
  }
  return { kept, bytes }
}

const claims = (file: Uint8Array, bad: number, random: Random): boolean => {
  const later = new LaterGroups(bad)
  let found = false
  for (let at = bad; at < file.length && !found;) {
    const n = random.pick([1, 13, 500, 100_000])
    found = later.feed(file.subarray(at, at + n))
    at += n
  }
  return found
}

describe("the reader of append-only files", () => {
  it("gives the same commands however the file comes", () => {
    const random = Random.forTest("aof splits")
    for (let round = 0; round < effort(300); round++) {
      const pieces = randomPieces(random, random.between(1, 40), random.chance(0.5))
      const file = fileOf(pieces)
      const cuts = random.chance(0.1)
        ? Array.from({ length: file.length }, (_, i) => i)
        : randomCuts(random, file.length)
      const read = readBack(file, cuts)
      expect(read).toEqual({ commands: commandsOf(pieces), validUpTo: file.length, tail: "whole" })
    }
  })

  it("cuts a tail at the last whole piece, whichever byte it ends in", () => {
    const random = Random.forTest("aof tails")
    for (let round = 0; round < effort(8); round++) {
      const pieces = randomPieces(random, 8, round % 2 === 0)
      const file = fileOf(pieces)
      for (let end = 0; end <= file.length; end++) {
        const torn = file.subarray(0, end)
        const read = readBack(torn, randomCuts(random, end))
        const { kept, bytes } = wholePieces(pieces, end)
        expect(withoutOpenMulti(read.commands)).toEqual(commandsOf(kept))
        expect(read.validUpTo).toBe(bytes)
        expect(read.tail === "whole").toBe(bytes === end)
        expect(read.tail).not.toBeInstanceOf(AofDamageError)
      }
    }
  })

  it("says what a file is torn in", () => {
    const multi = "*1\r\n$5\r\nMULTI\r\n"
    const set = "*2\r\n$3\r\nSET\r\n$1\r\na\r\n"
    expect(readBack(Buffer.from(set.slice(0, -1))).tail).toBe("short")
    expect(readBack(Buffer.from(multi + set)).tail).toBe("multi")
    expect(readBack(Buffer.from(`${set}#TS:12`))).toMatchObject({ tail: "short", validUpTo: set.length })
    expect(readBack(group(Buffer.from(set)).subarray(0, -1)).tail).toBe("group")
  })

  it("gives nothing of a group of which a byte has changed, and all before it", () => {
    const random = Random.forTest("aof flips")
    for (let round = 0; round < effort(6); round++) {
      const pieces = randomPieces(random, 7, true)
      const file = fileOf(pieces)
      let start = 0
      pieces.forEach((piece, index) => {
        for (let at = start; at < start + piece.bytes.length; at++) {
          const garbled = Buffer.from(file)
          garbled[at] = (garbled[at] ?? 0) ^ (1 << random.below(8))
          expectOnlyBefore(pieces.slice(0, index), readBack(garbled, randomCuts(random, file.length)), piece)
        }
        start += piece.bytes.length
      })
    }
  })

  it("tells a torn tail from damage by what later groups say was on the disk", () => {
    const random = Random.forTest("aof later groups")
    for (let round = 0; round < effort(40); round++) {
      const before = fileOf(randomPieces(random, 4, true))
      const bad = fileOf(randomPieces(random, 3, true).slice(1))
      bad.set(random.bytes(bad.length))
      const unsynced = random.below(bad.length + 1)
      const later = group(Buffer.from("*1\r\n$4\r\nPING\r\n"), unsynced)
      const after = fileOf(randomPieces(random, 3, true, 1e9).slice(1))
      expect(claims(Buffer.concat([before, bad, later, after]), before.length, random)).toBe(
        unsynced < bad.length,
      )
      const unsound = Buffer.from(later)
      unsound[unsound.length - 1] = 0
      expect(claims(Buffer.concat([before, bad, unsound, after]), before.length, random)).toBe(false)
    }
  })

  it("refuses what is no command in a file without groups, with its place", () => {
    const set = "*2\r\n$3\r\nSET\r\n$1\r\na\r\n"
    const cases: ReadonlyArray<readonly [string, string]> = [
      ["xyz\r\n", "expected '*', got 'x'"],
      ["\r\n", "expected '*', got ' '"],
      ["\0\0\0\0", "expected '*', got '\0'"],
      ["*0\r\n", "invalid multibulk length"],
      ["*-1\r\n", "invalid multibulk length"],
      ["*1\r\n$-1\r\n", "invalid bulk length"],
      ["*1\r\n+OK\r\n", "expected '$', got '+'"],
    ]
    for (const [bytes, reason] of cases) {
      const read = readBack(Buffer.from(`${set}${bytes}${set}`, "latin1"))
      expect(read.commands).toEqual(["SET a"])
      expect(read.tail).toMatchObject({ kind: "format", offset: set.length, path: "dir/x.aof" })
      expect(read.tail).toBeInstanceOf(AofDamageError)
      expect(String(read.tail)).toContain(reason)
    }
  })

  it("ends before an argument that is longer than what is left, however long it says it is", () => {
    const set = "*2\r\n$3\r\nSET\r\n$1\r\na\r\n"
    for (const length of ["40", "600000000", "9999999999", "9223372036854775807"]) {
      const file = Buffer.from(`${set}*2\r\n$3\r\nSET\r\n$${length}\r\n${set}`)
      const cuts = Array.from({ length: file.length }, (_, i) => i)
      for (const read of [readBack(file), readBack(file, cuts)])
        expect(read).toEqual({ commands: ["SET a"], validUpTo: set.length, tail: "short" })
      const grouped = Buffer.concat([group(Buffer.from(set)), file.subarray(set.length)])
      expect(readBack(grouped)).toMatchObject({ commands: ["SET a"], tail: "group" })
    }
    const whole = Buffer.from(`*2\r\n$3\r\nSET\r\n$${set.length}\r\n${set}\r\n`)
    expect(readBack(whole)).toMatchObject({ commands: [`SET ${set}`], tail: "whole" })
  })

  it("refuses an argument that is all there and too long for any command, and cuts nothing", () => {
    const head = Buffer.from("*2\r\n$3\r\nSET\r\n$5000000000\r\n")
    for (const [totalBytes, tail] of [
      [head.length + 5_000_000_002, "format"],
      [head.length + 5_000_000_001, "short"],
    ] as const) {
      const reader = new AofReader({ path: "x.aof", totalBytes, commands: table })
      reader.feed(head)
      const next = (): unknown => reader.next(keyspace.database(0))
      if (tail === "short") {
        expect(next()).toBeUndefined()
        expect(reader.finish()).toBe("short")
      } else expect(next).toThrow("too big request")
    }
  })

  it("goes on in a file that has grown since its size was taken", () => {
    const set = "*2\r\n$3\r\nSET\r\n$1\r\na\r\n"
    const reader = new AofReader({ path: "x.aof", totalBytes: 10, commands: table })
    reader.feed(Buffer.from(set + set.slice(0, 10)))
    expect(reader.next(keyspace.database(0))).toBeDefined()
    expect(reader.next(keyspace.database(0))).toBeUndefined()
    reader.feed(Buffer.from(set.slice(10)))
    expect(reader.next(keyspace.database(0))).toBeDefined()
    expect(reader.next(keyspace.database(0))).toBeUndefined()
    expect(reader.finish()).toBe("whole")
  })

  it("passes over comments where there are no groups", () => {
    const set = "*2\r\n$3\r\nSET\r\n$1\r\na\r\n"
    const file = Buffer.from(`# a file\r\n${set}#\n${set}#TS:1\r\n`)
    expect(readBack(file)).toEqual({ commands: ["SET a", "SET a"], validUpTo: file.length, tail: "whole" })
  })

  it("takes commands outside groups, as a server leaves them that was told to make none", () => {
    const set = Buffer.from("*2\r\n$3\r\nSET\r\n$1\r\na\r\n")
    const comment = Buffer.from("# none from here\r\n")
    const file = Buffer.concat([set, group(set), set, comment, set, group(Buffer.concat([set, set]))])
    const cuts = Array.from({ length: file.length }, (_, i) => i)
    for (const read of [readBack(file), readBack(file, cuts)])
      expect(read).toEqual({ commands: Array(6).fill("SET a"), validUpTo: file.length, tail: "whole" })
  })

  it("refuses a group that is whole and holds half a command or half a transaction", () => {
    for (const body of ["*2\r\n$3\r\nSET\r\n$1\r\na", "*1\r\n$5\r\nMULTI\r\n"])
      expect(readBack(group(Buffer.from(body))).tail).toMatchObject({ kind: "format", offset: 0 })
  })
})

/**
 * Lines of the time are in no group: one that has changed may say another time, or end what can be read. Of the first
 * group, which is empty and says that the file has groups, nobody knows that it was one.
 */
const expectOnlyBefore = (before: ReadonlyArray<Piece>, read: ReadBack, changed: Piece): void => {
  if ((changed.kind === "line" || before.length === 0) && read.tail === "whole") return
  if (before.length === 0 && read.tail instanceof AofDamageError) return expect(read.commands).toEqual([])
  expect(read.commands).toEqual(commandsOf(before))
  expect(read.tail).toBe("group")
  expect(read.validUpTo).toBe(fileOf(before).length)
}
