/**
 * What an app may ask of an embedded server, in whichever runtime or bundle this runs; ends with "smoke ok". Before it says
 * whether snapshots had a thread of their own.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { Layer, Logger, ManagedRuntime } from "effect"
import { Redis } from "ioredis"
import { Redix, TcpServer } from "redix"

const KEYS = 20_000

const assertEqual = (what, got, wanted) => {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`)
  }
}

/** Asks again until the answer is there. */
const until = async (what, ask) => {
  const end = Date.now() + 60_000
  while (!(await ask())) if (Date.now() > end) throw new Error(`${what}: not in time`)
}

const messages = []
const logger = Logger.make(({ message }) => void messages.push(String(message)))
const start = (overrides) =>
  ManagedRuntime.make(
    Redix.layerServerWith({ port: 0, "repl-diskless-sync-delay": 0, ...overrides }).pipe(
      Layer.provide(Logger.layer([logger])),
    ),
  )

const main = async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-smoke-"))
  const master = start({ dir })
  const { ports } = await master.runPromise(TcpServer)
  const [port] = ports
  const redis = new Redis({ host: "127.0.0.1", port })
  const many = redis.pipeline()
  for (let i = 0; i < KEYS; i++) many.set(`key:${i}`, "v".repeat(64))
  await many.exec()
  assertEqual("keys", await redis.dbsize(), KEYS)

  const blocked = redis.duplicate()
  const popped = blocked.blpop("queue", 0)
  await until("a blocked client", async () => /blocked_clients:1/.test(await redis.info("clients")))
  await redis.lpush("queue", "job")
  assertEqual("what was popped", await popped, ["queue", "job"])

  const subscriber = redis.duplicate()
  await subscriber.subscribe("news")
  const heard = new Promise((resolve) => subscriber.on("message", (_channel, message) => resolve(message)))
  await redis.publish("news", "hello")
  assertEqual("the message", await heard, "hello")

  const large = "x".repeat(5_000_000)
  await redis.set("large", large)
  assertEqual("a large value", (await redis.get("large")) === large, true)
  await redis.set("brief", 1, "PX", 20)
  await until("an expiry", async () => (await redis.exists("brief")) === 0)
  assertEqual("a script", await redis.eval("return redis.call('GET', KEYS[1])", 1, "key:1"), "v".repeat(64))

  const replica = start({ replicaof: ["127.0.0.1", port] })
  const { ports: replicaPorts } = await replica.runPromise(TcpServer)
  const reader = new Redis({ host: "127.0.0.1", port: replicaPorts[0] })
  await until("a replica", async () => /master_link_status:up/.test(await reader.info("replication")))
  assertEqual("the replica's keys", await reader.dbsize(), KEYS + 1)

  for (let save = 1; save <= 2; save++) {
    await redis.bgsave()
    await until("a save", async () => /rdb_bgsave_in_progress:0/.test(await redis.info("persistence")))
    const info = await redis.info("persistence")
    assertEqual(
      "saves",
      [/rdb_last_bgsave_status:ok/.test(info), /rdb_saves:(\d)/.exec(info)?.[1]],
      [true, `${save}`],
    )
  }
  assertEqual("the file", fs.existsSync(path.join(dir, "dump.rdb")), true)

  for (const client of [redis, blocked, subscriber, reader]) client.disconnect()
  await replica.dispose()
  await master.dispose()
  fs.rmSync(dir, { recursive: true })
  const told = messages.filter((message) => message.startsWith("Snapshots are written without a thread"))
  console.log(`thread: ${told.length === 0 ? "yes" : `no, said ${told.length} times by two servers`}`)
  console.log("smoke ok")
}

void main()
