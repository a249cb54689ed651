/** What a client has the server do goes on when the client leaves, and what the server does when it ends costs no data. */
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { until } from "../support/Nodes.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const KEYS = 300

const keysOf = (redix: TestRedix): number => redix.engine.keyspace.database(0).size

/** A server with a saved file, in the middle of loading it anew. */
const reloading = async (dir: string, save: string): Promise<TestRedix> => {
  const redix = await startRedix({}, { dir, save, "enable-debug-command": "yes" })
  const client = await redix.connect()
  await client.command("DEBUG", "POPULATE", KEYS)
  expect(await client.text("SAVE")).toBe("+OK\r\n")
  await client.command("CONFIG", "SET", "key-load-delay", 1000)
  client.sendRaw("DEBUG RELOAD NOSAVE\r\n")
  await until(
    () => keysOf(redix) > 0 && keysOf(redix) < KEYS,
    () => "the load is under way",
  )
  client.close()
  return redix
}

it("a load goes on when the client that asked for it leaves", async () => {
  await withTempDir(async (dir) => {
    const redix = await reloading(dir, "")
    await until(
      () => redix.engine.sessions.size === 0,
      () => "the client has gone",
    )
    expect(redix.engine.gates.loading).toBe(true)
    await until(
      () => !redix.engine.gates.loading,
      () => "the load ends",
    )
    const client = await redix.connect()
    expect(await client.text("DBSIZE")).toBe(`:${KEYS}\r\n`)
    client.close()
    await redix.stop()
  })
})

it("a server that ends in the middle of a load leaves the file alone", async () => {
  await withTempDir(async (dir) => {
    const redix = await reloading(dir, "3600 1")
    const file = path.join(dir, "dump.rdb")
    const before = fs.readFileSync(file)
    await redix.stop()
    expect(fs.readFileSync(file).equals(before)).toBe(true)
  })
})

it("CONFIG SET dir is done when its client has ended", async () => {
  await withTempDir(async (dir) => {
    const redix = await startRedix({}, { dir, "enable-protected-configs": "yes" })
    const other = path.join(dir, "other")
    fs.mkdirSync(other)
    const client = await redix.connect()
    client.socket.end(`CONFIG SET dir ${other}\r\n`)
    const asking = await redix.connect()
    await until(
      async () => (await asking.text("CONFIG", "GET", "dir")).includes(other),
      () => "the directory is set",
    )
    asking.close()
    client.close()
    await redix.stop()
  })
})
