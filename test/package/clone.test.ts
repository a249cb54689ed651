/**
 * A fresh copy of the repository, as README.md has it: installed, built, tested and started, with a command of one's own.
 * What `npm ci` would unpack is here already, as it came by that: the copy borrows it, once npm has found nothing against
 * it. With REDIX_EFFORT it is unpacked anew.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { readmeBlock } from "../docs/Readme.js"
import { effort } from "../support/Effort.js"
import { freePort } from "../support/OracleServer.js"
import { Program, root } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"
import { npm, run, STEP_MS_MAX } from "./Npm.js"

/** What a clone has: no dependencies, no output. */
const NOT_CLONED = /^(?:node_modules|dist|dist-bench|\.git|result)$|\.tgz$|\.log$|dump\.rdb$/

let clone = ""

beforeAll(() => {
  clone = fs.mkdtempSync(path.join(os.tmpdir(), "redix-clone-"))
  for (const entry of fs.readdirSync(root)) {
    if (NOT_CLONED.test(entry)) continue
    const filter = (source: string): boolean => !NOT_CLONED.test(path.basename(source))
    fs.cpSync(path.join(root, entry), path.join(clone, entry), { recursive: true, filter })
  }
})

afterAll(() => fs.rmSync(clone, { recursive: true, force: true }))

interface Locked {
  readonly version?: string | undefined
  readonly integrity?: string | undefined
  readonly optional?: boolean
}

/** Packages of a lock file by their folder. */
const packagesOf = (file: string): ReadonlyMap<string, Locked> => {
  const lock = JSON.parse(fs.readFileSync(file, "utf8")) as { readonly packages: Record<string, Locked> }
  return new Map(Object.entries(lock.packages))
}

it(
  "npm ci installs it",
  () => {
    for (const block of ["test", "start"]) expect(readmeBlock(block)).toMatch(/^npm ci && /)
    if (effort(1) > 1) return void npm(clone, "ci")
    npm(clone, "ci", "--dry-run")
    const wanted = packagesOf(path.join(clone, "package-lock.json"))
    const present = packagesOf(path.join(root, "node_modules/.package-lock.json"))
    const needed = [...wanted].filter(([name, { optional }]) => name !== "" && optional !== true)
    expect(needed.filter(([name]) => !present.has(name))).toEqual([])
    const same = ({ version, integrity }: Locked): Locked => ({ version, integrity })
    for (const [name, locked] of present) expect(same(locked), name).toEqual(same(wanted.get(name) ?? {}))
    fs.symlinkSync(path.join(root, "node_modules"), path.join(clone, "node_modules"))
  },
  STEP_MS_MAX,
)

it(
  "npm start builds it and serves testdata/dump.rdb, with a command added as README.md says",
  async () => {
    expect(readmeBlock("start").trim()).toBe("npm ci && npm start")
    const tag = "src/commands/strings/initial.ts"
    fs.writeFileSync(path.join(clone, tag), readmeBlock(tag))
    const index = path.join(clone, "src/commands/index.ts")
    const families = fs.readFileSync(index, "utf8")
    expect(families).toContain("  ...stringCommands,\n")
    fs.writeFileSync(
      index,
      `import { initialCommands } from "./strings/initial.js"\n${families.replace("  ...stringCommands,\n", "  ...stringCommands,\n  ...initialCommands,\n")}`,
    )
    const manifest: unknown = JSON.parse(fs.readFileSync(path.join(clone, "package.json"), "utf8"))
    expect(manifest).toMatchObject({
      scripts: {
        build: expect.any(String),
        start: expect.stringMatching(
          /^npm run build && node dist\/main\.js --dir=\.\/testdata --filename=dump\.rdb --port=8000$/,
        ),
      },
    })
    // The line itself; a later --port counts.
    const port = await freePort()
    const program = new Program({
      command: ["npm", "start", "--loglevel=error", "--", `--port=${port}`],
      cwd: clone,
      group: true,
    })
    await program.ready()
    const client = await RawClient.connect({ port })
    expect(await client.text("SET", "kept", "value")).toBe("+OK\r\n")
    expect(await client.text("INITIAL", "kept")).toBe("$1\r\nv\r\n")
    expect(await client.text("COMMAND", "GETKEYS", "INITIAL", "kept")).toBe("*1\r\n$4\r\nkept\r\n")
    expect(await client.text("INITIAL")).toBe("-ERR wrong number of arguments for 'initial' command\r\n")
    client.close()
    await program.stop()
    for (const file of ["main.js", "check-rdb.js", "index.js", "index.d.ts", "snapshotWorker.js"])
      expect(fs.existsSync(path.join(clone, "dist", file)), file).toBe(true)
    expect(fs.existsSync(path.join(clone, "testdata/dump.rdb"))).toBe(true)
  },
  STEP_MS_MAX,
)

it(
  "npm test finds the tests",
  () => {
    expect(readmeBlock("test").trim()).toBe("npm ci && npm test")
    const report = run(clone, "npm", "test", "--", "test/bytes/latin1.test.ts", "--no-color")
    expect(report).toMatch(/Test Files +1 passed/)
  },
  STEP_MS_MAX,
)
