/** What a server's last words are where its append-only files keep it from starting: redis-server's. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { PATIENCE_MS } from "../../support/Patience.js"
import { describeOracle } from "../../support/Oracle.js"
import { root } from "../../support/Program.js"
import { encodeCommand } from "../../support/RawClient.js"

const set = encodeCommand(["SET", "k", "v"])
const BOTH = "file b seq 1 type b\nfile i seq 1 type i\n"

/** Files by name; without content, a directory. The manifest is "m". */
const CASES: Readonly<Record<string, Readonly<Record<string, string | Buffer | undefined>>>> = {
  "the increment gone": { b: set, m: BOTH },
  "the base gone": { i: set, m: BOTH },
  "a directory for the increment": { b: set, i: undefined, m: BOTH },
  "a directory for the base": { b: undefined, i: set, m: BOTH },
  "an unknown command": { b: set, i: encodeCommand(["FOO"]), m: BOTH },
  "an unknown subcommand": { b: set, i: encodeCommand(["XGROUP", "k", "v"]), m: BOTH },
  "bytes that are no command": { b: set, i: Buffer.concat([set, Buffer.from("hello\r\n"), set]), m: BOTH },
  "an empty manifest": { m: "" },
  "a line that is none": { b: set, m: `${BOTH}hello\n` },
  "two bases": { b: set, m: "file b seq 1 type b\nfile b seq 1 type b\n" },
  "a path": { b: set, m: "file a/b seq 1 type b\n" },
  "an unknown type": { b: set, m: "file b seq 1 type x\n" },
  "numbers that do not rise": { m: "file b seq 2 type i\nfile b seq 1 type i\n" },
  "a line too long": { m: `file ${"b".repeat(1100)} seq 1 type b\n` },
}

const PROGRAMS = {
  redix: [process.execPath, path.join(root, "dist/main.js")],
  redis: ["redis-server"],
} as const

const STAMP = /^\d+:\w \d+ \w+ \d+ [\d:.]+ /
/** Redix says where, too. */
const PLACE = / \(at byte \d+.*?\)$/
const ABOUT_START =
  /Starting|starting|Redis version|Redix version|Configuration|monotonic clock|Running|initialized|overcommit/

/** All that its log says from the first word on files on, and what it ends with. */
const lastWords = (kind: keyof typeof PROGRAMS, dir: string): ReadonlyArray<string> => {
  const [program, ...first] = PROGRAMS[kind]
  const log = `${dir}/log`
  const flags = ["--port", "0", "--unixsocket", `${dir}/socket`, "--dir", dir, "--save", "", "--logfile", log]
  const { status } = spawnSync(program, [...first, ...flags, "--appendonly", "yes"], { timeout: PATIENCE_MS })
  const lines = fs.readFileSync(log, "latin1").split("\n")
  const begun = lines.findLastIndex((line) => ABOUT_START.test(line))
  const words = lines.slice(begun + 1).map((line) => line.replace(STAMP, "").replace(/\d\.\d+ s/, "N s"))
  return [`${status}`, ...words.map((line) => line.replace(PLACE, ""))]
}

describeOracle("the last words of a server that does not start", () => {
  it.each(Object.entries(CASES))("%s", (_, files) =>
    withTempDir(async (dir) => {
      const seen = (["redix", "redis"] as const).map((kind) => {
        const place = `${dir}/${kind}`
        fs.mkdirSync(`${place}/appendonlydir`, { recursive: true })
        for (const [name, content] of Object.entries(files)) {
          const file = `${place}/appendonlydir/${name === "m" ? "appendonly.aof.manifest" : name}`
          if (content === undefined) fs.mkdirSync(file)
          else fs.writeFileSync(file, content)
        }
        return lastWords(kind, place)
      })
      expect(seen[0]?.length).toBeGreaterThan(1)
      expect(seen[0]).toEqual(seen[1])
    }),
  )

  it("a file where the directory should be", () =>
    withTempDir(async (dir) => {
      const [ours, theirs] = (["redix", "redis"] as const).map((kind) => {
        fs.mkdirSync(`${dir}/${kind}`)
        fs.writeFileSync(`${dir}/${kind}/appendonlydir`, "")
        return lastWords(kind, `${dir}/${kind}`)
      })
      expect(ours).toEqual(theirs)
    }))
})
