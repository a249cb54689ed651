/** Where users count besides a client's own commands: replicas, the app's clients and commands, and what INFO counts. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, it } from "vitest"
import { RedixClient } from "../../src/client.js"
import { Commands, Redix } from "../../src/index.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { withNodes } from "../support/Nodes.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { startRedix } from "../support/Redix.js"
import { TwoServers } from "./TwoServers.js"

describeOracle("users against redis-server", () => {
  it.each([
    ["redix", "redix"],
    ["redis", "redix"],
    ["redix", "redis"],
  ] as const)(
    "a user of its own lets a replica in, whose master's writes nobody checks: %s > %s",
    async (one, other) => {
      await withNodes(async (start) => {
        const [master, replica] = [await start(one), await start(other)]
        await master.ask("ACL", "SETUSER", "copier", "on", ">secret", "+psync", "+replconf", "+ping")
        await replica.ask("ACL", "SETUSER", "default", "resetkeys", "~mine:*", "-set")
        await replica.ask("CONFIG", "SET", "masteruser", "copier", "masterauth", "secret")
        await master.ask("ACL", "SETUSER", "default", "resetpass", ">other")
        await replica.follow(master)
        await replica.untilUp()
        await master.ask("SET", "theirs:1", "x")
        await replica.ask("ACL", "SETUSER", "default", "allkeys")
        const copied = async (): Promise<boolean> => (await replica.ask("GET", "theirs:1")) === "x"
        await expect.poll(copied, { timeout: PATIENCE_MS }).toBe(true)
      })
    },
  )

  it("what was refused is counted as redis-server counts it, and no password is shown", async () => {
    const oracle = await OracleServer.start({ tcp: true })
    const redix = await startRedix()
    const both = new TwoServers(oracle, redix)
    await both.play(`
      a: CONFIG SET slowlog-log-slower-than 0
      a: CONFIG RESETSTAT
      a: SLOWLOG RESET
      a: ACL SETUSER u on >pw +@all -set ~a
      b: AUTH u bad
      b: HELLO 2 AUTH u pw SETNAME x
      b: GET b
      b: SET a b
      b: MULTI
      b: GET a
      a: ACL SETUSER u -get
      b: EXEC
      b: EVAL "return redis.call('set', KEYS[1], 1)" 1 a
      b: PUBLISH x y
      a: ACL DELUSER u
      a: ACL SETUSER v +nosuch`)
    const counted = (text: string): ReadonlyArray<string> =>
      (text.match(/^(?:cmdstat|errorstat)_(?!slowlog|info).*$/gm) ?? [])
        .map((line) => line.replace(/usec(?:_per_call)?=[\d.]+,/g, "").trim())
        .sort()
    const shown: Array<unknown> = []
    for (const connect of [() => oracle.connect(), () => redix.connect()]) {
      const client = await connect()
      const slow = await client.text("SLOWLOG", "GET", "100")
      expect(slow).not.toContain("pw")
      const counters = (await client.text("INFO", "commandstats")) + (await client.text("INFO", "errorstats"))
      shown.push([slow.match(/\(redacted\)/g)?.length, counted(counters)])
      client.close()
    }
    expect(shown[1]).toEqual(shown[0])
    both.reset()
    await redix.stop()
    await oracle.stop()
  })
})

const SHOUT = Commands.spec({
  name: "shout",
  arity: 3,
  group: "string",
  since: "1.0.0",
  summary: "Says a word of a key on a channel.",
  flags: ["readonly", "fast"],
  acl: ["string"],
  keys: "RO access @2",
  channels: "first",
})

it("an app's own commands have rights as Redis's; its client in the process is the default user", async () => {
  const own = Commands.layer([Commands.command(SHOUT, (c) => c.out.ok())])
  const program = Effect.gen(function* () {
    const redis = yield* RedixClient
    const run = (command: string, ...words: ReadonlyArray<string>) =>
      Effect.match(redis.call(command, ...words), {
        onSuccess: String,
        onFailure: (error) => error.message,
      })
    expect(yield* run("ACL", "WHOAMI")).toBe("default")
    expect(yield* run("ACL", "CAT", "string")).toContain("shout")
    yield* run("ACL", "SETUSER", "u", "+@string", "-@write", "%R~a*", "&c")
    expect(yield* run("ACL", "DRYRUN", "u", "shout", "c", "a1")).toBe("OK")
    expect(yield* run("ACL", "DRYRUN", "u", "shout", "c", "b")).toContain("'b' key")
    expect(yield* run("ACL", "DRYRUN", "u", "shout", "d", "a1")).toContain("'d' channel")
    yield* run("ACL", "SETUSER", "default", "resetkeys", "~a*", "-shout")
    expect(yield* run("SHOUT", "c", "a1")).toContain("NOPERM")
    expect(yield* run("GET", "b")).toContain("NOPERM this user has no permissions to access one of the keys")
    expect(yield* run("GET", "a1")).toBe("null")
  })
  const app = RedixClient.layer().pipe(Layer.provide(Redix.layerWith()), Layer.provide(own))
  await Effect.runPromise(Effect.scoped(Effect.provide(program, app)))
})
