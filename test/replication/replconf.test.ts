/** REPLCONF and its kin, word for word as redis-server answers; and snapshots of a part of the data set. */
import { execFile } from "node:child_process"
import * as path from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { compared } from "../support/coverage/Compared.js"
import { type Node, type NodeKind, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { encodeCommands } from "../support/RawClient.js"

const run = promisify(execFile)

const commands: ReadonlyArray<ReadonlyArray<string>> = [
  [],
  ["a"],
  ["a", "b"],
  ["listening-port"],
  ["listening-port", "x"],
  ["listening-port", "-1"],
  ["listening-port", "99999999999"],
  ["LISTENING-PORT", "6380"],
  ["listening-port", "1", "foo", "2"],
  ["listening-port", "1", "foo"],
  ["ip-address", "1.2.3.4"],
  ["ip-address", ""],
  ["ip-address", "a".repeat(255)],
  ["ip-address", "a".repeat(256)],
  ["capa"],
  ["capa", "eof", "capa", "other"],
  ["version", "7.0.15"],
  ["rdb-only", "0"],
  ["rdb-only", "1"],
  ["rdb-only", "2"],
  ["rdb-only", "-1"],
  ["rdb-only", "x"],
  ["rdb-filter-only"],
  ["rdb-filter-only", ""],
  ["rdb-filter-only", "functions"],
  ["rdb-filter-only", "FUNCTIONS functions"],
  ["rdb-filter-only", '"functions"'],
  ["rdb-filter-only", "functions,other"],
  ["rdb-filter-only", "functions other"],
  ["rdb-filter-only", '"functions'],
  ["ACK"],
  ["dual-channel", "1"],
]

describeOracle("REPLCONF", () => {
  it("answers as redis-server", async () => {
    await withNodes(async (start) => {
      const nodes = [await start("redis"), await start("redix")]
      const ask = async (node: Node, words: ReadonlyArray<string>): Promise<string> => {
        const client = await node.connect()
        const reply = await client.text("REPLCONF", ...words)
        client.close()
        return `${words.join(" ").slice(0, 60)} => ${reply}`
      }
      const replies: Array<ReadonlyArray<string>> = []
      for (const node of nodes) {
        const all: string[] = []
        for (const words of commands) all.push(await ask(node, words))
        // These are never answered: the PING behind them is.
        for (const words of ["ACK x", "ACK 1", "GETACK *", "GETACK x other y"]) {
          const client = await node.connect()
          client.sendRaw(`REPLCONF ${words}\r\nPING\r\n`)
          all.push(String(await client.readReply()))
          client.close()
        }
        replies.push(all)
      }
      expect(replies[1]).toEqual(replies[0])
      for (const line of replies[0] ?? []) compared(["REPLCONF"], line.split(" => ")[1] ?? "")
    })
  })

  it("redis-cli takes the whole data set, or the function libraries alone; nobody waits for more replicas", async () => {
    await withNodes(async (start) => {
      const master = await start("redix", { "repl-diskless-sync-delay": "0" })
      await master.ask("DEBUG", "POPULATE", 100)
      const keysIn = async (option: string): Promise<string> => {
        const file = path.join(master.dir, `${option}.rdb`)
        await run("redis-cli", ["-p", String(master.port), option, file])
        const { stdout } = await run("redis-check-rdb", [file])
        return /(\d+) keys read/.exec(stdout)?.[1] ?? stdout
      }
      expect(await keysIn("--rdb")).toBe("100")
      expect(await keysIn("--functions-rdb")).toBe("0")
      expect(await keysIn("--rdb")).toBe("100")
      // A plain SYNC takes a file, which others may join: the delay for diskless transfers is not for it.
      await master.ask("CONFIG", "SET", "repl-diskless-sync-delay", 3600)
      const client = await master.connect()
      client.sendRaw("SYNC\r\n")
      let line = ""
      while (!line.startsWith("$")) line = String(await client.readLine())
      expect(line).toMatch(/^\$\d+/)
      client.close()
    })
  })

  it("a replica that asks for a reply is disconnected: it would stand in the stream", async () => {
    await withNodes(async (start) => {
      const seen = async (kind: NodeKind): Promise<ReadonlyArray<string>> => {
        const node = await start(kind)
        const lines: string[] = []
        for (const words of [
          "PING",
          "SET a 1",
          "NOSUCH",
          "MULTI",
          "SUBSCRIBE x",
          "REPLCONF capa eof",
          "SYNC",
        ]) {
          const replica = await node.connect()
          replica.sendRaw("PSYNC ? -1\r\n")
          let line = ""
          while (!line.startsWith("+FULL")) line = String(await replica.readLine()).trim()
          const offset = line.split(" ")[2] ?? ""
          while (!line.startsWith("$")) line = String(await replica.readLine()).trim()
          await replica.readBytes(Number(line.slice(1)))
          replica.sendRaw(
            encodeCommands([["REPLCONF", "ACK", offset], words.split(" "), ["REPLCONF", "ACK", offset]]),
          )
          // What is not disconnected gets the stream.
          const end = await Promise.race([
            replica.waitForClose().then(() => "disconnected"),
            node.ask("SET", "b", 1).then(() => replica.readLine().then(String)),
          ]).catch(() => "disconnected")
          lines.push(`${words}: ${end.trim()}, ${await node.ask("EXISTS", "a")}`)
          replica.close()
        }
        await node.says("Replica generated a reply")
        return lines
      }
      expect(await seen("redix")).toEqual(await seen("redis"))
    })
  })
})
