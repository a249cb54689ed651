/** Keys that clients of a writable replica give a time: the replica deletes them itself, by whatever way they came. */
import { expect, it } from "vitest"
import { type NodeKind, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"

const KINDS: ReadonlyArray<NodeKind> = ["redis", "redix"]

describeOracle("a writable replica's own keys", () => {
  for (const kind of KINDS) {
    it(`go from ${kind} when their time has passed, those of its master stay hidden`, async () => {
      await withNodes(async (start) => {
        const master = await start("redis")
        const replica = await start(kind, { "replica-read-only": "no" })
        await replica.follow(master)
        await replica.untilUp()
        expect(await master.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)).toBe("OK")
        await master.ask("SET", "masters", "v", "PX", 60)
        expect(await master.ask("WAIT", 1, 0)).toBe("1")
        await replica.ask("SET", "kept", "v")
        await replica.ask("SET", "set", "v", "PX", 60)
        await replica.ask("SADD", "given", "m")
        await replica.ask("PEXPIRE", "given", 60)
        await replica.ask("SET", "before", "v", "PX", 60)
        await replica.ask("RENAME", "before", "renamed")
        await replica.ask("SET", "stays", "v", "PX", 600_000)
        await replica.ask("PERSIST", "stays")
        await until(
          async () => (await replica.ask("DBSIZE")) === "3",
          () => "the replica's own keys to go",
        )
        expect(await replica.ask("EXISTS", "kept", "stays", "masters")).toBe("2")
        expect(await replica.field("expired_keys")).toBe("3")
      })
    })
  }
})
