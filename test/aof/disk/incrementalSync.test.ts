/** `aof-rewrite-incremental-fsync`: a rewrite has its base written to the disk in pieces of 4 MB, or all at its end. */
import { expect, it } from "vitest"
import { until } from "../../support/Nodes.js"
import { Random } from "../../support/Random.js"
import { startRedix } from "../../support/Redix.js"
import { SimulatedDisk } from "../../support/SimulatedDisk.js"

const PIECE = 4 * 1024 * 1024
/** What a writer hands over at once may be so much. */
const WRITE_MAX = 1024 * 1024

/** Rewrites 9 MB; answers how many bytes the new base had at each sync. */
const syncs = async (incremental: boolean, preamble: boolean): Promise<ReadonlyArray<number>> => {
  const disk = new SimulatedDisk(Random.forTest(`incremental ${incremental} ${preamble}`), "/disk")
  const directives = {
    dir: "/disk",
    appendonly: true,
    "aof-rewrite-incremental-fsync": incremental,
    "aof-use-rdb-preamble": preamble,
    rdbcompression: false,
    "enable-debug-command": "yes",
  } as const
  const server = await startRedix({}, directives, [], undefined, disk.boot())
  const client = await server.connect()
  await client.text("DEBUG", "POPULATE", "90", "key", "100000")
  const sizes: Array<number> = []
  disk.onSync = (path) => {
    if (path.endsWith(".base")) sizes.push(disk.read(path)?.length ?? 0)
    return undefined
  }
  await client.text("BGREWRITEAOF")
  await until(
    () => server.aof.status.rewrites === 1 && !server.aof.rewriting,
    () => "the rewrite is done",
  )
  expect(server.aof.status.lastRewrite).toBe("ok")
  client.close()
  await server.stop()
  return sizes
}

it.each([true, false])("with yes every 4 MB, an RDB base: %s", async (preamble) => {
  const sizes = await syncs(true, preamble)
  expect(sizes).toHaveLength(3)
  const pieces = sizes.map((size, i) => size - (sizes[i - 1] ?? 0)).slice(0, -1)
  for (const piece of pieces) {
    expect(piece).toBeGreaterThanOrEqual(PIECE)
    expect(piece).toBeLessThan(PIECE + WRITE_MAX)
  }
})

it.each([true, false])("with no at the end alone, an RDB base: %s", async (preamble) => {
  const sizes = await syncs(false, preamble)
  expect(sizes).toHaveLength(1)
  expect(sizes[0]).toBeGreaterThan(9_000_000)
})
