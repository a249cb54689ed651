/** The errors of the built package, whose entries have classes of their own: by instanceof one knows the other's. */
import { pathToFileURL } from "node:url"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import * as clientSource from "../../src/client.js"
import * as testingSource from "../../src/testing.js"
import { root } from "../support/Program.js"

type Client = typeof clientSource
type Testing = typeof testingSource

const built = <Entry>(name: string): Promise<Entry> =>
  import(/* @vite-ignore */ pathToFileURL(path.join(root, "dist", name)).href)

const entries: ReadonlyArray<readonly [name: string, client: Promise<Client>, testing: Promise<Testing>]> = [
  ["the sources", Promise.resolve(clientSource), Promise.resolve(testingSource)],
  ["the package, imported", built("client.js"), built("testing.js")],
  ["the package, required", built("client.js"), built("testing.cjs")],
]

describe.each(entries)("in %s", (_, clientEntry, testingEntry) => {
  it("an error reply is a ReplyError, and is tagged where it comes from redix/client", async () => {
    const [client, { ReplyError }] = await Promise.all([clientEntry, testingEntry])
    const own = new ReplyError("ERR no such key", "rename")
    const reply = new client.ReplyError({ command: "rename", code: "ERR", message: "ERR no such key" })
    const wrong = new client.WrongTypeError({ command: "get", message: "WRONGTYPE Operation against a key" })
    for (const error of [own, reply, wrong]) {
      expect(error).toBeInstanceOf(Error)
      expect(error).toBeInstanceOf(ReplyError)
      expect(error.code).toBe(error.message.split(" ")[0])
    }
    expect(own).not.toBeInstanceOf(client.ReplyError)
    expect(wrong).not.toBeInstanceOf(client.ReplyError)
    expect(reply).toBeInstanceOf(client.ReplyError)
    for (const other of [
      new Error("ERR"),
      undefined,
      null,
      "ERR",
      new client.ClosedError({ command: "get" }),
    ])
      expect(other).not.toBeInstanceOf(ReplyError)
  })

  it("so is the end of a session", async () => {
    const [client, { ClosedError }] = await Promise.all([clientEntry, testingEntry])
    for (const error of [new ClosedError("gone"), new client.ClosedError({ command: "get" })])
      expect(error).toBeInstanceOf(ClosedError)
    expect(new client.RefusedError({ command: "get", reason: "waits" })).not.toBeInstanceOf(ClosedError)
  })
})
