/** ACL LOAD while clients write, of users that the file has, and has not any more. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { expect, it } from "vitest"
import type { RawClient } from "../support/RawClient.js"
import { Random } from "../support/Random.js"
import { startRedix } from "../support/Redix.js"

const USERS = 8
const ROUNDS = 20

it("ends the clients of all users of the file, in the middle of what they do, and not the default user's", async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-acl-load-"))
  const file = path.join(dir, "users.acl")
  const write = (there: ReadonlyArray<number>): void =>
    fs.writeFileSync(file, there.map((i) => `user u${i} on nopass ~k${i}:* +@all\n`).join(""))
  const everyone = Array.from({ length: USERS }, (_, i) => i)
  write(everyone)
  const redix = await startRedix({}, { dir, aclfile: "users.acl" })
  const admin = await redix.connect()
  const r = Random.forTest("ACL LOAD under load")
  const clients = new Map<number, RawClient>()
  let sent = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (const i of everyone) {
      const client = clients.get(i) ?? (await redix.connect())
      if (!clients.has(i)) expect(await client.text("AUTH", `u${i}`, "x")).toBe("+OK\r\n")
      clients.set(i, client)
      // Some in the middle of a transaction, some in the middle of a command, some waiting.
      const key = `k${i}:${sent++}`
      const waits = r.pick(["", `MULTI\r\nSET ${key} b\r\n`, `*3\r\n$3\r\nSET\r\n`, `BLPOP k${i}:none 0\r\n`])
      client.sendRaw(`SET ${key} a\r\n`.repeat(r.between(1, 50)) + waits)
    }
    const kept = everyone.filter(() => r.chance(0.5))
    write(kept)
    const other = await redix.connect()
    expect(await Promise.all([admin.text("ACL", "LOAD"), other.text("ACL", "LOAD")])).toEqual([
      "+OK\r\n",
      "+OK\r\n",
    ])
    other.close()
    // As in redis-server whoever is not the default user has to log in again, if there still is such a user.
    for (const [i, client] of clients) {
      await client.waitForClose()
      const again = await redix.connect()
      expect(await again.text("AUTH", `u${i}`, "x")).toMatch(kept.includes(i) ? /^\+OK/ : /^-WRONGPASS/)
      again.close()
    }
    expect(await admin.text("SET", "by:admin", "x")).toBe("+OK\r\n")
    clients.clear()
    write(everyone)
    expect(await admin.text("ACL", "LOAD")).toBe("+OK\r\n")
  }
  admin.close()
  await redix.stop()
  fs.rmSync(dir, { recursive: true })
})
