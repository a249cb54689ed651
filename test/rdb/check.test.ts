/** The program redix-check-rdb: what it says, asked in this process, and that it says so as a program. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { checkRdb } from "../../src/program/CheckRdb.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { describeOracle } from "../support/Oracle.js"
import { goldenBytes, goldenDescription, goldenNames } from "./Goldens.js"
import { withTempDir } from "./PersistenceSupport.js"

const program = fileURLToPath(new URL("../../dist/check-rdb.js", import.meta.url))
const goldenPath = (name: string): string =>
  fileURLToPath(new URL(`../../testdata/golden/${name}.rdb`, import.meta.url))

const LOOKS_OK = /^\[offset \d+\] \\o\/ RDB looks OK! \\o\/$/m

interface Said {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

const check = (...args: ReadonlyArray<string>): Said => {
  let [out, err] = ["", ""]
  const status = checkRdb(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    isTerminal: false,
  })
  return { status, out, err }
}

const runProgram = (...args: ReadonlyArray<string>): Said => {
  const run = spawnSync(process.execPath, [program, ...args], { encoding: "utf8", timeout: 60_000 })
  return { status: run.status, out: run.stdout, err: run.stderr }
}

describe("redix-check-rdb", () => {
  for (const name of goldenNames) {
    it(`lists every key of ${name} as JSON`, () => {
      const { status, out } = check("--json", goldenPath(name))
      expect(status).toBe(0)
      const keys = out
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      const wanted = Object.entries(goldenDescription(name).databases).flatMap(([db, all]) =>
        Object.entries(all).map(([key, k]) => `${db} ${key} ${k.type} ${k.expireAt ?? "-"}`),
      )
      const nameOf = (key: Record<string, unknown>): string =>
        typeof key["key"] === "string"
          ? Buffer.from(key["key"], "utf8").toString("latin1")
          : Buffer.from(String(key["keyBase64"]), "base64").toString("latin1")
      const seen = keys.map((key) => `${key["db"]} ${nameOf(key)} ${key["type"]} ${key["expireAt"] ?? "-"}`)
      expect(seen.sort()).toEqual(wanted.sort())
    })
  }

  it("sums up by type", () => {
    const { status, out, err } = check(goldenPath("redis-7.0-sets"))
    expect(status).toBe(0)
    expect(err).toBe("")
    expect(out).toMatch(/^\[info\] RDB version 10$/m)
    expect(out).toMatch(/^set +7 +1134 /m)
    expect(out).toMatch(LOOKS_OK)
  })

  it("says as a program what it says here, and ends as it answers", async () => {
    await withTempDir((dir) => {
      const cut = `${dir}/cut.rdb`
      const bytes = goldenBytes("redis-7.0-strings")
      fs.writeFileSync(cut, bytes.subarray(0, bytes.length - 20))
      const golden = goldenPath("redis-7.0-lists")
      for (const args of [[golden], ["--json", golden], [cut], [`${dir}/none`], [], ["--help"]])
        expect(runProgram(...args)).toEqual(check(...args))
      return Promise.resolve()
    })
  })

  it("reads a pipe, whose size nobody knows", () => {
    const pipe = (bytes: string): Said => {
      const line = `${bytes} | "${process.execPath}" "${program}" /dev/stdin`
      const run = spawnSync("sh", ["-c", line], { encoding: "utf8", timeout: 60_000 })
      return { status: run.status, out: run.stdout, err: run.stderr }
    }
    const file = goldenPath("redis-7.0-lists")
    expect(pipe(`cat "${file}"`)).toMatchObject({
      status: 0,
      err: "",
      out: expect.stringMatching(LOOKS_OK),
    })
    expect(pipe(`head -c 500 "${file}"`)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^--- RDB ERROR DETECTED ---\n\[offset \d+\] /),
    })
    expect(pipe(`cat "${file}" "${file}"`).err).toMatch(/bytes follow the end of the data/)
  })

  it("calls sound what a server loads, and nothing else", () => {
    // What a server makes of these files is compared with redis-server in damaged.test.ts.
    const refused = new Map([
      ["check-repeated-key.rdb", "repeated key"],
      ["check-repeated-set-member.rdb", "repeated member"],
    ])
    const folder = fileURLToPath(new URL("../../testdata/damaged/", import.meta.url))
    for (const name of fs.readdirSync(folder)) {
      const reason = refused.get(name)
      const { status, out, err } = check(`${folder}${name}`)
      expect(status, name).toBe(reason === undefined ? 0 : 1)
      if (reason === undefined) expect(out).toMatch(LOOKS_OK)
      else expect(err).toContain(reason)
    }
  })

  it("does not call sound what holds values of modules", async () => {
    await withTempDir((dir) => {
      const file = `${dir}/module.rdb`
      const id = [0x81, ...Buffer.alloc(8, 0x11)]
      const noChecksum = Buffer.alloc(8)
      fs.writeFileSync(
        file,
        Buffer.concat([
          Buffer.from("REDIS0010"),
          Buffer.from([0xfe, 0, 7, 1, 0x6b, ...id, 0, 0xff]),
          noChecksum,
        ]),
      )
      const { status, out, err } = check(file)
      expect(status).toBe(1)
      expect(out).toMatch(/^module \S+ +1 /m)
      expect(err).toContain("no server loads values of module")
      return Promise.resolve()
    })
  })

  it("says where a file is corrupt, with exit code 1", async () => {
    await withTempDir((dir) => {
      const file = `${dir}/bad.rdb`
      const bytes = goldenBytes("redis-7.0-strings")
      fs.writeFileSync(file, bytes.subarray(0, bytes.length - 20))
      expect(check(file)).toMatchObject({
        status: 1,
        err: expect.stringMatching(/^--- RDB ERROR DETECTED ---\n\[offset \d+\] .*at byte \d+/),
      })
      bytes[bytes.length - 1] ^= 1
      fs.writeFileSync(file, bytes)
      expect(check(file).err).toContain("wrong checksum")
      fs.writeFileSync(file, Buffer.concat([goldenBytes("redis-7.0-strings"), Buffer.from("more")]))
      expect(check(file)).toMatchObject({ status: 0, err: expect.stringContaining("4 bytes follow the end") })
      expect(check(`${dir}/none`)).toMatchObject({ status: 1 })
      expect(check()).toMatchObject({ status: 1, err: expect.stringContaining("Usage:") })
      expect(check("--help")).toMatchObject({ status: 0, out: expect.stringContaining("Usage:") })
      return Promise.resolve()
    })
  })
})

describeOracle("redix-check-rdb beside redis-check-rdb", () => {
  it("says what redis-check-rdb says of whole files, in its words", () => {
    for (const file of goldenNames.filter((name) => name.startsWith("redis-7.0-"))) {
      const run = spawnSync("redis-check-rdb", [goldenPath(file)], { encoding: "utf8", timeout: PATIENCE_MS })
      expect(run.status).toBe(0)
      const { out } = check(goldenPath(file))
      const lines = run.stdout.split("\n").filter((line) => /^\[info\]|Checking RDB file|looks OK/.test(line))
      expect(lines.length).toBe(5)
      for (const line of lines) expect(out).toContain(`${line}\n`)
      for (const [field] of run.stdout.matchAll(/AUX FIELD .*$/gm)) expect(out).toContain(`${field}\n`)
    }
  })
})
