/**
 * The language by single programs and the answers redis-server 7.0.15 gave to them: `testdata/lua/*.txt`, each program
 * followed by `=> ` and its answer, programs apart by `---`. Where a redis-server is at hand it is asked again, so that
 * what is stored cannot be wrong.
 *
 * `language.txt` holds bodies of which all values are shown, `syntax.txt` whole chunks that mostly do not compile.
 */
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { comparable, evaluate, inTurns, showing, unframed } from "./Interpreter.js"

interface Case {
  readonly source: string
  readonly answer: string
}

const ANSWER = "\n=> "

const read = (name: string, program: (body: string) => string): Case[] =>
  fs
    .readFileSync(fileURLToPath(new URL(`../../testdata/lua/${name}.txt`, import.meta.url)), "latin1")
    .trimEnd()
    .split("\n---\n")
    .map((text) => {
      const at = text.lastIndexOf(ANSWER)
      return { source: program(text.slice(0, at)), answer: text.slice(at + ANSWER.length) }
    })

const suites = {
  language: read("language", showing),
  syntax: read("syntax", (body) => body),
}

const differing = (cases: ReadonlyArray<Case>, answerOf: (source: string) => string): string =>
  cases
    .map(({ source, answer }) => ({ source, answer, found: comparable(answerOf(source)) }))
    .filter(({ answer, found }) => answer !== found)
    .map(({ source, answer, found }) => `${source}\nredis: ${answer}\nhere:  ${found}`)
    .join("\n\n")

describe("the language", () => {
  for (const [name, cases] of Object.entries(suites)) {
    it(`${name}: ${cases.length} programs answer as redis-server does`, () => {
      expect(cases.length).toBeGreaterThan(100)
      expect(differing(cases, (source) => evaluate(source).reply)).toBe("")
    })

    it(`${name}: the same when the turn is given up at every tick`, () => {
      expect(differing(cases, (source) => inTurns(source).reply)).toBe("")
    })
  }
})

describeOracle("stored answers", () => {
  it("are those of redis-server", () =>
    withOracle({}, async (oracle) => {
      const client = await oracle.connect({ timeoutMs: 60_000 })
      for (const { source, answer } of Object.values(suites).flat()) {
        const reply = unframed(await client.command("EVAL", Buffer.from(source, "latin1"), "0"))
        expect(comparable(reply), source).toBe(answer)
      }
      client.close()
    }))
})
