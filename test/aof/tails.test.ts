/**
 * A server that finds the end of its file cut or changed at any byte starts with all that came whole before it. Of the bytes
 * that are neither first nor last of something it meets some, REDIX_EFFORT more; aofReader.test.ts meets all.
 */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { effort } from "../support/Effort.js"
import { startRedix } from "../support/Redix.js"

const KEYS = 12

/** Makes a file whose end is two commands and a transaction; answers its path, its bytes, and where its end begins. */
const made = async (dir: string, checksum: boolean) => {
  const server = await startRedix(
    {},
    { dir, appendonly: true, appendfsync: "always", "aof-checksum": checksum },
  )
  const client = await server.connect()
  const path = `${dir}/appendonlydir/appendonly.aof.1.incr.aof`
  for (let n = 0; n < KEYS; n++) await client.text("SET", `k${n}`, "v")
  const sizes = [fs.statSync(path).size]
  await client.text("SET", "a", "1")
  sizes.push(fs.statSync(path).size)
  await client.pipeline([["MULTI"], ["SET", "b", "1"], ["SET", "c", "1"], ["EXEC"]])
  client.close()
  await server.stop()
  const bytes = fs.readFileSync(path)
  sizes.push(bytes.length)
  return { path, bytes, sizes }
}

const keysAfterStart = async (dir: string): Promise<number> => {
  const server = await startRedix({}, { dir, appendonly: true })
  const { size } = server.engine.keyspace.database(0)
  await server.stop()
  return size
}

/** Every place near one of `edges`, and every so many between; the first and the last are among them. */
const places = (edges: ReadonlyArray<number>): ReadonlyArray<number> => {
  const [first = 0, last = 0] = [edges[0], edges.at(-1)]
  const stride = Math.max(1, 11 - effort(4))
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).filter(
    (at) => (at - first) % stride === 0 || edges.some((edge) => Math.abs(at - edge) <= 2),
  )
}

describe.each([false, true])("with checksums: %s", (checksum) => {
  it("a tail cut at any byte", { timeout: 120_000 }, () =>
    withTempDir(async (dir) => {
      const { path, bytes, sizes } = await made(dir, checksum)
      const [, second = 0, end = 0] = sizes
      for (const at of places(sizes)) {
        fs.writeFileSync(path, bytes.subarray(0, at))
        const whole = at === end ? KEYS + 3 : at >= second ? KEYS + 1 : KEYS
        expect([at, await keysAfterStart(dir)]).toEqual([at, whole])
      }
    }),
  )
})

it("a last group in which any byte has changed is left out whole", { timeout: 120_000 }, () =>
  withTempDir(async (dir) => {
    const { path, bytes, sizes } = await made(dir, true)
    const [, second = 0, end = 0] = sizes
    for (const at of places([second, end - 1])) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x15
      fs.writeFileSync(path, changed)
      expect([at, await keysAfterStart(dir)]).toEqual([at, KEYS + 1])
    }
  }),
)
