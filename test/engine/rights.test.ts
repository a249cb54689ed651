/** A session with fewer rights: refused as redis-server 7.0 refuses it, by the one test before every command. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { globMatch } from "../../src/bytes/Glob.js"
import { allow, allows, deny, everyCommand } from "../../src/engine/acl/Rights.js"
import { READ, Selector, WRITE } from "../../src/engine/acl/Selector.js"
import { type LocalClient, localClient } from "../support/Local.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
let client: LocalClient
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())
beforeEach(() => {
  client = localClient(redix.engine)
})

const without = (...names: ReadonlyArray<string>): void => {
  const { users } = redix.engine
  const { session } = client
  const rules = [
    "reset",
    "on",
    "nopass",
    "allkeys",
    "allchannels",
    "+@all",
    ...names.map((name) => `-${name}`),
  ]
  expect(users.set("few", rules, session)).toBe(undefined)
  const few = users.find("few")
  if (few !== undefined) session.actAs(few)
}

const denied = (name: string): string =>
  `-NOPERM this user has no permissions to run the '${name}' command\r\n`

it("every id has a bit of its own", () => {
  const rights = everyCommand()
  for (const id of [0, 31, 32, 70, 1023]) {
    deny(rights, id)
    expect([allows(rights, id), allows(rights, id ^ 1)]).toEqual([false, true])
    allow(rights, id)
    expect(allows(rights, id)).toBe(true)
  }
  expect(rights).toEqual(everyCommand())
})

it("patterns of keys match what globs do, however they are compared", () => {
  const r = Random.forTest("patterns of keys")
  const word = (letters: string, most: number): string =>
    Array.from({ length: r.below(most + 1) }, () => letters[r.below(letters.length)]).join("")
  let matched = 0
  for (let n = 0; n < 20_000; n++) {
    const text = word("aab:*?[]^\\", 5) + r.pick(["", "*"])
    const selector = new Selector(false)
    selector.addKeys(text, READ)
    const pattern = Buffer.from(text)
    const key = Buffer.from(`..${word("ab:*", 5)}.`)
    const len = key.length - 3
    const wanted = globMatch(pattern, 0, pattern.length, key, 2, len, false)
    if (wanted) matched++
    expect(selector.allowsKey(key, 2, len, READ), `${text} of ${key.toString()}`).toBe(wanted)
    expect(selector.allowsKey(key, 2, len, READ | WRITE)).toBe(false)
  }
  expect(matched).toBeGreaterThan(2000)
})

it("refuses a command and a subcommand, and nothing else", () => {
  without("get", "config|get")
  expect(client.run("GET", "a")).toBe(denied("get"))
  expect(client.run("GET")).toBe("-ERR wrong number of arguments for 'get' command\r\n")
  expect(client.run("CONFIG", "GET", "port")).toBe(denied("config|get"))
  expect(client.run("CONFIG", "NOSUCH")).toBe("-ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.\r\n")
  expect(client.run("SET", "a", "1")).toBe("+OK\r\n")
  expect(localClient(redix.engine).run("GET", "a")).toBe("$1\r\n1\r\n")
})

it("spoils the transaction that it is queued in, and stops one that was queued before", () => {
  without("get")
  expect(client.run("MULTI")).toBe("+OK\r\n")
  expect(client.run("GET", "a")).toBe(denied("get"))
  expect(client.run("EXEC")).toBe("-EXECABORT Transaction discarded because of previous errors.\r\n")
  client.run("SET", "a", "1")
  client.run("MULTI")
  client.run("SET", "a", "2")
  client.run("PING")
  without("set")
  expect(client.run("EXEC")).toBe(
    "*2\r\n-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to execute the command or subcommand\r\n+PONG\r\n",
  )
  expect(client.run("GET", "a")).toBe("$1\r\n1\r\n")
})

it("comes behind the password", () => {
  client.run("ACL", "SETUSER", "default", "-get")
  client.session.authenticated = false
  expect(client.run("GET", "a")).toBe(denied("get"))
  client.run("CONFIG", "SET", "requirepass", "secret")
  expect(client.run("GET", "a")).toBe("-NOAUTH Authentication required.\r\n")
})
