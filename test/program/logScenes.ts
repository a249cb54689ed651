/**
 * Scenes to play on a redis-server or on Redix, each for the lines it leaves in the logs of the servers that play it. A
 * scene waits for states and words, never for a time.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { encodeCommand } from "../support/RawClient.js"
import { ended, logged, savedFile, type Scene, shutdown, waitForSave, withClient } from "./logStage.js"

/** Starts the server anew over a changed dump file; the start fails. */
const damaged =
  (change: (bytes: Buffer) => Buffer): Scene =>
  async (stage) => {
    const node = await stage.start()
    const file = await savedFile(node)
    fs.writeFileSync(file, change(fs.readFileSync(file)))
    node.log = ""
    await stage.startsNot(node)
  }

/** Of one server. */
export const serverScenes: Readonly<Record<string, Scene>> = {
  "start and SIGTERM": async (stage) => {
    const node = await stage.start()
    await node.end()
  },
  "SIGINT with a save point": async (stage) => {
    const node = await stage.start({ save: "3600 1" })
    await node.ask("SET", "a", "1")
    await node.kill("SIGINT")
  },
  SHUTDOWN: async (stage) => {
    const node = await stage.start({ save: "3600 1" })
    await shutdown(node)
    await ended(node)
    node.log = ""
    await node.launch()
    await shutdown(node, "NOSAVE")
    await ended(node)
    await node.launch()
    await shutdown(node, "SAVE", "NOW", "FORCE")
    await ended(node)
  },
  "a pid file": async (stage) => {
    const node = await stage.start({ pidfile: "/tmp/redix-none/pid" })
    await node.end()
    node.config["pidfile"] = path.join(node.dir, "my.pid")
    await node.launch()
    await node.end()
  },
  "a unix socket": async (stage) => {
    const node = await stage.start()
    await node.end()
    node.config["unixsocket"] = path.join(node.dir, "s.sock")
    await node.launch()
    await node.end()
  },
  load: async (stage) => {
    const node = await stage.start()
    await node.ask("PSETEX", "gone", "1", "x")
    await savedFile(node)
    node.log = ""
    await node.launch()
  },
  "a file with empty and expired keys": async (stage) => {
    const node = await stage.start()
    await node.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    await node.ask("PSETEX", "gone", "1", "x")
    await savedFile(node)
    node.log = ""
    await node.launch()
  },
  saves: async (stage) => {
    const node = await stage.start()
    await node.ask("SET", "a", "1")
    await node.ask("SAVE")
    await node.ask("BGSAVE")
    await waitForSave(node)
    await node.ask("CONFIG", "SET", "save", "1 1")
    await node.ask("SET", "a", "2")
    await logged(node, /changes in/)
    await waitForSave(node)
    await node.ask("FLUSHALL")
  },
  "saves that fail": async (stage) => {
    const node = await stage.start({ save: "3600 100" })
    await node.ask("SET", "a", "1")
    fs.rmSync(node.dir, { recursive: true })
    await node.ask("SAVE")
    await node.ask("BGSAVE")
    await logged(node, /Background saving error/)
    await node.ask("FLUSHALL")
    await shutdown(node)
    fs.mkdirSync(node.dir)
    fs.mkdirSync(path.join(node.dir, "dump.rdb"))
    await node.ask("SAVE")
    await node.ask("SET", "a", "1")
    await shutdown(node, "SAVE")
    await shutdown(node, "SAVE", "FORCE")
    await ended(node)
  },
  "FLUSHALL and SHUTDOWN while saving": async (stage) => {
    const node = await stage.start({ save: "3600 1", "rdb-key-save-delay": "1000" })
    await node.ask("DEBUG", "POPULATE", "10000")
    await node.ask("BGSAVE")
    await node.ask("FLUSHALL")
    await waitForSave(node)
    await node.ask("DEBUG", "POPULATE", "10000")
    await node.ask("BGSAVE")
    await node.ask("CONFIG", "SET", "rdb-key-save-delay", "0")
    await shutdown(node)
    await ended(node)
  },
  "DEBUG RELOAD": async (stage) => {
    const node = await stage.start()
    await node.ask("SET", "a", "1")
    await node.ask("DEBUG", "RELOAD")
    await node.ask("DEBUG", "LOG", "words of mine")
    fs.rmSync(path.join(node.dir, "dump.rdb"), { force: true })
    await node.ask("DEBUG", "RELOAD", "NOSAVE")
  },
  "a truncated file": damaged((bytes) => bytes.subarray(0, bytes.length - 20)),
  "a wrong checksum": damaged((bytes) => {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    return bytes
  }),
  "no RDB file": damaged(() => Buffer.from("this is no RDB file at all")),
  "a file of the future": damaged((bytes) => {
    bytes.write("REDIS0099", 0, "latin1")
    return bytes
  }),
  "an empty file": damaged(() => Buffer.alloc(0)),
  configuration: async (stage) => {
    const node = await stage.start()
    await node.ask("CONFIG", "SET", "maxmemory", "100mb")
    await node.ask("CONFIG", "SET", "maxmemory", "1")
    await node.ask("CONFIG", "SET", "maxmemory", "0")
    await node.ask("CONFIG", "SET", "maxclients", "20000000")
    await node.ask("CONFIG", "SET", "loglevel", "nonsense")
    await node.ask("CONFIG", "SET", "dir", "/nonexistent")
    await node.ask("CONFIG", "REWRITE")
    await node.ask("CONFIG", "RESETSTAT")
    await node.ask("CONFIG", "SET", "save", "", "appendonly", "no")
  },
  "CONFIG REWRITE": async (stage) => {
    const node = await stage.start()
    await node.kill()
    const file = path.join(node.dir, "redis.conf")
    fs.writeFileSync(file, "maxclients 100\n")
    node.file = file
    node.log = ""
    await node.launch()
    await node.ask("CONFIG", "REWRITE")
    fs.rmSync(node.dir, { recursive: true })
    await node.ask("CONFIG", "REWRITE")
    fs.mkdirSync(node.dir)
    fs.mkdirSync(file)
    await node.ask("CONFIG", "REWRITE")
  },
  "output limits": async (stage) => {
    const node = await stage.start({ "client-output-buffer-limit": "normal 100000 0 0" })
    await node.ask("SET", "big", "x".repeat(200_000))
    await withClient(node, async (client) => {
      client.sendRaw(Buffer.concat(Array.from({ length: 100 }, () => encodeCommand(["GET", "big"]))))
      await client.waitForClose()
    })
    await logged(node, /limit|scheduled/)
  },
  "query buffer limit": async (stage) => {
    const node = await stage.start({ "client-query-buffer-limit": "1mb" })
    const socket = net.connect(node.port, "127.0.0.1")
    socket.on("error", () => undefined)
    socket.write(`*2\r\n$3\r\nGET\r\n$20000000\r\n${"x".repeat(3_000_000)}`)
    await logged(node, /query buffer/)
    socket.destroy()
  },
  "protocol errors": async (stage) => {
    const node = await stage.start()
    await withClient(node, async (client) => {
      client.sendRaw("*1\r\nnonsense\r\n")
      await client.readToEnd()
    })
    await withClient(node, async (client) => {
      client.sendRaw("GET / HTTP/1.1\r\nHost: here\r\n\r\n")
      await client.waitForClose()
    })
    await logged(node, /SECURITY/)
  },
  "a replica that makes the master answer": async (stage) => {
    const node = await stage.start()
    await withClient(node, async (client) => {
      client.sendRaw(encodeCommand(["SYNC"]))
      await client.readBytes(5)
      client.sendRaw(encodeCommand(["PING"]))
      await client.waitForClose()
    })
    await logged(node, /generated a reply/)
  },
  "RESTORE of damaged values": async (stage) => {
    const node = await stage.start({ "sanitize-dump-payload": "yes" })
    await node.ask("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1")
    const tail = "\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    for (const body of [
      "\x63\x01a", // no such type
      "\x00\x05ab", // a string that ends too early
      "\x10\x0bnonsense...", // hash listpack
      "\x0d\x0bnonsense...", // hash ziplist
      "\x11\x0bnonsense...", // zset listpack
      "\x0c\x0bnonsense...", // zset ziplist
      "\x0b\x0bnonsense...", // intset
      "\x09\x0bnonsense...", // zipmap
      "\x0a\x0bnonsense...", // list ziplist
      "\x0e\x01\x0bnonsense...", // quicklist
      "\x12\x01\x02\x0bnonsense...", // quicklist 2
      "\x12\x01\x07\x0bnonsense...",
      "\x13\x01\x10aaaaaaaaaaaaaaaa\x0bnonsense...", // stream
      "\x13\x01\x03aaa\x0bnonsense...",
      "\x02\x02\x01a\x01a", // set with a member twice
      "\x04\x02\x01a\x01a\x01a\x01a", // hash with a field twice
      "\x05\x02\x01a\x00\x00\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00",
      "\x02\x00", // empty set
      "\x01\x00",
      "\x0e\x00",
      "\x03\x01\x01a\x03abc", // old sorted set, bad number
      "\x05\x01\x01a\x00\x00\x00\x00\x00\x00\xf8\x7f", // NaN
    ]) {
      await node.ask("RESTORE", "damaged", "0", Buffer.from(body + tail, "latin1"), "REPLACE")
    }
  },
}
