/** What was written while no sync was asked for is synced when one is, without another write. */
import { expect, it } from "vitest"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import type { GatedFiles } from "../../support/GatedFiles.js"
import { until } from "../../support/Nodes.js"
import type { RawClient } from "../../support/RawClient.js"
import type { TestRedix } from "../../support/Redix.js"
import { startOnDisk } from "../AofSupport.js"

type Policy = "always" | "everysec"

const withServer = (
  appendfsync: Policy,
  use: (client: RawClient, disk: GatedFiles, server: TestRedix) => Promise<void>,
): Promise<void> =>
  withTempDir(async (dir) => {
    const { server, disk } = await startOnDisk(dir, appendfsync)
    const client = await server.connect()
    try {
      await use(client, disk, server)
    } finally {
      client.close()
      await server.stop()
    }
  })

it.each(["always", "everysec"] as const)("appendfsync becomes %s", (policy) =>
  withServer("everysec", async (client, disk) => {
    await client.text("CONFIG", "SET", "appendfsync", "no")
    await client.text("SET", "k", "v")
    const { sync } = disk.done
    await client.text("CONFIG", "SET", "appendfsync", policy)
    expect(await client.text("WAITAOF", "1", "0", "0")).toBe("*2\r\n:1\r\n:0\r\n")
    expect(disk.done.sync).toBe(sync + 1)
  }),
)

const ENDS: ReadonlyArray<readonly [Policy, "BGSAVE" | "BGREWRITEAOF"]> = [
  ["always", "BGSAVE"],
  ["everysec", "BGSAVE"],
  ["always", "BGREWRITEAOF"],
  ["everysec", "BGREWRITEAOF"],
]

it.each(ENDS)("with %s and no-appendfsync-on-rewrite a %s ends", (policy, command) =>
  withServer(policy, async (client, disk, server) => {
    await client.text("CONFIG", "SET", "no-appendfsync-on-rewrite", "yes", "rdb-key-save-delay", "100000")
    await client.text("DEBUG", "POPULATE", "50")
    await client.text("WAITAOF", "1", "0", "0")
    await client.text(command)
    // A file that is left behind is synced all the same.
    await until(
      () => !server.aof.rewriting || server.aof.writer.file?.path.endsWith(".2.incr.aof") === true,
      () => "the increment is the new one",
    )
    const { sync } = disk.done
    for (let n = 0; n < 3; n++) expect(await client.text("SET", `k${n}`, "v")).toBe("+OK\r\n")
    expect(await client.text("WAITAOF", "1", "0", "10")).toBe("*2\r\n:0\r\n:0\r\n")
    expect(disk.done.sync).toBe(sync)
    await client.text("CONFIG", "SET", "rdb-key-save-delay", "0")
    expect(await client.text("WAITAOF", "1", "0", "0")).toBe("*2\r\n:1\r\n:0\r\n")
  }),
)
