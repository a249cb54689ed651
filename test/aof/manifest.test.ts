/** The manifest of an append-only file is read and written as redis-server does; its own tool is asked. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { ManifestError } from "../../src/aof/AofErrors.js"
import {
  baseNameOf,
  formatManifest,
  incrementNameOf,
  type Manifest,
  manifestNameOf,
  parseManifest,
  tempManifestNameOf,
} from "../../src/aof/Manifest.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { effort } from "../support/Effort.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"

const parse = (text: string): Manifest => parseManifest(Buffer.from(text, "latin1"), "dir/x.manifest")

const errorOf = (text: string): ManifestError => {
  try {
    parse(text)
  } catch (thrown) {
    if (thrown instanceof ManifestError) return thrown
    throw thrown
  }
  throw new Error(`a manifest that makes sense: ${JSON.stringify(text)}`)
}

describe("the manifest", () => {
  it("names the files by their kinds", () => {
    expect(
      parse(
        "# all of it\nfile a seq 2 type b\nfile h seq 1 type h\nfile i seq 3 type i\nfile j seq 4 type i\n",
      ),
    ).toEqual({
      base: { name: "a", seq: 2 },
      history: [{ name: "h", seq: 1 }],
      increments: [
        { name: "i", seq: 3 },
        { name: "j", seq: 4 },
      ],
    })
  })

  it("is taken however its words stand", () => {
    const file = { base: { name: "a b\n", seq: 7 }, history: [], increments: [] }
    for (const text of [
      '\t type base SEQ 7x FILE "a\\x20b\\n" \r\n',
      'file other file "a b\\n" seq 7 type b\n',
      'file "a b\\n" seq 07 type b comment word\n',
    ])
      expect(parse(text)).toEqual(file)
  })

  it("says what is wrong as redis-server's log does", () => {
    expect(errorOf("file a seq 1 type b\nfile b seq 2 type b\n").message).toBe(
      "\n*** FATAL AOF MANIFEST FILE ERROR ***\nReading the manifest file, at line 2\n" +
        ">>> 'file b seq 2 type b'\nFound duplicate base file information",
    )
    expect(errorOf("").message).toBe("\n*** FATAL AOF MANIFEST FILE ERROR ***\nFound an empty AOF manifest")
    expect(errorOf("file a seq 1 type b")).toMatchObject({
      line: 0,
      path: "dir/x.manifest",
      reason: "The AOF manifest file contains too long line",
    })
  })

  it("comes back from its own text, whatever the names are", () => {
    const random = Random.forTest("manifest names")
    const name = (): string =>
      Array.from({ length: random.between(1, 9) }, () => String.fromCharCode(random.between(1, 255)))
        .join("")
        .replace(/[/\\]/g, "_")
    for (let round = 0; round < effort(300); round++) {
      const manifest = {
        base: random.chance(0.8) ? { name: name(), seq: random.between(1, 1e9) } : undefined,
        history: Array.from({ length: random.below(3) }, () => ({ name: name(), seq: random.between(1, 9) })),
        increments: Array.from({ length: random.below(4) }, (_, i) => ({ name: name(), seq: i + 1 })),
      }
      const text = Buffer.from(formatManifest(manifest)).toString("latin1")
      expect(text === "" ? { ...manifest, base: undefined } : parse(text)).toEqual(manifest)
    }
  })

  it("has redis-server's names", () => {
    expect([
      manifestNameOf("x.aof"),
      tempManifestNameOf("x.aof"),
      baseNameOf("x.aof", 2, "rdb"),
      baseNameOf("x.aof", 3, "commands"),
      incrementNameOf("x.aof", 4),
    ]).toEqual([
      "x.aof.manifest",
      "temp-x.aof.manifest",
      "x.aof.2.base.rdb",
      "x.aof.3.base.aof",
      "x.aof.4.incr.aof",
    ])
  })
})

const randomLine = (random: Random): string => {
  const word = (): string =>
    random.pick([
      "file",
      "FILE",
      "seq",
      "type",
      "a",
      "'b'",
      '"c d"',
      '"e',
      "1",
      "0",
      "2x",
      "b",
      "i",
      "h",
      "x",
      "",
    ])
  const right = `file ${random.pick(["a", "'b'", '"c d"', "p/q", "p\\q", '"e'])} seq ${random.pick(["1", "2", "3", "-1", "0", "2x"])} type ${random.pick(["b", "i", "i", "h", "history", "x", "B"])}`
  const line = random.pick([
    right,
    right,
    right,
    `${right} ${word()}`,
    `# ${right}`,
    ` ${right}\r`,
    Array.from({ length: random.below(9) }, word).join(" "),
    `${right} x ${"y".repeat(random.between(970, 1010))}`,
  ])
  return random.chance(0.03) ? line : `${line}\n`
}

describeOracle("the manifest beside redis-check-aof", () => {
  it("is refused for the same reasons, and else taken", () =>
    withTempDir(async (dir) => {
      const random = Random.forTest("manifest oracle")
      for (const name of ["a", "b", "c d"]) fs.writeFileSync(path.join(dir, name), "")
      for (let round = 0; round < effort(60); round++) {
        // By its first line the tool knows a manifest.
        const text = `file a seq 1 type h\n${Array.from({ length: random.between(1, 4) }, () => randomLine(random)).join("")}`
        fs.writeFileSync(path.join(dir, "x.manifest"), text, "latin1")
        const { stdout } = spawnSync("redis-check-aof", ["x.manifest"], { cwd: dir, encoding: "latin1" })
        const said = stdout.split("\n").flatMap((line) => /^\d+:C .{25}# ([^\n]*)/.exec(line)?.[1] ?? [])
        if (!stdout.includes("FATAL AOF MANIFEST")) expect(parse(text), text).toBeDefined()
        // The log cuts long lines.
        else
          expect(
            errorOf(text)
              .message.split("\n")
              .slice(2)
              .map((line) => line.slice(0, 900)),
            text,
          ).toEqual(said.filter((line) => line !== "").map((line) => line.slice(0, 900)))
      }
    }))
})
