/** DEBUG LOADAOF loses nothing: not what the files lack, not to a rewrite of half a data set, not with its client. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { GatedFiles } from "../support/GatedFiles.js"
import { until } from "../support/Nodes.js"
import { encodeCommand } from "../support/RawClient.js"
import { startRedix } from "../support/Redix.js"

const LIBRARY = (name: string): string =>
  `#!lua name=l\nredis.register_function('${name}', function() return 1 end)`

const base = (dir: string): string =>
  fs.readdirSync(`${dir}/appendonlydir`).find((name) => name.includes(".base.")) ?? ""

it("is refused while the files lack what was logged", () =>
  withTempDir(async (dir) => {
    const disk = new GatedFiles()
    const lines: Array<string> = []
    const server = await startRedix({}, { dir, appendonly: true }, lines, undefined, disk.layer)
    const [client, other] = [await server.connect(), await server.connect()]
    await client.text("SET", "before", "1")
    disk.fail("write", "ENOSPC")
    const held = client.text("SET", "k", "v")
    await until(
      () => server.aof.writer.failure !== undefined,
      () => "the failure is seen",
    )
    const loaded = other.text("DEBUG", "LOADAOF")
    await until(
      () => !server.persistence.loading,
      () => "the load is over",
    )
    expect(server.engine.keyspace.database(0).size).toBe(2)
    disk.fail("write", undefined)
    expect(await loaded).toMatch(/^-ERR Error trying to load the AOF files/)
    expect(await held).toBe("+OK\r\n")
    client.close()
    other.close()
    await server.stop()
  }))

it("that fails half way changes nothing: not the data set, not its libraries, not the files", () =>
  withTempDir(async (dir) => {
    const lines: Array<string> = []
    const server = await startRedix({}, { dir, appendonly: true, appendfsync: "always" }, lines)
    const client = await server.connect()
    for (let n = 0; n < 20; n++) await client.text("SET", `k${n}`, "v".repeat(100), "EX", "1000")
    await client.text("FUNCTION", "LOAD", LIBRARY("f"))
    const digest = await client.text("DEBUG", "DIGEST")
    const changes = server.engine.keyspace.dirty
    const before = base(dir)
    const file = `${dir}/appendonlydir/appendonly.aof.1.incr.aof`
    const good = fs.readFileSync(file)
    fs.writeFileSync(
      file,
      Buffer.concat([good, encodeCommand(["FUNCTION", "FLUSH"]), Buffer.from("garbage\r\n")]),
    )
    expect(await client.text("DEBUG", "LOADAOF")).toMatch(/^-ERR Error trying to load the AOF files/)
    expect(lines.some((line) => line.startsWith("Bad file format reading the append only file"))).toBe(true)
    expect(await client.text("DEBUG", "DIGEST")).toBe(digest)
    expect(await client.text("FCALL", "f", "0")).toBe(":1\r\n")
    expect(server.engine.keyspace.dirty).toBe(changes)
    expect(server.persistence.state.loadFailed).toBe(false)
    expect(base(dir)).toBe(before)
    // What is in memory is all there is: a rewrite by growth makes files of it again.
    await client.text("CONFIG", "SET", "auto-aof-rewrite-min-size", "1")
    await until(
      () => base(dir) !== before && !server.aof.rewriting,
      () => "the files are rewritten",
    )
    client.close()
    await server.stop()
    const again = await startRedix({}, { dir, appendonly: true })
    const reader = await again.connect()
    expect(await reader.text("DEBUG", "DIGEST")).toBe(digest)
    reader.close()
    await again.stop()
  }))

it("takes the files' data set and libraries, whatever there was", () =>
  withTempDir(async (dir) => {
    const server = await startRedix({}, { dir, appendonly: true, appendfsync: "always" })
    const client = await server.connect()
    await client.text("SET", "k", "v")
    await client.text("FUNCTION", "LOAD", LIBRARY("f"))
    const file = `${dir}/appendonlydir/appendonly.aof.1.incr.aof`
    fs.appendFileSync(file, encodeCommand(["FUNCTION", "LOAD", "REPLACE", LIBRARY("g")]))
    fs.appendFileSync(file, encodeCommand(["RENAME", "k", "l"]))
    expect(await client.text("DEBUG", "LOADAOF")).toBe("+OK\r\n")
    expect(await client.text("MGET", "k", "l")).toBe("*2\r\n$-1\r\n$1\r\nv\r\n")
    expect(await client.text("FCALL", "g", "0")).toBe(":1\r\n")
    client.close()
    await server.stop()
  }))

it("is refused where there are no files", () =>
  withTempDir(async (dir) => {
    const server = await startRedix({}, { dir })
    const client = await server.connect()
    await client.text("SET", "k", "v")
    expect(await client.text("DEBUG", "LOADAOF")).toMatch(/^-ERR Error trying to load the AOF files/)
    expect(await client.text("GET", "k")).toBe("$1\r\nv\r\n")
    client.close()
    await server.stop()
  }))

it("waits for a rewrite, and goes on when its client has gone", () =>
  withTempDir(async (dir) => {
    const server = await startRedix({}, { dir, appendonly: true, appendfsync: "always" })
    const [client, other] = [await server.connect(), await server.connect()]
    await client.text("DEBUG", "POPULATE", "5000")
    await client.text("SET", "k", "v")
    await other.text("BGREWRITEAOF")
    client.sendRaw(Buffer.from("*2\r\n$5\r\nDEBUG\r\n$7\r\nLOADAOF\r\n"))
    await until(
      () => server.persistence.loading,
      () => "the load is announced",
    )
    client.close()
    await until(
      () => !server.persistence.loading && !server.aof.rewriting,
      () => "all is done",
    )
    expect(await other.text("DBSIZE")).toBe(":5001\r\n")
    other.close()
    await server.stop()
    const again = await startRedix({}, { dir, appendonly: true })
    const reader = await again.connect()
    expect(await reader.text("DBSIZE")).toBe(":5001\r\n")
    reader.close()
    await again.stop()
  }))

it("runs every command, though clients are paused", () =>
  withTempDir(async (dir) => {
    const server = await startRedix({}, { dir, appendonly: true })
    const client = await server.connect()
    await client.text("SET", "k", "v")
    await client.pipeline([["MULTI"], ["SET", "a", "1"], ["SET", "b", "1"], ["EXEC"]])
    await client.text("CLIENT", "PAUSE", "600000", "WRITE")
    expect(await client.text("DEBUG", "LOADAOF")).toBe("+OK\r\n")
    expect(await client.text("DBSIZE")).toBe(":3\r\n")
    let paused = true
    const writer = await server.connect()
    const write = writer.text("SET", "after", "1").then(() => (paused = false))
    expect(await client.text("PING")).toBe("+PONG\r\n")
    expect(paused).toBe(true)
    await client.text("CLIENT", "UNPAUSE")
    await write
    client.close()
    writer.close()
    await server.stop()
  }))
