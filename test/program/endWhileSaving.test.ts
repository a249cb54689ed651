/** The end of the program while it loads or saves, which `key-load-delay` and `rdb-key-save-delay` make last. */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { checkRdb, withTempDir } from "../rdb/PersistenceSupport.js"
import { freePort } from "../support/OracleServer.js"
import { Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"
import { untilTrue } from "../support/Patience.js"

const KEYS = 400
const SLOW = "20000"

interface Server {
  readonly program: Program
  readonly client: RawClient
  readonly port: number
}

/** Starts the program; with "loading" it has begun to load its file, slowly. */
const begin = async (
  inside: boolean,
  dir: string,
  state: "ready" | "loading",
  ...args: ReadonlyArray<string>
): Promise<Server> => {
  const port = await freePort()
  const delay = state === "loading" ? ["--key-load-delay", SLOW] : []
  const common = ["--port", `${port}`, "--dir", dir, "--enable-debug-command", "yes"]
  const program = new Program({ args: [...common, ...delay, ...args], inside })
  await (state === "ready" ? program.ready() : program.says("Loading RDB produced by"))
  return { program, client: await RawClient.connect({ port }), port }
}

const start = begin.bind(undefined, true)

/** As a process of its own. */
const startApart = begin.bind(undefined, false)

/** A directory with the file of a server that held KEYS keys. */
const withFile = (use: (dir: string, file: () => Buffer) => Promise<void>): Promise<void> =>
  withTempDir(async (dir) => {
    const { program, client } = await start(dir, "ready", "--save", "")
    await client.command("DEBUG", "POPULATE", String(KEYS))
    expect(await client.text("SAVE")).toBe("+OK\r\n")
    await program.stop("SIGKILL")
    await use(dir, () => fs.readFileSync(`${dir}/dump.rdb`))
  })

/** Waits until a save writes its temporary file. */
const saving = (dir: string): Promise<void> =>
  untilTrue(() => fs.readdirSync(dir).some((name) => name.startsWith("temp-")))

describe("the end while the file is loaded", () => {
  it.each([["SIGTERM"], ["SIGINT"], ["SHUTDOWN"], ["SHUTDOWN SAVE"], ["SHUTDOWN NOSAVE"]])(
    "%s comes at once and leaves the file as it is",
    async (how) => {
      await withFile(async (dir, file) => {
        const before = file()
        const { program, client } = await (how === "SIGTERM" ? startApart : start)(
          dir,
          "loading",
          "--save",
          "3600 1",
        )
        expect(await client.text("DEBUG", "RELOAD")).toMatch(/^-LOADING /)
        if (how === "SIGTERM" || how === "SIGINT") program.signal(how)
        else client.sendRaw(`${how}\r\n`)
        expect((await program.ended).code).toBe(0)
        expect(file()).toEqual(before)
        expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      })
    },
  )
})

describe("the end while a file is saved", () => {
  const slow = ["--save", "3600 1", "--rdb-key-save-delay", SLOW]

  it("a second SIGTERM waits with the first, and the save is made", async () => {
    await withFile(async (dir) => {
      const { program, client } = await start(
        dir,
        "ready",
        "--save",
        "3600 1",
        "--rdb-key-save-delay",
        "2000",
      )
      await client.command("SET", "later", "1")
      program.signal("SIGTERM")
      await saving(dir)
      program.signal("SIGTERM")
      expect((await program.ended).code).toBe(0)
      expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      expect(checkRdb(`${dir}/dump.rdb`).output).toContain(`${KEYS + 1} keys read`)
    })
  })

  it("a second SIGINT ends at once with the old file and nothing else", async () => {
    await withFile(async (dir, file) => {
      const before = file()
      const { program, client } = await startApart(dir, "ready", ...slow)
      await client.command("SET", "later", "1")
      program.signal("SIGINT")
      await saving(dir)
      program.signal("SIGINT")
      expect((await program.ended).code).toBe(1)
      expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      expect(file()).toEqual(before)
    })
  })

  it("a shutdown that is called off leaves a server that takes writes", async () => {
    await withFile(async (dir, file) => {
      const before = file()
      const { program, client, port } = await start(dir, "ready", ...slow)
      await client.command("SET", "later", "1")
      const other = await RawClient.connect({ port })
      client.sendRaw("SHUTDOWN\r\n")
      await saving(dir)
      expect(await other.text("SHUTDOWN", "ABORT")).toBe("+OK\r\n")
      expect(await other.text("SET", "still", "here")).toBe("+OK\r\n")
      expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      expect(file()).toEqual(before)
      other.sendRaw("SHUTDOWN NOSAVE\r\n")
      expect((await program.ended).code).toBe(0)
    })
  })

  it("a last save that fails is tried once where the end is forced", async () => {
    await withTempDir(async (dir) => {
      const { program, client } = await start(dir, "ready", "--save", "3600 1")
      await client.command("SET", "a", "1")
      fs.mkdirSync(`${dir}/dump.rdb`)
      expect(await client.text("SHUTDOWN")).toBe("-ERR Errors trying to SHUTDOWN. Check logs.\r\n")
      client.sendRaw("SHUTDOWN FORCE\r\n")
      const ended = await program.ended
      expect(ended.code).toBe(0)
      const said = ended.stdout.split("\n").map((line) => line.replace(/^.* [*#] /, ""))
      expect(said.filter((line) => line === "Error trying to save the DB, can't exit.")).toHaveLength(1)
      expect(said.filter((line) => line === "Error trying to save the DB. Exit anyway.")).toHaveLength(1)
      expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
    })
  })
})
