/**
 * A password is shown to nobody: whoever is told of commands, and whatever is kept of them. (redis-server 7.0.15 shows that
 * of an AUTH with a word too many, and of a HELLO with one too few, to MONITOR and SLOWLOG.)
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { expect, it } from "vitest"
import { sha256Hex } from "../../src/bytes/Sha256.js"
import { recordLog } from "../support/Local.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix } from "../support/Redix.js"

const SECRET = "Sesame"
/** Ends what the monitor is told. */
const END = "the end of it"

/** Every way to hand a password over, right, wrong and misspelt; those in one line come in one transaction. */
const WAYS: ReadonlyArray<ReadonlyArray<ReadonlyArray<string>>> = [
  [["ACL", "SETUSER", "u", "on", `>${SECRET}`, "+@all", "~a*", "-set"]],
  [["ACL", "SETUSER", "u", `>${SECRET}2`, "+nosuch"]],
  [["ACL", "SETUSER", "u", `>${SECRET}2`, `<${SECRET}2`]],
  [["ACL", "SETUSER", "v", `(>${SECRET})`]],
  [["AUTH", SECRET]],
  [["AUTH", "u", `${SECRET}!`]],
  [["AUTH", "u", SECRET]],
  [["AUTH", "u", SECRET, "more"]],
  [["HELLO", "2", "AUTH", "u", `${SECRET}!`]],
  [["HELLO", "2", "AUTH", "u", SECRET, "SETNAME", "x"]],
  [["HELLO", "2", "SETNAME", "x", "auth", "u", SECRET, "NOSUCH"]],
  [["HELLO", "2", "AUTH", SECRET]],
  [
    ["SET", "b", "1"],
    ["GET", "b"],
  ],
  [["CONFIG", "SET", "masterauth", SECRET, "masteruser", "u"]],
  [["CONFIG", "SET", "requirepass", SECRET]],
  [["CONFIG", "SET", "nosuch", "x", "requirepass", SECRET]],
  [
    ["AUTH", SECRET],
    ["ACL", "SETUSER", "w", `>${SECRET}`],
    ["CONFIG", "SET", "masterauth", SECRET],
    ["PING"],
  ],
  [["EVAL", "return redis.pcall('AUTH', ARGV[1])", "0", "a"]],
]

/** What those that are told of commands saw, each under its name. */
const seen = async (
  connect: () => Promise<RawClient>,
): Promise<ReadonlyArray<readonly [where: string, text: string]>> => {
  const [client, monitor] = [await connect(), await connect()]
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "1000")
  await monitor.command("MONITOR")
  const errors: Array<string> = []
  for (const way of WAYS) {
    const commands = way.length === 1 ? way : [["MULTI"], ...way, ["EXEC"]]
    for (const words of commands) {
      const reply = await client.text(...words)
      // redis-server quotes the rule itself to whom has sent it.
      if (words[0] !== "ACL") errors.push(reply)
    }
  }
  const asDefault = await connect()
  await asDefault.command("AUTH", "default", SECRET)
  await asDefault.command("ECHO", END)
  let monitored = ""
  while (!monitored.includes(END)) monitored += String(await monitor.readLine())
  const texts: Array<readonly [string, string]> = [
    ["errors", errors.join("")],
    ["MONITOR", monitored],
    ["SLOWLOG", await asDefault.text("SLOWLOG", "GET", "1000")],
    ["ACL LOG", await asDefault.text("ACL", "LOG", "1000")],
    ["ACL LIST", await asDefault.text("ACL", "LIST")],
    ["ACL GETUSER", await asDefault.text("ACL", "GETUSER", "u")],
    ["CLIENT LIST", await asDefault.text("CLIENT", "LIST")],
    ["INFO", await asDefault.text("INFO", "everything")],
    ["LATENCY", await asDefault.text("LATENCY", "LATEST")],
  ]
  expect(monitored).toContain("(redacted)")
  expect(texts.find(([name]) => name === "ACL LIST")?.[1]).toContain(sha256Hex(Buffer.from(SECRET)))
  for (const one of [client, monitor, asDefault]) one.close()
  return texts
}

const shownIn = (texts: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> =>
  texts.filter(([, text]) => text.includes(SECRET)).map(([where]) => where)

it("passwords are in nothing that tells of commands, nor in the log, the streams and the files", async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-secrets-"))
  const lines: Array<string> = []
  fs.writeFileSync(path.join(dir, "users.acl"), "")
  const redix = await startRedix(
    {},
    { dir, loglevel: "debug", appendonly: "yes", aclfile: "users.acl" },
    lines,
  )
  const logged = recordLog(redix.engine)
  // A command that breaks is told of in the log.
  redix.engine.dispatcher.table.wrapHandlers(({ name, handler }) => (c) => {
    if (name === "auth" && c.argc === 3 && c.text(2) === `${SECRET}!!`) throw new Error("a defect")
    return handler(c)
  })
  try {
    expect(shownIn(await seen(() => redix.connect()))).toEqual([])
    const breaking = await redix.connect()
    await expect(breaking.command("AUTH", "default", `${SECRET}!!`)).rejects.toThrow(/closed/)
    expect(lines.join("\n")).toContain("a defect")
    const admin = await redix.connect()
    await admin.command("AUTH", "default", SECRET)
    expect(await admin.text("ACL", "SAVE")).toBe("+OK\r\n")
    await admin.command("SET", "written", "1")
    const files = fs
      .readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => fs.readFileSync(path.join(file.parentPath, file.name), "latin1"))
    expect(files.some((text) => text.includes("user u on"))).toBe(true)
    expect(
      shownIn([
        ["log", lines.join("\n")],
        ["stream", logged.join("\n")],
        ["files", files.join("\n")],
      ]),
    ).toEqual([])
    admin.close()
    breaking.close()
  } finally {
    await redix.stop()
    fs.rmSync(dir, { recursive: true })
  }
})
