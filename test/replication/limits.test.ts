/** What ends a link, what survives it, and links that are slow, old-fashioned or bound to an address. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { expect, it } from "vitest"
import { MixedWrites, writeUntil } from "../support/MixedWrites.js"
import { type Node, type NodeKind, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Proxy } from "../support/Proxy.js"
import { Random } from "../support/Random.js"

const kinds: ReadonlyArray<NodeKind> = ["redix", "redis"]

const untilField = (node: Node, name: string, value: string): Promise<void> =>
  until(
    async () => (await node.field(name)) === value,
    async () => `${node.name} ${name}:${value}, it is ${await node.field(name)}\n${node.log.slice(-1500)}`,
  )

/** A server that knows only SYNC: refuses the rest of the handshake, and gives a snapshot and a stream. */
const oldMaster = async (
  snapshot: Buffer,
): Promise<{ port: number; heard: () => string; write: (text: string) => void; stop: () => void }> => {
  let heard = ""
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.on("close", () => sockets.delete(socket))
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1")
      heard += text
      // Redix sends its REPLCONFs at once, redis-server one after another, SYNC inline.
      for (const [word] of text.matchAll(/\b(PING|REPLCONF|PSYNC|SYNC)\b/g)) {
        if (word === "PING") socket.write("+PONG\r\n")
        else if (word === "SYNC") {
          socket.write(`$${snapshot.length}\r\n`)
          socket.write(snapshot)
        } else socket.write(`-ERR unknown command '${word}'\r\n`)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return {
    port: address.port,
    heard: () => heard,
    write: (text) => sockets.forEach((socket) => socket.write(text)),
    stop: () => {
      server.close()
      sockets.forEach((socket) => socket.destroy())
    },
  }
}

describeOracle.concurrent("limits of links", () => {
  for (const replicaKind of kinds) {
    for (const limit of ["replica 1mb 0 0", "replica 0 1mb 1"]) {
      it(`client-output-buffer-limit ${limit} drops a ${replicaKind} replica that does not read; it comes back`, async () => {
        await withNodes(async (start) => {
          const master = await start("redix", { "repl-backlog-size": "16384" })
          const replica = await start(replicaKind)
          expect(await master.ask("CONFIG", "SET", "client-output-buffer-limit", limit)).toBe("OK")
          const proxy = await Proxy.start(master)
          await replica.follow(proxy)
          await replica.untilUp()
          proxy.stall()
          const value = "x".repeat(1_000_000)
          // More than the kernel takes for two peers that do not read.
          for (let i = 0; i < 16; i++) await master.ask("SET", `k${i}`, value)
          await untilField(master, "connected_slaves", "0")
          await master.says("output buffer limit")
          // Nothing of what waited for it is kept.
          proxy.go()
          await replica.untilUp()
          await untilEqual(master, [replica])
          expect(await master.field("sync_full")).toBe("2")
          await proxy.stop()
        })
      })
    }
  }

  for (const kind of kinds) {
    it(`${kind}: repl-backlog-ttl frees the backlog when no replica is left, and ends the history`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind, { "repl-backlog-ttl": "1" })
        const replica = await start("redix")
        const proxy = await Proxy.start(master)
        await replica.follow(proxy)
        await replica.untilUp()
        await master.ask("SET", "a", 1)
        await untilEqual(master, [replica])
        const id = await master.field("master_replid")
        // As long as it is there, it stays.
        const ticks = Number(await master.field("uptime_in_seconds")) + 3
        await until(
          async () => Number(await master.field("uptime_in_seconds")) >= ticks,
          () => "time passes",
        )
        expect(await master.field("repl_backlog_active")).toBe("1")
        proxy.spoil.refuse = true
        proxy.cut()
        await untilField(master, "repl_backlog_active", "0")
        expect(await master.field("repl_backlog_histlen")).toBe("0")
        expect(await master.field("master_replid")).not.toBe(id)
        await master.says("eplication backlog freed after 1 seconds without connected replicas.")
        await master.ask("SET", "a", 2)
        proxy.spoil.refuse = false
        await replica.untilUp()
        await untilEqual(master, [replica])
        expect(await master.field("sync_full")).toBe("2")
        await proxy.stop()
      })
    })
  }

  for (const [masterKind, replicaKind] of [
    ["redix", "redix"],
    ["redix", "redis"],
    ["redis", "redix"],
  ] as const) {
    it(`${masterKind} > ${replicaKind}: repl-timeout ends a stalled link on both sides, a partial sync repairs it`, async () => {
      await withNodes(async (start) => {
        const pings = { "repl-ping-replica-period": "1" }
        const [master, replica] = [await start(masterKind, pings), await start(replicaKind, pings)]
        const proxy = await Proxy.start(master)
        await replica.follow(proxy)
        // One side after the other: the end of the link that the first of them brings about is an end for both.
        for (const [side, told, repaired] of [
          [master, /Disconnecting timed.?out replica/, "1"],
          [replica, /MASTER timeout/, "2"],
        ] as const) {
          await replica.untilUp()
          proxy.stall()
          // Short only while the link is to end: else nothing may end it that is merely slow.
          await side.ask("CONFIG", "SET", "repl-timeout", 2)
          await master.ask("INCR", "a")
          await until(
            () => told.test(side.log),
            () => `${side.name} says ${String(told)}`,
          )
          await side.ask("CONFIG", "SET", "repl-timeout", 60)
          proxy.go()
          await untilField(master, "sync_partial_ok", repaired)
        }
        await replica.untilUp()
        await untilEqual(master, [replica])
        expect(await master.field("sync_full")).toBe("1")
        await proxy.stop()
      })
    })

    for (const diskless of ["yes", "no"]) {
      it(`${masterKind} > ${replicaKind}, diskless ${diskless}: a full sync slower than repl-timeout succeeds under load`, async () => {
        await withNodes(async (start) => {
          // redis-server is silent while a snapshot comes, so that its master must be patient.
          const timeout = replicaKind === "redis" ? "60" : "3"
          const config = { "repl-timeout": timeout, rdbcompression: "no", "repl-diskless-sync": diskless }
          const [master, replica] = [await start(masterKind, config), await start(replicaKind, config)]
          // The load may flush the databases it writes to.
          await master.ask("SELECT", 5)
          await master.ask("DEBUG", "POPULATE", 2000, "key", 300)
          const proxy = await Proxy.start(master)
          proxy.spoil.bytesPerSecond = 150_000
          const from = performance.now()
          await replica.follow(proxy)
          let stop = false
          const writes = new MixedWrites(Random.forTest(`${masterKind} ${replicaKind} ${diskless}`))
          const load = writeUntil(
            await master.connect(),
            writes,
            () => stop || performance.now() - from > 2000,
          )
          await replica.untilUp()
          stop = true
          await load
          expect(performance.now() - from).toBeGreaterThan(3000)
          proxy.spoil.bytesPerSecond = 0
          await untilEqual(master, [replica])
          expect(await master.field("sync_full")).toBe("1")
          await proxy.stop()
        })
      })
    }
  }

  for (const kind of kinds) {
    for (const capa of ["capa eof capa psync2", "capa psync2"]) {
      it(`${kind}: a replica (${capa}) that takes the snapshot and says nothing more is dropped after repl-timeout`, async () => {
        await withNodes(async (start) => {
          const master = await start(kind, { "repl-timeout": "1" })
          const replica = await master.connect()
          await replica.command("REPLCONF", ...capa.split(" "))
          replica.sendRaw("PSYNC ? -1\r\n")
          await replica.waitForClose()
          expect(await master.field("connected_slaves")).toBe("0")
          await master.says(/Disconnecting timed.?out replica/)
        })
      })
    }

    it(`${kind}: a master that knows only SYNC is followed, and not told what it would not understand`, async () => {
      await withNodes(async (start) => {
        const source = await start("redis")
        await source.ask("SET", "a", "from the snapshot")
        await source.ask("SAVE")
        const master = await oldMaster(fs.readFileSync(path.join(source.dir, "dump.rdb")))
        try {
          const replica = await start(kind)
          await replica.follow(master)
          await replica.untilUp()
          expect(await replica.ask("GET", "a")).toBe("from the snapshot")
          master.write("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n")
          await until(
            async () => (await replica.ask("GET", "b")) === "1",
            () => "the stream is applied",
          )
          master.write(
            "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n",
          )
          await until(
            async () => (await replica.ask("GET", "b")) === "2",
            () => "the stream is applied",
          )
          if (kind === "redix") expect(master.heard()).not.toContain("ACK")
          await replica.says("Master does not support PSYNC or is in error state")
        } finally {
          master.stop()
        }
      })
    })

    it(`${kind}: bind-source-addr is the address the master sees`, async () => {
      await withNodes(async (start) => {
        const master = await start("redix")
        const replica = await start(kind, { "bind-source-addr": "127.0.0.2" })
        await replica.follow(master)
        await replica.untilUp()
        expect(await master.field("slave0")).toContain("ip=127.0.0.2,")
      })
    })
  }
})
