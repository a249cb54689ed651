/** A machine that lets the program have few files: fewer clients, who are told, and saving goes on. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { freePort } from "../support/OracleServer.js"
import { mainFile, Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

let dir = ""
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-files-"))
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

const TOO_MANY = "-ERR max number of clients reached\r\n"

it("lowers maxclients to what ulimit -n allows, and saves with as many clients", async () => {
  const port = await freePort()
  const program = new Program({
    command: [
      "sh",
      "-c",
      `ulimit -n 100; exec "${process.execPath}" "${mainFile}" --port ${port} --dir "${dir}"`,
    ],
  })
  await program.ready()
  expect(program.stdout).toMatch(
    /You requested maxclients of 10000 requiring at least 10064 max file descriptors\.\n.* Current maximum open files is 100\. maxclients has been reduced to 36 to compensate for low ulimit\./,
  )
  const clients: Array<RawClient> = []
  for (let i = 0; i < 36; i++) {
    const client = await RawClient.connect({ port })
    expect(await client.text("PING")).toBe("+PONG\r\n")
    clients.push(client)
  }
  const [client] = clients
  if (client === undefined) throw new Error("no client")
  expect(await client.text("CONFIG", "GET", "maxclients")).toBe("*2\r\n$10\r\nmaxclients\r\n$2\r\n36\r\n")
  // All at once: more than there are files.
  const refused = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect({ port })))
  for (const one of refused) expect((await one.readToEnd()).toString()).toBe(TOO_MANY)
  expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
  expect(await client.text("BGSAVE")).toBe("+Background saving started\r\n")
  await program.says("Background saving terminated with success")
  expect(await client.text("SAVE")).toBe("+OK\r\n")
  expect(await client.text("CONFIG", "SET", "maxclients", "37")).toBe(
    "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to handle the specified number of clients, try with 36\r\n",
  )
  expect(await client.text("CONFIG", "SET", "maxclients", "35")).toBe("+OK\r\n")
  for (const one of clients) one.close()
  expect((await program.stop()).code).toBe(0)
})
