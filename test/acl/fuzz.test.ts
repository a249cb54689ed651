/**
 * Random users against redis-server: what rules make of a user, and what the user may do by ACL DRYRUN.
 */
import { afterAll, beforeAll, expect, it } from "vitest"
import { effort } from "../support/Effort.js"
import { comparedBy, differential, exact, type StepLike } from "../support/Differential.js"
import { NEWER } from "../support/coverage/NewerCommands.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { Random, runSeed } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { parseReply, type ReplyNode } from "../support/RespFrames.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { commandWords, type Names, userRules } from "./AclWords.js"

/** A long run may take long; a usual one has the usual time. */
const TIMEOUT = { timeout: effort(120_000) }

const texts = (reply: Buffer): Array<string> =>
  (parseReply(reply).items ?? []).map((item) => item.payload.toString("latin1"))

/**
 * Single commands come in the order of a hash table of redis-server's; categories come first, in an order of their own. A
 * newer command than redis-server's is not looked at.
 */
const ruleOrder = (node: ReplyNode): string => {
  if (node.items !== undefined) return node.items.map(ruleOrder).join(",")
  const text = node.payload.toString("latin1")
  if (!/^[+-]@all/.test(text)) return `${node.type}${text}`
  const words = text.split(/ (?=[+-])/).filter((word) => !NEWER.has(word.slice(1)))
  const singles = words.filter((word) => !/^[+-]@/.test(word))
  return [...words.filter((word) => /^[+-]@/.test(word)), ...singles.sort()].join(" ")
}

const sameUser = (name: string): StepLike =>
  comparedBy(
    "single commands in any order",
    (oracle, subject) => {
      const [theirs, ours] = [ruleOrder(oracle), ruleOrder(subject)]
      return theirs === ours ? undefined : `the rules differ:\n${theirs}\n${ours}`
    },
    ["ACL", "GETUSER", name],
  )

describeOracle("users against redis-server", () => {
  let oracle: OracleServer
  let redix: TestRedix
  let theirs: RawClient
  let ours: RawClient
  let names: Names
  let arities: ReadonlyMap<string, number>
  beforeAll(async () => {
    oracle = await OracleServer.start()
    redix = await startRedix({}, { "rename-command": [...NEWER].flatMap((name) => [name, ""]) })
    theirs = await oracle.connect()
    ours = await redix.connect()
    // Sorted: else it would be redis-server's hash table that decides what a seed draws.
    const commands = texts(await theirs.command("COMMAND", "LIST")).sort()
    names = { commands, categories: texts(await theirs.command("ACL", "CAT")) }
    const own = texts(await ours.command("COMMAND", "LIST"))
    const found = new Map<string, number>()
    for (const name of own) {
      const [info] = parseReply(await ours.command("COMMAND", "INFO", name)).items ?? []
      found.set(name, Number(info?.items?.[1]?.payload.toString("latin1")))
    }
    arities = found
  })
  afterAll(async () => {
    theirs.close()
    ours.close()
    await redix.stop()
    await oracle.stop()
  })

  it("makes the same users of the same rules, and says so in the same words", TIMEOUT, async () => {
    const random = Random.forTest("users of rules")
    function* steps(): Generator<StepLike> {
      for (let i = effort(1500); i > 0; i--) {
        const name = random.pick(["u", "v", "w"])
        yield ["ACL", "SETUSER", name, ...userRules(random, names, true)]
        yield sameUser(name)
      }
    }
    const count = await differential(
      { oracle: theirs, subject: ours, seed: runSeed(), historyMax: 12 },
      steps(),
    )
    expect(count).toBeGreaterThan(0)
  })

  it("allows and denies the same commands, keys and channels", TIMEOUT, async () => {
    const random = Random.forTest("dry runs")
    function* steps(): Generator<StepLike> {
      for (let i = effort(200); i > 0; i--) {
        yield ["ACL", "SETUSER", "u", "reset", ...userRules(random, names, false)]
        for (let k = 0; k < 20; k++) {
          const [name, arity] = random.pick([...arities])
          yield { args: ["ACL", "DRYRUN", "u", ...commandWords(random, name, arity)], comparison: exact }
        }
      }
    }
    const count = await differential(
      { oracle: theirs, subject: ours, seed: runSeed(), historyMax: 12 },
      steps(),
    )
    expect(count).toBeGreaterThan(0)
  })
})
