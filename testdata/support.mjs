/**
 * What the two scripts that make golden files share: a private redis-server, a small RESP2 client, and a description of
 * a keyspace as plain data. All strings are latin1: one character a byte.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"

export const goldenDir = new URL("./golden/", import.meta.url).pathname

const latin = (value) => Buffer.from(String(value), "latin1")

/** Parses one RESP2 reply at `at`; undefined when it is not all there. */
const parseReply = (buffer, at) => {
  const eol = buffer.indexOf("\r\n", at, "latin1")
  if (eol < 0) return undefined
  const line = buffer.toString("latin1", at + 1, eol)
  const next = eol + 2
  const kind = String.fromCharCode(buffer[at])
  if (kind === "+") return { value: line, next }
  if (kind === "-") return { value: new Error(line), next }
  if (kind === ":") return { value: Number(line), next }
  const count = Number(line)
  if (count < 0) return { value: null, next }
  if (kind === "$") {
    if (buffer.length < next + count + 2) return undefined
    return { value: buffer.toString("latin1", next, next + count), next: next + count + 2 }
  }
  const items = []
  let from = next
  for (let i = 0; i < count; i++) {
    const item = parseReply(buffer, from)
    if (item === undefined) return undefined
    items.push(item.value)
    from = item.next
  }
  return { value: items, next: from }
}

class Client {
  constructor(socket) {
    this.socket = socket
    this.buffer = Buffer.alloc(0)
    this.waiting = []
    socket.on("data", (chunk) => {
      this.buffer = Buffer.concat([this.buffer, chunk])
      for (;;) {
        const reply = this.waiting.length > 0 ? parseReply(this.buffer, 0) : undefined
        if (reply === undefined) return
        this.buffer = this.buffer.subarray(reply.next)
        const { resolve, reject } = this.waiting.shift()
        if (reply.value instanceof Error) reject(reply.value)
        else resolve(reply.value)
      }
    })
    socket.on("error", () => {})
    socket.on("close", () => this.waiting.splice(0).forEach((w) => w.reject(new Error("connection closed"))))
  }

  call(...args) {
    const parts = [latin(`*${args.length}\r\n`)]
    for (const arg of args) {
      const bytes = Buffer.isBuffer(arg) ? arg : latin(arg)
      parts.push(latin(`$${bytes.length}\r\n`), bytes, latin("\r\n"))
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.socket.write(Buffer.concat(parts))
    })
  }
}

const connect = (socketPath) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(socketPath, () => resolve(new Client(socket)))
    socket.once("error", reject)
  })

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs `use(client, dir)` against a redis-server of its own, which first loads `rdb` if given. */
export const withRedis = async (config, rdb, use) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "golden-"))
  const socketPath = path.join(dir, "redis.sock")
  if (rdb !== undefined) fs.writeFileSync(path.join(dir, "dump.rdb"), rdb)
  const all = { port: 0, unixsocket: socketPath, dir, save: "", "enable-debug-command": "yes", ...config }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = spawn("redis-server", args, { stdio: ["ignore", "pipe", "pipe"] })
  let log = ""
  server.stdout.on("data", (chunk) => (log += chunk))
  const ended = new Promise((resolve) => server.once("exit", resolve))
  try {
    let client
    for (let attempt = 0; client === undefined; attempt++) {
      if (attempt > 200 || server.exitCode !== null) throw new Error(`redis-server did not start:\n${log}`)
      client = await connect(socketPath).catch(() => undefined)
      if (client === undefined) await pause(20)
    }
    const version = /redis_version:(\S+)/.exec(await client.call("INFO", "server"))[1]
    if (version !== "7.0.15") throw new Error(`redis-server is ${version}, the goldens want 7.0.15`)
    const result = await use(client, dir)
    client.socket.destroy()
    return result
  } finally {
    server.kill("SIGKILL")
    await ended
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

const pairs = (flat) => {
  const out = []
  for (let i = 0; i < flat.length; i += 2) out.push([flat[i], flat[i + 1]])
  return out
}

const byText = (a, b) => (String(a) < String(b) ? -1 : 1)

const describeStream = async (client, key) => {
  const info = Object.fromEntries(pairs(await client.call("XINFO", "STREAM", key, "FULL", "COUNT", "0")))
  const named = (flat) => Object.fromEntries(pairs(flat))
  return {
    entries: await client.call("XRANGE", key, "-", "+"),
    length: info.length,
    lastId: info["last-generated-id"],
    maxDeletedId: info["max-deleted-entry-id"],
    entriesAdded: info["entries-added"],
    firstId: info["recorded-first-entry-id"],
    groups: info.groups.map(named).map((group) => ({
      name: group.name,
      lastId: group["last-delivered-id"],
      entriesRead: group["entries-read"],
      pending: group.pending.map(([id, consumer, time, count]) => [id, consumer, time, count]),
      consumers: group.consumers.map(named).map((consumer) => ({
        name: consumer.name,
        seenTime: consumer["seen-time"],
        pending: consumer.pending.map(([id]) => id),
      })),
    })),
  }
}

const describeValue = async (client, type, key) => {
  switch (type) {
    case "string":
      return client.call("GET", key)
    case "list":
      return client.call("LRANGE", key, 0, -1)
    case "set":
      return (await client.call("SMEMBERS", key)).sort(byText)
    case "hash":
      return pairs(await client.call("HGETALL", key)).sort(byText)
    case "zset":
      return pairs(await client.call("ZRANGE", key, 0, -1, "WITHSCORES"))
    default:
      return describeStream(client, key)
  }
}

/** All databases and functions as plain data. */
export const describe = async (client) => {
  const databases = {}
  for (let db = 0; db < 16; db++) {
    await client.call("SELECT", db)
    const keys = (await client.call("KEYS", "*")).sort(byText)
    if (keys.length === 0) continue
    databases[db] = {}
    for (const key of keys) {
      const type = await client.call("TYPE", key)
      const expireAt = await client.call("PEXPIRETIME", key)
      databases[db][key] = {
        type,
        encoding: await client.call("OBJECT", "ENCODING", key),
        ...(expireAt < 0 ? {} : { expireAt }),
        digest: (await client.call("DEBUG", "DIGEST-VALUE", key))[0],
        value: await describeValue(client, type, key),
      }
    }
  }
  const libraries = await client.call("FUNCTION", "LIST", "WITHCODE")
  const functions = libraries.map((library) => Object.fromEntries(pairs(library)).library_code)
  return { databases, functions }
}

/** Writes `<name>.rdb` and, next to it, `<name>.json`. */
export const writeGolden = (name, rdb, description) => {
  fs.mkdirSync(goldenDir, { recursive: true })
  fs.writeFileSync(path.join(goldenDir, `${name}.rdb`), rdb)
  fs.writeFileSync(path.join(goldenDir, `${name}.json`), `${JSON.stringify(description)}\n`)
  console.log(`${name}: ${rdb.length} bytes`)
}
