/** A file that is written anew while it is loaded is whole when the load has ended, whatever the load has read of it. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { Random } from "../support/Random.js"
import { encodeCommand } from "../support/RawClient.js"
import { startRedix } from "../support/Redix.js"
import { group } from "./AofSupport.js"

const put = (dir: string, bytes: Uint8Array): string => {
  fs.mkdirSync(`${dir}/appendonlydir`)
  fs.writeFileSync(`${dir}/appendonlydir/appendonly.aof.manifest`, "file i seq 1 type i\n")
  const file = `${dir}/appendonlydir/i`
  fs.writeFileSync(file, bytes)
  return file
}

const set = (n: number): Buffer => encodeCommand(["SET", `k${n}`, "x".repeat(3000)])
const numberOf = (file: string): bigint => fs.statSync(file, { bigint: true }).ino

const startsWith = async (dir: string, keys: number): Promise<void> => {
  const server = await startRedix({}, { dir, appendonly: true })
  const client = await server.connect()
  expect(await client.text("DBSIZE")).toBe(`:${keys}\r\n`)
  client.close()
  await server.stop()
}

it("of several megabytes", () =>
  withTempDir(async (dir) => {
    const bytes = Buffer.concat(Array.from({ length: 2000 }, (_, n) => set(n)))
    const file = put(dir, bytes)
    const before = numberOf(file)
    await startsWith(dir, 2000)
    expect(numberOf(file)).not.toBe(before)
    expect(fs.readFileSync(file).equals(bytes)).toBe(true)
    const after = numberOf(file)
    await startsWith(dir, 2000)
    expect(numberOf(file)).toBe(after)
  }))

it("with megabytes behind a torn group, which are cut off", () =>
  withTempDir(async (dir) => {
    const whole = group(set(0))
    const torn = group(set(1))
    torn[torn.length - 5] ^= 1
    const file = put(dir, Buffer.concat([whole, torn, Random.forTest("renewal").bytes(5_000_000)]))
    await startsWith(dir, 1)
    expect(fs.readFileSync(file).equals(whole)).toBe(true)
  }))

it("but not where it is not loaded: it stays as it is, and nothing beside it", () =>
  withTempDir(async (dir) => {
    const bytes = Buffer.concat([
      ...Array.from({ length: 2000 }, (_, n) => set(n)),
      Buffer.from("hello\r\n"),
      set(1),
    ])
    const file = put(dir, bytes)
    const before = numberOf(file)
    await expect(startRedix({}, { dir, appendonly: true })).rejects.toThrow("Bad file format")
    expect(numberOf(file)).toBe(before)
    expect(fs.readFileSync(file).equals(bytes)).toBe(true)
    expect(fs.readdirSync(`${dir}/appendonlydir`).sort()).toEqual(["appendonly.aof.manifest", "i"])
  }))
