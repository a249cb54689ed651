/** Reads the packed bytes of a key out of redis-server's DUMP: type byte, then lengths and RDB strings (no LZF). */
import { type OracleServer, withOracle } from "../../support/Oracle.js"
import type { Argument, RawClient } from "../../support/RawClient.js"
import { parseReply } from "../../support/RespFrames.js"

/** What the bytes of a DUMP hold, by RDB type. */
export const rdbType = { intset: 11, hashListpack: 16, zsetListpack: 17, listQuicklist2: 18 } as const

class DumpReader {
  at = 1
  constructor(readonly bytes: Buffer) {}

  length(): number {
    const b = this.bytes.readUInt8(this.at)
    if (b < 0x40) return this.advance(1, b)
    if (b < 0x80) return this.advance(2, this.bytes.readUInt16BE(this.at) & 0x3fff)
    if (b === 0x80) return this.advance(5, this.bytes.readUInt32BE(this.at + 1))
    throw new Error(`a DUMP with an encoded string (${b}): rdbcompression must be off`)
  }

  string(): Buffer {
    const n = this.length()
    return this.bytes.subarray(this.advance(n, this.at), this.at)
  }

  private advance(n: number, value: number): number {
    this.at += n
    return value
  }
}

/** The packed bytes in a raw DUMP reply; undefined for a key that is gone. Throws when it is not one packed `type`. */
export const packedBytes = (reply: Buffer, type: number): Buffer | undefined => {
  const node = parseReply(reply)
  if (node.isNull) return undefined
  if (node.type !== "$") throw new Error(`DUMP answered ${reply.toString("latin1")}`)
  const payload = node.payload
  if (payload[0] !== type) throw new Error(`DUMP has RDB type ${payload[0]}, not ${type}`)
  const reader = new DumpReader(payload)
  if (type === rdbType.listQuicklist2) {
    const nodes = reader.length()
    const container = reader.length()
    if (nodes !== 1 || container !== 2)
      throw new Error(`a list of ${nodes} nodes, the first of kind ${container}`)
  }
  return reader.string()
}

/** Runs against an oracle that packs generously and compresses nothing. */
export const withPackingOracle = (
  use: (client: RawClient, oracle: OracleServer) => Promise<void>,
): Promise<void> =>
  withOracle(
    {
      config: {
        rdbcompression: "no",
        "list-max-listpack-size": "-5",
        "hash-max-listpack-entries": "5000",
        "hash-max-listpack-value": "3000000",
        "zset-max-listpack-entries": "5000",
        "zset-max-listpack-value": "5000",
        "set-max-intset-entries": "5000",
      },
    },
    async (oracle) => {
      const client = await oracle.connect()
      await use(client, oracle)
      client.close()
    },
  )

/** A command and what the key's packed bytes must be after it; undefined when the key must be gone. */
export interface PackedStep {
  readonly command: ReadonlyArray<Argument>
  readonly bytes: Buffer | undefined
}

/** Runs the steps on the oracle and returns the first that left other bytes, described; undefined when all agree. */
export const firstDifference = async (
  client: RawClient,
  key: string,
  type: number,
  steps: ReadonlyArray<PackedStep>,
): Promise<string | undefined> => {
  const replies = await client.pipeline(steps.flatMap(({ command }) => [command, ["DUMP", key]]))
  for (let i = 0; i < steps.length; i++) {
    const { command, bytes } = steps[i]
    const answer = replies[2 * i].toString("latin1")
    const theirs = packedBytes(replies[2 * i + 1], type)
    if (!answer.startsWith("-") && (bytes === undefined ? theirs === undefined : theirs?.equals(bytes)))
      continue
    const shown = command.map((part) =>
      part instanceof Uint8Array ? Buffer.from(part).toString("latin1") : part,
    )
    const hex = (b: Buffer | undefined): string => b?.toString("hex").slice(0, 400) ?? "gone"
    return `step ${i} ${JSON.stringify(shown).slice(0, 300)} -> ${answer.slice(0, 80)}\nRedis ${hex(theirs)}\nours  ${hex(bytes)}`
  }
  return undefined
}
