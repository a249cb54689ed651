/** How long a login takes tells nobody who there is, nor how near a password comes: the work is the same. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest"
import type { User } from "../../src/engine/acl/User.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const { hashed } = vi.hoisted(() => ({ hashed: { times: 0 } }))

vi.mock("../../src/bytes/Sha256.js", async (original) => {
  const { sha256Hex } = await original<{ sha256Hex: (bytes: Uint8Array) => string }>()
  return {
    sha256Hex: (bytes: Uint8Array): string => {
      hashed.times++
      return sha256Hex(bytes)
    },
  }
})

const PASSWORDS = ["first", "second", "third"]
const REFUSED = /^-WRONGPASS/
const ACCEPTED = /^\+OK/

let redix: TestRedix
let client: RawClient
beforeAll(async () => {
  redix = await startRedix()
  client = await redix.connect()
  for (const [name, state] of [
    ["on", "on"],
    ["off", "off"],
  ] as const)
    await client.command("ACL", "SETUSER", name, state, "+@all", ...PASSWORDS.map((word) => `>${word}`))
  await client.command("ACL", "SETUSER", "any", "on", "nopass", "+@all")
  await client.command("ACL", "SETUSER", "anyOff", "off", "nopass")
  await client.command("ACL", "SETUSER", "none", "on")
})
afterAll(() => redix.stop())
beforeEach(() => void (hashed.times = 0))

it.each([
  ["on", "third", ACCEPTED],
  ["on", "fourth", REFUSED],
  ["off", "first", REFUSED],
  ["off", "fourth", REFUSED],
  ["any", "whatever", ACCEPTED],
  ["anyOff", "whatever", REFUSED],
  ["none", "whatever", REFUSED],
  ["nobody", "whatever", REFUSED],
] as const)("a password is hashed once: user %s, password %s", async (name, password, reply) => {
  expect(await client.text("AUTH", name, password)).toMatch(reply)
  expect(hashed.times).toBe(1)
})

/** Which of a user's passwords a login looks at. */
const looksAt = (user: User, password: string): ReadonlySet<number> => {
  const looked = new Set<number>()
  const { passwords } = user
  user.passwords = new Proxy(passwords, {
    get: (list, key, receiver) => {
      if (typeof key === "string" && /^\d+$/.test(key)) looked.add(Number(key))
      return Reflect.get(list, key, receiver) as unknown
    },
  })
  user.accepts(Buffer.from(password))
  user.passwords = passwords
  return looked
}

it.each([...PASSWORDS, "fourth"])("it is compared with every one of the user's: %s", (password) => {
  const user = redix.engine.users.find("on")
  if (user === undefined) throw new Error("no such user")
  expect(looksAt(user, password)).toEqual(new Set([0, 1, 2]))
})

it("a comparison reads both to the end, wherever they differ", () => {
  const user = redix.engine.users.find("on")
  if (user === undefined) throw new Error("no such user")
  const [right = ""] = user.passwords
  const other = (digit: string): string => (digit === "0" ? "1" : "0")
  for (const at of [0, 31, 63]) {
    const { passwords } = user
    let read = 0
    const counting = {
      length: right.length,
      charCodeAt: (i: number): number => {
        read++
        return (i === at ? other(right.charAt(i)) : right).charCodeAt(i === at ? 0 : i)
      },
    }
    Object.assign(user, { passwords: [counting] })
    expect(user.accepts(Buffer.from("first"))).toBe(false)
    user.passwords = passwords
    expect(read).toBe(64)
  }
})
