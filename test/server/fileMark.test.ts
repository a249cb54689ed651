/** Temporary files: servers that share a directory keep apart, and what a crash left is neither read nor in the way. */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { liveProcessInfo } from "../../src/engine/world/ProcessInfo.js"
import { newFileMark } from "../../src/server/FileMark.js"
import { checkRdb, withTempDir } from "../rdb/PersistenceSupport.js"
import { startRedix } from "../support/Redix.js"
import { untilTrue } from "../support/Patience.js"

/** Saves slowly enough for the temporary file to be seen; answers its name. */
const tempNames = async (dir: string): Promise<ReadonlyArray<string>> => {
  let names: ReadonlyArray<string> = []
  await untilTrue(() => {
    names = fs.readdirSync(dir).filter((name) => name.startsWith("temp-"))
    return names.length > 0
  }, "a temporary file")
  return names
}

describe("the mark of temporary files", () => {
  it("is another for each server of a process and starts with its id", () => {
    const marks = [1, 2, 3].map(() => newFileMark(liveProcessInfo))
    expect(new Set(marks).size).toBe(3)
    for (const mark of marks) expect(mark).toMatch(new RegExp(`^${process.pid}\\.[0-9a-f]{8}(\\.\\d+)?$`))
  })

  it("keeps two servers apart that save into one directory at once", async () => {
    await withTempDir(async (dir) => {
      const servers = await Promise.all(
        ["one.rdb", "two.rdb"].map((dbfilename) => startRedix({}, { dir, dbfilename })),
      )
      const clients = await Promise.all(servers.map((server) => server.connect()))
      for (const [i, client] of clients.entries()) {
        for (let k = 0; k < 20; k++) await client.command("SET", `k${k}`, `server ${i}`)
        await client.command("CONFIG", "SET", "rdb-key-save-delay", "10000")
      }
      const replies = await Promise.all(clients.map((client) => client.text("SAVE")))
      expect(replies).toEqual(["+OK\r\n", "+OK\r\n"])
      expect(fs.readdirSync(dir).sort()).toEqual(["one.rdb", "two.rdb"])
      for (const [i, name] of ["one.rdb", "two.rdb"].entries()) {
        expect(checkRdb(`${dir}/${name}`).output).toContain("20 keys read")
        expect(fs.readFileSync(`${dir}/${name}`).includes(`server ${i}`)).toBe(true)
        expect(fs.readFileSync(`${dir}/${name}`).includes(`server ${1 - i}`)).toBe(false)
      }
      for (const client of clients) client.close()
      for (const server of servers) await server.stop()
    })
  })

  it("leads a save over the remains of one that died under the same name", async () => {
    await withTempDir(async (dir) => {
      const redix = await startRedix({}, { dir })
      const client = await redix.connect()
      for (let k = 0; k < 20; k++) await client.command("SET", `k${k}`, "v")
      await client.command("CONFIG", "SET", "rdb-key-save-delay", "10000")
      expect(await client.text("BGSAVE")).toBe("+Background saving started\r\n")
      const [name] = await tempNames(dir)
      expect(name).toMatch(/^temp-.*\.rdb$/)
      await client.command("CONFIG", "SET", "rdb-key-save-delay", "0")
      await untilTrue(() => redix.persistence.state.save === undefined)
      fs.writeFileSync(
        `${dir}/${name}`,
        "REDIS0010 and much more than a save of these keys takes".repeat(1000),
      )
      fs.writeFileSync(`${dir}/temp-1.rdb`, "what another server left")
      expect(await client.text("SAVE")).toBe("+OK\r\n")
      expect(checkRdb(`${dir}/dump.rdb`).output).toContain("20 keys read")
      expect(fs.readdirSync(dir).sort()).toEqual(["dump.rdb", "temp-1.rdb"])
      client.close()
      await redix.stop()
    })
  })
})
