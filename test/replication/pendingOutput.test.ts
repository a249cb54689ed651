/** SYNC and PSYNC behind replies that their connection has not been sent yet, as redis-server takes them. */
import { expect, it } from "vitest"
import { type Node, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { encodeCommands, type Argument, type RawClient } from "../support/RawClient.js"

type Words = ReadonlyArray<Argument>

const FULL: Words = ["PSYNC", "?", "-1"]
const CAPA: Words = ["REPLCONF", "capa", "psync2"]

/** Chunks, each sent when the replies to the one before are there, and how many replies they get. */
const layouts: Readonly<Record<string, readonly [number, ...ReadonlyArray<ReadonlyArray<Words>>]>> = {
  alone: [1, [FULL]],
  "after a reply that was read": [2, [CAPA], [FULL]],
  "behind REPLCONF": [2, [CAPA, FULL]],
  "behind PING": [2, [["PING"], FULL]],
  "SYNC behind PING": [2, [["PING"], ["SYNC"]]],
  "between two": [3, [["PING"], FULL, ["PING"]]],
  "behind an error": [2, [["NOPE"], FULL]],
  "with an offset that is none": [2, [["PING"], ["PSYNC", "?", "zz"]]],
  "behind what has no reply": [1, [["REPLCONF", "ACK", 1], FULL]],
  "behind a reply that is dropped": [1, [["CLIENT", "REPLY", "SKIP"], ["PING"], FULL]],
}

/** A reply, all of which are lines; a master sends newlines to a replica that it has wait for a snapshot. */
const nextLine = async (client: RawClient): Promise<string> => {
  for (;;) {
    const line = String(await client.readLine())
    if (line !== "\n") return line
  }
}

const act = async (node: Node, layout: (typeof layouts)[string]): Promise<ReadonlyArray<string>> => {
  const [count, ...chunks] = layout
  const client = await node.connect()
  const replies: string[] = []
  for (const chunk of chunks) {
    client.sendRaw(encodeCommands(chunk))
    const last = chunk === chunks.at(-1)
    const wanted = last ? count - replies.length : chunk.length
    for (let i = 0; i < wanted; i++) replies.push((await nextLine(client)).replace(/[0-9a-f]{40} \d+/, "ID"))
  }
  client.close()
  return replies
}

describeOracle("SYNC and PSYNC", () => {
  it("are refused behind output of any kind, and served else", async () => {
    await withNodes(async (start) => {
      const nodes = [await start("redis"), await start("redix")]
      for (const [name, layout] of Object.entries(layouts)) {
        const [redis, redix] = await Promise.all(nodes.map((node) => act(node, layout)))
        expect([name, redix]).toEqual([name, redis])
      }
    })
  })
})
