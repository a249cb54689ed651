/** Function libraries of a redis-server pass through a Redix replica to a redis-server behind it, however they come. */
import { expect, it } from "vitest"
import { type Node, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"

const library = (name: string): string =>
  `#!lua name=${name}\nredis.register_function('${name}_f', function(keys) return redis.call('SET', keys[1], '${name}') end)`

const librariesOf = async (node: Node): Promise<ReadonlyArray<string>> =>
  ((await node.ask("FUNCTION", "LIST")).match(/library_name\r\n\$\d+\r\n\w+/g) ?? []).toSorted()

describeOracle("function libraries", () => {
  for (const load of ["disabled", "on-empty-db", "swapdb"]) {
    it(`repl-diskless-load ${load}: in a full sync, and when they change later`, async () => {
      await withNodes(async (start) => {
        const master = await start("redis")
        const middle = await start("redix", { "repl-diskless-load": load })
        const last = await start("redis")
        const pass = async (count: number): Promise<void> => {
          const wanted = await librariesOf(master)
          expect(wanted).toHaveLength(count)
          await until(
            async () => JSON.stringify(await librariesOf(last)) === JSON.stringify(wanted),
            async () =>
              `${wanted.join()} at the end: ${(await librariesOf(last)).join()}\n${middle.log.slice(-2000)}`,
          )
          await middle.untilUp()
          await last.untilUp()
          await untilEqual(master, [middle, last])
        }
        await master.ask("SET", "a", 1)
        await master.ask("FUNCTION", "LOAD", library("one"))
        await middle.follow(master)
        await middle.untilUp()
        await last.follow(middle)
        await last.untilUp()
        await pass(1)
        // What it does arrives as the commands it runs.
        await master.ask("FCALL", "one_f", 1, "k")
        await pass(1)
        expect(await last.ask("GET", "k")).toBe("one")
        // A change of libraries comes as the command itself, which the replica runs and passes on.
        await master.ask("FUNCTION", "LOAD", library("two"))
        await pass(2)
        await master.ask("FUNCTION", "DELETE", "one")
        await pass(1)
        expect(middle.log).not.toContain("unknown command in the stream")
        expect(await middle.ask("FCALL", "two_f", 1, "k")).toContain("READONLY")
      })
    })
  }
})
