/** Append-only files made for tests, what a reader makes of their bytes, and servers on disks that fail. */
import { dataCommands } from "../../src/commands/index.js"
import { AofDamageError } from "../../src/aof/AofErrors.js"
import { checkedGroup, timestampLine } from "../../src/aof/AofFormat.js"
import { AofReader, type AofTail } from "../../src/aof/AofReader.js"
import { CommandTable } from "../../src/engine/CommandTable.js"
import { Keyspace } from "../../src/store/Keyspace.js"
import { GatedFiles } from "../support/GatedFiles.js"
import { encodeCommand } from "../support/RawClient.js"
import type { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

export const keyspace = new Keyspace({ databases: 1, now: 1_000, random: () => 0 })
export const table = new CommandTable(dataCommands)

/** A piece of a file that is kept or lost as a whole. */
export interface Piece {
  readonly bytes: Buffer
  readonly commands: ReadonlyArray<string>
  readonly kind: "command" | "transaction" | "group" | "line"
}

export const group = (body: Uint8Array, unsynced = 0): Buffer => Buffer.from(checkedGroup(body, unsynced))

const randomCommand = (random: Random): ReadonlyArray<string> => [
  random.pick(["SET", "rpush", "nosuch", "HSET"]),
  ...Array.from({ length: random.between(1, 4) }, () =>
    random.pick([
      "k",
      "",
      "#TS:1\r\n",
      "#CRC:0:0",
      "*1\r\n$4\r\nEXEC\r\n",
      "x".repeat(random.pick([3, 90, 700])),
    ]),
  ),
]

const transaction = (random: Random): ReadonlyArray<ReadonlyArray<string>> => [
  [random.pick(["MULTI", "multi"])],
  ...Array.from({ length: random.below(4) }, () => randomCommand(random)),
  [random.pick(["EXEC", "exec"])],
]

export const wordsOf = (commands: ReadonlyArray<ReadonlyArray<string>>): Array<string> =>
  commands.map((words) => words.join(" "))

const encoded = (commands: ReadonlyArray<ReadonlyArray<string>>): Buffer =>
  Buffer.concat(commands.map((words) => encodeCommand(words)))

/** Some pieces as a writer of groups, or one without, leaves them. */
export const randomPieces = (random: Random, count: number, grouped: boolean, unsynced = 0): Array<Piece> => {
  const pieces: Array<Piece> = []
  if (grouped) pieces.push({ bytes: group(Buffer.alloc(0)), commands: [], kind: "group" })
  while (pieces.length < count) {
    if (random.chance(0.15)) {
      pieces.push({ bytes: Buffer.from(timestampLine(random.below(1e9))), commands: [], kind: "line" })
      continue
    }
    if (!grouped) {
      const commands = random.chance(0.3) ? transaction(random) : [randomCommand(random)]
      const kind = commands.length > 1 ? "transaction" : "command"
      pieces.push({ bytes: encoded(commands), commands: wordsOf(commands), kind })
      continue
    }
    const commands = Array.from({ length: random.between(1, 4) }, () =>
      random.chance(0.2) ? transaction(random) : [randomCommand(random)],
    ).flat()
    pieces.push({ bytes: group(encoded(commands), unsynced), commands: wordsOf(commands), kind: "group" })
  }
  return pieces
}

export const fileOf = (pieces: ReadonlyArray<Piece>): Buffer =>
  Buffer.concat(pieces.map(({ bytes }) => bytes))

export const commandsOf = (pieces: ReadonlyArray<Piece>): Array<string> =>
  pieces.flatMap(({ commands }) => commands)

export interface ReadBack {
  readonly commands: Array<string>
  readonly validUpTo: number
  readonly tail: AofTail | AofDamageError
}

/** Reads a file in chunks that end at `cuts`; each chunk is overwritten as soon as that is allowed. */
export const readBack = (file: Uint8Array, cuts: ReadonlyArray<number> = []): ReadBack => {
  const reader = new AofReader({ path: "dir/x.aof", totalBytes: file.length, commands: table })
  const commands: Array<string> = []
  const result = (tail: AofTail | AofDamageError): ReadBack => ({
    commands,
    validUpTo: reader.validUpTo,
    tail,
  })
  let at = 0
  try {
    for (const end of [...cuts, file.length]) {
      if (end <= at) continue
      const chunk = Buffer.from(file.subarray(at, end))
      at = end
      reader.feed(chunk)
      for (;;) {
        const request = reader.next(keyspace.database(0))
        if (request === undefined) break
        const words = Array.from({ length: request.argc }, (_, i) => {
          const off = request.argOff[i] ?? 0
          return Buffer.from(request.buf.slice(off, off + (request.argLen[i] ?? 0))).toString("latin1")
        })
        commands.push(words.join(" "))
      }
      chunk.fill(0x2a)
    }
    return result(reader.finish())
  } catch (thrown) {
    if (thrown instanceof AofDamageError) return result(thrown)
    throw thrown
  }
}

/** The commands without those of a transaction that has no end: nobody runs them. */
export const withoutOpenMulti = (commands: ReadonlyArray<string>): Array<string> => {
  const from = commands.findLastIndex((words) => words.toLowerCase() === "multi")
  const to = commands.findLastIndex((words) => words.toLowerCase() === "exec")
  return commands.slice(0, from > to ? from : undefined)
}

export interface OnDisk {
  readonly server: TestRedix
  readonly disk: GatedFiles
  /** What the server logs. */
  readonly lines: Array<string>
}

/** Starts a server whose append-only file is on a disk that the test holds or fails. */
export const startOnDisk = async (dir: string, appendfsync: "always" | "everysec"): Promise<OnDisk> => {
  const disk = new GatedFiles()
  const lines: Array<string> = []
  const server = await startRedix({}, { dir, appendonly: true, appendfsync }, lines, undefined, disk.layer)
  return { server, disk, lines }
}
