/**
 * A master that does not keep to the protocol: a replica keeps what it had where redis-server does, counts what the master
 * has sent, never applies half a transaction, and asks for a snapshot when it cannot follow the stream.
 */
import { readFileSync } from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { type Node, type NodeKind, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { encodeCommand } from "../support/RawClient.js"
import { type MasterScript, ScriptedMaster } from "../support/ScriptedMaster.js"

const ID = "a".repeat(40)
const bulk = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes])
const stream = (...commands: ReadonlyArray<string>): string =>
  commands.map((words) => encodeCommand(words.split(" ")).toString("latin1")).join("")

/** The file of a redis-server with one key, `fresh`. */
const snapshotOf = async (
  start: (kind: NodeKind, config?: Readonly<Record<string, string>>) => Promise<Node>,
): Promise<Buffer> => {
  const source = await start("redis")
  await source.ask("SET", "fresh", 1)
  await source.ask("SAVE")
  return readFileSync(path.join(source.dir, "dump.rdb"))
}

const keysOf = async (node: Node): Promise<string> =>
  ((await node.ask("KEYS", "*")).match(/[a-z]+/g) ?? []).toSorted().join(" ")

describeOracle.concurrent("a master that lies", () => {
  it("in the stream: what is applied and how it counts is as with redis-server", async () => {
    await withNodes(async (start) => {
      const snapshot = await snapshotOf(start)
      const streams: ReadonlyArray<readonly [string, string]> = [
        ["empty lines", `\n\n\r\n${stream("SET b 2")}\n\n${stream("SET b 3")}`],
        ["empty commands", `*0\r\n*-1\r\n${stream("SET b 2")}*-5\r\n${stream("SET b 3")}`],
        ["an empty line inside of a transaction", `${stream("MULTI", "SET a 1")}\r\n${stream("EXEC")}`],
        ["EXEC alone", stream("EXEC", "SET b 2")],
        ["nested MULTI", stream("MULTI", "MULTI", "SET a 1", "EXEC", "SET b 2")],
        ["an error in a transaction", stream("MULTI", "SET a 1", "LPUSH a 1", "SET c 1", "EXEC")],
        ["an open transaction", stream("SET b 2", "MULTI", "SET a 1")],
        ["half a command", `${stream("SET b 2")}*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$5\r\nab`],
        ["a database that is not there", stream("SELECT 99", "SET b 2")],
        ["errors", stream("SET a 1", "LPUSH a x", "GET", "SET b 2")],
      ]
      const seen = async (kind: NodeKind): Promise<ReadonlyArray<string>> => {
        const node = await start(kind)
        const lines: string[] = []
        for (const [name, bytes] of streams) {
          const master = await ScriptedMaster.start({
            PSYNC: (send) => {
              send(`+FULLRESYNC ${ID} 100\r\n`)
              send(bulk(snapshot))
              send(bytes)
            },
          })
          await node.ask("CONFIG", "RESETSTAT")
          await node.follow(master)
          const read = 100 + bytes.length
          await until(
            async () => (await node.field("slave_read_repl_offset")) === String(read),
            async () => `${node.name}, ${name}: ${read} bytes read\n${await node.ask("INFO", "replication")}`,
          )
          const { slave_repl_offset, unexpected_error_replies } = await node.info()
          const keys = await keysOf(node)
          lines.push(`${name}: ${slave_repl_offset} ${unexpected_error_replies} ${keys}`)
          await node.ask("REPLICAOF", "NO", "ONE")
          await master.stop()
        }
        return lines
      }
      expect(await seen("redix")).toEqual(await seen("redis"))
    })
  })

  it("that cannot be followed: a snapshot is asked for, with pauses, and nothing is applied by half", async () => {
    await withNodes(async (start) => {
      const snapshot = await snapshotOf(start)
      const node = await start("redix")
      const streams: ReadonlyArray<string> = [
        stream("SET b 2", "MULTI", "SET a 1", "NOSUCH x", "EXEC"),
        stream("SET b 2", "OBJECT NOSUCH x"),
        `${stream("SET b 2")}SET a 1\r\n`,
        `${stream("SET b 2")}*2\r\n:3\r\n`,
        `${stream("SET b 2")}*2\r\n$-1\r\n`,
        `${stream("SET b 2")}*2\r\n$9223372036854775808\r\n`,
      ]
      for (const bytes of streams) {
        let asked = 0
        const master = await ScriptedMaster.start({
          PSYNC: (send, words) => {
            if (asked++ > 0) expect(words).toEqual(["PSYNC", "?", "-1"])
            send(`+FULLRESYNC ${ID} 100\r\n`)
            send(bulk(snapshot))
            // The second snapshot makes up for it, so that the link stays up.
            if (asked < 4) send(bytes)
          },
        })
        const begun = performance.now()
        await node.follow(master)
        await until(
          async () => asked === 4 && (await node.field("master_link_status")) === "up",
          () => `the link is up again\n${node.log.slice(-2000)}`,
        )
        // Three that failed at once: 100, 200 and 400 ms between them.
        expect(performance.now() - begun).toBeGreaterThan(600)
        expect(await keysOf(node)).toBe("fresh")
        await master.stop()
      }
      await node.says("unknown command in the stream: NOSUCH")
    })
  })

  it("before the stream: the old data stays", async () => {
    await withNodes(async (start) => {
      const snapshot = await snapshotOf(start)
      const node = await start("redix")
      await node.ask("SET", "old", 1)
      const whole = bulk(snapshot)
      const answers: ReadonlyArray<string | Buffer> = [
        "+FULLRESYNC\r\n",
        `+FULLRESYNC ${ID}\r\n`,
        Buffer.concat([Buffer.from("+FULLRESYNC abc 100\r\n"), whole]),
        Buffer.concat([Buffer.from(`+FULLRESYNC ${ID}00 100\r\n`), whole]),
        Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} -5\r\n`), whole]),
        Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 9223372036854775807\r\n`), whole]),
        `+FULLRESYNC ${ID} 100\r\n$0\r\n`,
        `+FULLRESYNC ${ID} 100\r\n$-1\r\n`,
        `+FULLRESYNC ${ID} 100\r\n$abc\r\n`,
        `+FULLRESYNC ${ID} 100\r\n-ERR no snapshot\r\n`,
        "hello\r\n",
        "-LOADING wait\r\n",
        "-NOMASTERLINK wait\r\n",
      ]
      for (const answer of answers) {
        const master = await ScriptedMaster.start({ PSYNC: (send) => send(answer) })
        await node.follow(master)
        await until(
          () => master.dials > 1,
          () => `${node.name} dials again after ${String(answer).slice(0, 60)}`,
        )
        expect(await keysOf(node)).toBe("old")
        expect(await node.field("master_link_status")).toBe("down")
        await master.stop()
      }
    })
  })

  it("propagation-error-behavior panic ends the process, as redis-server's", async () => {
    await withNodes(async (start) => {
      const snapshot = await snapshotOf(start)
      const master = await ScriptedMaster.start({
        PSYNC: (send) => {
          send(`+FULLRESYNC ${ID} 100\r\n`)
          send(bulk(snapshot))
          send(stream("LPUSH fresh x"))
        },
      })
      for (const kind of ["redis", "redix"] as const) {
        for (const behavior of ["panic", "panic-on-replicas"]) {
          const node = await start(kind, { "propagation-error-behavior": behavior }, "apart")
          await node.follow(master).catch(() => undefined)
          await until(
            () => !node.alive,
            () => `${node.name} ends with ${behavior}`,
          )
        }
        const node = await start(kind)
        await node.follow(master)
        await until(
          async () => (await node.info("stats"))["unexpected_error_replies"] === "1",
          () => `${node.name} counts the error`,
        )
        await node.says("== CRITICAL == This replica is sending an error to its master")
        expect(await node.field("master_link_status")).toBe("up")
      }
      await master.stop()
    })
  })

  for (const kind of ["redis", "redix"] as const) {
    it(`${kind}: a replica that cannot save refuses writes, and ends or goes on as replica-ignore-disk-write-errors says`, async () => {
      await withNodes(async (start) => {
        const master = await start("redis")
        const config = { save: "3600 1", "enable-protected-configs": "yes" }
        for (const ignore of ["no", "yes"]) {
          const directives = { ...config, "replica-ignore-disk-write-errors": ignore }
          const node = await start(kind, directives, "apart")
          await node.follow(master)
          await node.untilUp()
          await node.ask("CONFIG", "SET", "dbfilename", "dump.rdb", "dir", "/proc/self")
          await node.ask("BGSAVE")
          await until(
            async () => (await node.field("rdb_last_bgsave_status")) === "err",
            () => `${node.name} cannot save`,
          )
          for (const words of [["SET", "a", "1"], ["PING"]])
            expect(await node.ask(...words)).toMatch(/^-MISCONF /)
          await master.ask("SET", "x", ignore)
          if (ignore === "no") {
            await until(
              () => !node.alive,
              () => `${node.name} ends`,
            )
            continue
          }
          await until(
            async () => (await node.ask("GET", "x")) === "yes",
            () => `${node.name} applies`,
          )
          await node.says("even though it is unable to write to disk")
        }
      })
    })
  }

  it("a replica promoted before it ever had a link names its history in its file", async () => {
    await withNodes(async (start) => {
      const nowhere = await ScriptedMaster.start({})
      const master = await start("redix", { replicaof: `127.0.0.1 ${nowhere.port}` })
      await master.ask("REPLICAOF", "NO", "ONE")
      await nowhere.stop()
      const replica = await start("redix")
      await replica.follow(master)
      await replica.untilUp()
      await master.ask("SET", "a", 1)
      await master.ask("SAVE")
      await master.kill()
      delete master.config["replicaof"]
      await master.launch()
      await until(
        async () => (await master.info("stats"))["sync_partial_ok"] === "1",
        () => `${replica.name} goes on without a second copy`,
      )
      expect((await master.info("stats"))["sync_full"]).toBe("0")
    })
  })

  const loads: ReadonlyArray<readonly [NodeKind, string]> = [
    ["redis", "disabled"],
    ["redix", "disabled"],
    ["redix", "swapdb"],
  ]
  for (const [kind, load] of loads) {
    it(`${kind}, repl-diskless-load ${load}: sub-replicas stay while a snapshot comes, until the old data goes`, async () => {
      await withNodes(async (start) => {
        const snapshot = await snapshotOf(start)
        const sends: Array<(bytes: string | Uint8Array) => void> = []
        const master = await ScriptedMaster.start({
          PSYNC: (send) => {
            sends.push(send)
            send(`+FULLRESYNC ${sends.length === 1 ? ID : "b".repeat(40)} 100\r\n`)
            if (sends.length === 1) send(bulk(snapshot))
            else send(bulk(snapshot).subarray(0, 60))
          },
        })
        const middle = await start(kind, { "repl-diskless-load": load })
        await middle.follow(master)
        await middle.untilUp()
        const last = await start("redis")
        await last.follow(middle)
        await last.untilUp()
        for (const times of [2, 3]) {
          master.cut()
          await until(
            async () => sends.length === times && (await middle.field("master_sync_in_progress")) === "1",
            () => `transfer ${times} begins\n${middle.log.slice(-2000)}`,
          )
          expect((await last.info("replication"))["master_link_status"]).toBe("up")
          expect((await middle.info("replication"))["connected_slaves"]).toBe("1")
        }
        sends[2]?.(bulk(snapshot).subarray(60))
        await middle.untilUp()
        await until(
          async () => (await last.field("master_replid")) === "b".repeat(40),
          () => `${last.name} has the new history`,
        )
        await last.untilUp()
        await master.stop()
      })
    })
  }

  it("that says nothing more: INFO, ROLE and CLIENT LIST tell how far the link got, as redis-server's", async () => {
    await withNodes(async (start) => {
      const snapshot = await snapshotOf(start)
      const silent = (): void => {}
      // What it says, the last it hears, and what INFO then comes to say.
      const scripts: ReadonlyArray<readonly [string, MasterScript, string, RegExp]> = [
        ["nothing", { PING: silent }, "PING", /master_link_status:down/],
        ["PONG", { REPLCONF: silent }, "REPLCONF", /master_link_status:down/],
        ["up to PSYNC", { PSYNC: silent }, "PSYNC", /master_link_status:down/],
        [
          "+FULLRESYNC",
          { PSYNC: (send) => send(`+FULLRESYNC ${ID} 100\r\n`) },
          "PSYNC",
          /master_sync_in_progress:1/,
        ],
        [
          "a part",
          { PSYNC: (send) => send(`+FULLRESYNC ${ID} 100\r\n$1000\r\n${"x".repeat(300)}`) },
          "PSYNC",
          /master_sync_read_bytes:300/,
        ],
        [
          "all",
          {
            PSYNC: (send) => send(Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 100\r\n`), bulk(snapshot)])),
          },
          "PSYNC",
          /master_link_status:up/,
        ],
      ]
      const seen = async (kind: NodeKind): Promise<ReadonlyArray<string>> => {
        const node = await start(kind)
        const lines: string[] = []
        for (const [name, script, last, state] of scripts) {
          const master = await ScriptedMaster.start(script)
          await node.follow(master)
          await until(
            async () => master.heard.has(last) && state.test(await node.ask("INFO", "replication")),
            () => `${node.name}, ${name}: ${last} is heard, and INFO says ${String(state)}`,
          )
          const client = await node.ask("CLIENT", "LIST", "TYPE", "master")
          const text = [
            name,
            // Seconds since something, and a random identity.
            (await node.ask("INFO", "replication")).replace(/(_seconds_ago|master_replid2?):.*/g, "$1"),
            await node.ask("ROLE"),
            client.replace(
              /\b(id|laddr|fd|age|idle|qbuf[a-z-]*|argv-mem|rbs|rbp|tot-mem)=(\d+\.)?\d[^ ]*/g,
              "$1",
            ),
          ].join("\n")
          lines.push(text.replaceAll(String(master.port), "<master>"))
          await node.ask("REPLICAOF", "NO", "ONE")
          await master.stop()
        }
        return lines
      }
      expect(await seen("redix")).toEqual(await seen("redis"))
    })
  })
})
