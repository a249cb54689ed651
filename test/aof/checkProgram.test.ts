/**
 * redix-check-aof says of a file what redis-check-aof says, cuts it where that does, and knows groups besides: asked in this
 * process, and where it says so, as a program.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { checkAof } from "../../src/program/CheckAof.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { effort } from "../support/Effort.js"
import { describeOracle } from "../support/Oracle.js"
import { root } from "../support/Program.js"
import { Random } from "../support/Random.js"
import { fileOf, group, randomPieces } from "./AofSupport.js"

interface Said {
  readonly status: number | null
  readonly output: string
}

const run = (binary: string, args: ReadonlyArray<string>, dir: string, input = ""): Said => {
  const { status, stdout } = spawnSync(binary, args, { cwd: dir, input, encoding: "latin1" })
  return { status, output: stdout }
}

const program = path.join(root, "dist/check-aof.js")
const asProgram = (dir: string, args: ReadonlyArray<string>, input = ""): Said =>
  run(process.execPath, [program, ...args], dir, input)

/** Names of files are relative to where it is asked. */
const ours = (dir: string, args: ReadonlyArray<string>, input = ""): Said => {
  const before = process.cwd()
  process.chdir(dir)
  try {
    let output = ""
    const status = checkAof(args, {
      say: (line) => void (output += `${line}\n`),
      ask: (question) => {
        output += question
        return input
      },
    })
    return { status, output: Buffer.from(output).toString("latin1") }
  } finally {
    process.chdir(before)
  }
}

const set = (key: string): string => `*3\r\n$3\r\nSET\r\n$1\r\n${key}\r\n$1\r\n1\r\n`

describe("redix-check-aof", () => {
  it("finds a garbled group, says whether it had been on the disk, and cuts only when told to", () =>
    withTempDir(async (dir) => {
      const good = group(Buffer.from(set("a")))
      const bad = group(Buffer.from(set("b")))
      bad[bad.length - 3] = 0x39
      const file = path.join(dir, "x.aof")
      fs.writeFileSync(file, Buffer.concat([good, bad, group(Buffer.from(set("c")), bad.length)]))
      const torn = ours(dir, ["x.aof"])
      expect(torn.status).toBe(1)
      expect(torn.output).toContain(`A group of ${set("b").length} bytes is not what was written`)
      expect(torn.output).toContain(`ok_up_to=${good.length},`)
      expect(torn.output).not.toContain("Damage in the middle")
      fs.writeFileSync(file, Buffer.concat([good, bad, group(Buffer.from(set("c")))]))
      expect(ours(dir, ["x.aof"]).output).toContain(`Damage in the middle at offset ${good.length}`)
      expect(ours(dir, ["--fix", "x.aof"], "n\n")).toMatchObject({ status: 1 })
      expect(fs.statSync(file).size).toBeGreaterThan(good.length)
      expect(ours(dir, ["--fix", "x.aof"], "y\n")).toMatchObject({ status: 0 })
      expect(fs.readFileSync(file)).toEqual(good)
      expect(ours(dir, ["x.aof"])).toMatchObject({ status: 0 })
    }))

  it("says as a program what it says here, asks and is answered, and ends as it answers", () =>
    withTempDir(async (dir) => {
      const torn = set("a") + set("b").slice(0, -5)
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, input: string]> = [
        [["x.aof"], ""],
        [["--fix", "x.aof"], "n\n"],
        [["--fix", "x.aof"], "y\n"],
        [["--help"], ""],
        [[], ""],
      ]
      for (const [args, input] of cases) {
        const [here, there] = [ours, asProgram].map((check) => {
          fs.writeFileSync(path.join(dir, "x.aof"), torn)
          const said = check(dir, args, input)
          return { ...said, left: fs.readFileSync(path.join(dir, "x.aof"), "latin1") }
        })
        expect(there).toEqual(here)
      }
    }))

  it("has the manifest's errors and its own usage", () =>
    withTempDir(async (dir) => {
      fs.writeFileSync(path.join(dir, "m"), "file a seq 1 type x\n")
      expect(ours(dir, ["m"])).toMatchObject({ status: 1 })
      expect(ours(dir, ["m"]).output).toContain("Unknown AOF file type")
      expect(ours(dir, ["--help"])).toMatchObject({ status: 0 })
      expect(ours(dir, [])).toMatchObject({ status: 1 })
    }))
})

describeOracle("redix-check-aof beside redis-check-aof", () => {
  /** Left out: what ours says more, its name, and what lies in the other's memory behind the end of a text. */
  const comparable = ({ status, output }: Said): Said => ({
    status,
    output: output
      .replaceAll("redix-check-aof", "redis-check-aof")
      .replace(/got: 00..$/m, "got: 00")
      .replace(/^\d+ commands were read; all that follows is lost\n/m, ""),
  })

  const same = (dir: string, file: Buffer, args: ReadonlyArray<string>, input = ""): void => {
    const results = ["ours", "theirs"].map((who) => {
      const place = path.join(dir, who)
      fs.mkdirSync(place, { recursive: true })
      fs.writeFileSync(path.join(place, "base.aof"), set("x"))
      fs.writeFileSync(path.join(place, "x.aof"), file)
      fs.writeFileSync(path.join(place, "m"), "file base.aof seq 1 type b\nfile x.aof seq 1 type i\n")
      const said = who === "ours" ? ours(place, args, input) : run("redis-check-aof", args, place, input)
      return { ...comparable(said), left: fs.readFileSync(path.join(place, "x.aof"), "latin1") }
    })
    expect(results[0], JSON.stringify(file.toString("latin1"))).toEqual(results[1])
  }

  it("says the same of files that are whole, cut, or changed", () =>
    withTempDir(async (dir) => {
      const random = Random.forTest("check-aof")
      for (let round = 0; round < effort(12); round++) {
        const whole = fileOf(randomPieces(random, 4, false))
        const file = Buffer.from(
          whole.subarray(0, random.chance(0.6) ? random.below(whole.length + 1) : undefined),
        )
        if (random.chance(0.3) && file.length > 0)
          file[random.below(file.length)] = random.pick([0x2a, 0x24, 0x30, 0x39, 0x0d, 0x78])
        same(
          dir,
          file,
          random.pick([["x.aof"], ["m"], ["--fix", "x.aof"], ["--fix", "m"]]),
          random.pick(["y\n", "n\n", ""]),
        )
      }
    }))

  it("cuts at the same time", () =>
    withTempDir(async (dir) => {
      const file = Buffer.from(`#TS:10\r\n${set("a")}#TS:20\r\n${set("b")}#TS:30\r\n${set("c")}`)
      for (const time of ["5", "10", "25", "30", "x"])
        for (const name of ["x.aof", "m"]) same(dir, file, ["--truncate-to-timestamp", time, name])
    }))
})
