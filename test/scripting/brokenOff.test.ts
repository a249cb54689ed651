/** A defect behind a suspended script ends one connection; the log and everybody else go on. */
import { afterEach, beforeEach, expect, it } from "vitest"
import { recordLog } from "../support/Local.js"
import { until } from "../support/Nodes.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
beforeEach(async () => void (redix = await startRedix({}, { "busy-reply-threshold": 1 })))
afterEach(() => redix.stop())

/** Longer than the threshold, however quick loops are. */
const SLOW =
  "local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end local begun = now() repeat until now() - begun > 50"

/** From now on ECHO breaks. */
const breakEcho = (): void =>
  redix.engine.dispatcher.table.wrapHandlers(({ name, handler }) =>
    name === "echo"
      ? () => {
          throw new Error("a defect")
        }
      : handler,
  )

/** Runs the lines, of which one ends the connection; answers what is logged of it and of a write that comes after. */
const broken = async (
  lines: ReadonlyArray<ReadonlyArray<string | number>>,
): Promise<ReadonlyArray<string>> => {
  breakEcho()
  const log = recordLog(redix.engine)
  const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
  const last = lines.length - 1
  for (const line of lines.slice(0, last)) await runner.command(...line)
  await expect(runner.command(...lines[last])).rejects.toThrow(/closed/)
  await until(
    async () => (await other.text("PING")) === "+PONG\r\n",
    () => "a server that is not busy",
  )
  expect(redix.engine.gates.busy).toBeUndefined()
  expect(redix.engine.scripts.present).toBeUndefined()
  expect(await other.text("SET", "after", "1")).toBe("+OK\r\n")
  expect(await other.text("EVAL", "return redis.call('GET', 'after')", 0)).toBe("$1\r\n1\r\n")
  return log
}

it("in the script itself", async () => {
  const log = await broken([["EVAL", `redis.call('SET', 'a', 1) ${SLOW} redis.call('ECHO', 'x')`, 0]])
  expect(log).toEqual(["0: SET a 1", "0: SET after 1"])
})

it("in a script of a transaction", async () => {
  const log = await broken([
    ["MULTI"],
    ["SET", "a", "1"],
    ["EVAL", `${SLOW} redis.call('ECHO', 'x')`, 0],
    ["SET", "b", "1"],
    ["EXEC"],
  ])
  expect(log).toEqual(["0: SET a 1", "0: SET after 1"])
  expect(redix.engine.blocking.count).toBe(0)
})

it("in the command of a transaction that comes after its script", async () => {
  const log = await broken([
    ["MULTI"],
    ["SET", "a", "1"],
    ["EVAL", `${SLOW} redis.call('SET', 'b', 1)`, 0],
    ["ECHO", "x"],
    ["SET", "c", "1"],
    ["EXEC"],
  ])
  expect(log).toEqual(["0: MULTI", "0: SET a 1", "0: SET b 1", "EXEC", "0: SET after 1"])
})
