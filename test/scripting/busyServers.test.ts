/** The built program with scripts that take too long: under load, as a master and as a replica. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Node, until } from "../support/Nodes.js"
import type { Argument, RawClient } from "../support/RawClient.js"

const CONFIG = {
  "busy-reply-threshold": "30",
  "repl-ping-replica-period": "1",
  "repl-timeout": "3",
}
const LIBRARY = `#!lua name=lib
redis.register_function{function_name='endless', callback=function() while true do end end, flags={'no-writes'}}`

let master: Node
let replica: Node
beforeEach(async () => {
  ;[master, replica] = await Promise.all([Node.start("redix", CONFIG), Node.start("redix", CONFIG)])
  await replica.follow(master)
  await replica.untilUp()
})
afterEach(() => Promise.all([master.remove(), replica.remove()]))

const untilReply = async (
  client: RawClient,
  words: ReadonlyArray<Argument>,
  wanted: RegExp,
): Promise<void> => {
  let last = ""
  await until(
    async () => wanted.test((last = await client.text(...words))),
    () => `${words.join(" ")} answers ${wanted.source}, not ${last}`,
  )
}

const untilBusy = (client: RawClient): Promise<void> => untilReply(client, ["PING"], /^-BUSY/)

/** Clients that write without end and take what they are answered. */
const load = async (node: Node, clients: number): Promise<() => Promise<ReadonlySet<string>>> => {
  const answers = new Set<string>()
  let going = true
  const work = async (n: number): Promise<void> => {
    const client = await node.connect()
    while (going) answers.add((await client.text("INCR", `load${n}`)).slice(0, 5).replace(/^:.*/s, ":n"))
    client.close()
  }
  const all = Promise.all(Array.from({ length: clients }, (_, n) => work(n)))
  return async () => {
    going = false
    await all
    return answers
  }
}

const runs: ReadonlyArray<
  readonly [name: string, begin: ReadonlyArray<ReadonlyArray<Argument>>, kill: string]
> = [
  ["a script", [["EVAL", "while true do end", 0]], "SCRIPT"],
  ["a script in a transaction", [["MULTI"], ["EVAL", "while true do end", 0], ["EXEC"]], "SCRIPT"],
  ["a function", [["FCALL", "endless", 0]], "FUNCTION"],
]

describe("under load", () => {
  for (const [name, begin, container] of runs)
    it(`${name}: others are told, newcomers too, the replica stays, the kill is heard`, async () => {
      await master.ask("FUNCTION", "LOAD", "REPLACE", LIBRARY)
      const stop = await load(master, 8)
      const [runner, other] = [await master.connect(), await master.connect()]
      for (const line of begin.slice(0, -1)) await runner.command(...line)
      const reply = runner.text(...begin[begin.length - 1])
      await untilBusy(other)
      const late = await master.connect()
      expect(await late.text("GET", "x")).toMatch(/^-BUSY/)
      await untilReply(late, [container, "KILL"], /^\+OK/)
      expect(await reply).toMatch(/-ERR Script killed by user with SCRIPT KILL/)
      expect(await late.text("PING")).toBe("+PONG\r\n")
      expect([...(await stop())].sort()).toEqual(["-BUSY", ":n"])
      expect(await master.ask("WAIT", 1, 60_000)).toBe("1")
      expect(master.log + replica.log).not.toMatch(/timeout|lost/i)
      expect(await master.ask("DEBUG", "DIGEST")).toBe(await replica.ask("DEBUG", "DIGEST"))
    })
})

/** Longer than repl-timeout. */
const OUTLASTED_MS = 4_500

const outlast = async (client: RawClient): Promise<void> => {
  const end = performance.now() + OUTLASTED_MS
  await until(
    async () => {
      expect(await client.text("PING")).toMatch(/^-BUSY/)
      return performance.now() > end
    },
    () => "the time is over",
  )
}

describe("a script longer than repl-timeout", () => {
  for (const where of ["master", "replica"] as const)
    it(`on the ${where}: the link stays up, what was written meanwhile arrives`, async () => {
      const node = where === "master" ? master : replica
      const [runner, other] = [await node.connect(), await node.connect()]
      await master.ask("SET", "k", "before")
      expect(await master.ask("WAIT", 1, 60_000)).toBe("1")
      const source = "while redis.call('GET', 'k') == 'before' do end return 'it has changed'"
      const reply = runner.text("EVAL", source, 0)
      await untilBusy(other)
      if (where === "replica") await master.ask("SET", "k", "after")
      await outlast(other)
      await untilReply(other, ["SCRIPT", "KILL"], /^\+OK/)
      // What a replica is sent meanwhile waits: the script saw data that stood still.
      expect(await reply).toMatch(/^-ERR Script killed/)
      if (where === "master") await master.ask("SET", "k", "after")
      await until(
        async () => (await replica.ask("GET", "k")) === "after",
        () => "the replica has what was written",
      )
      expect(await replica.field("master_link_status")).toBe("up")
      expect(await master.field("sync_full")).toBe("1")
      expect(await master.field("sync_partial_ok")).toBe("0")
    })
})
