/** Declarations against redis-server: COMMAND, COMMAND INFO, DOCS and LIST must agree for every command. */
import { afterAll, beforeAll, expect, it } from "vitest"
import {
  describeAll,
  describeNamed,
  documentAll,
  type ListFilter,
  listNames,
} from "../../../src/engine/declare/Describe.js"
import { describeOracle, OracleServer } from "../../support/Oracle.js"
import type { RawClient } from "../../support/RawClient.js"
import { parseReply, type ReplyNode } from "../../support/RespFrames.js"
import { allSpecs, catalogue, masked, print } from "./Support.js"

describeOracle("declarations against redis-server", () => {
  let oracle: OracleServer
  let resp2: RawClient
  let resp3: RawClient

  beforeAll(async () => {
    oracle = await OracleServer.start()
    resp2 = await oracle.connect()
    resp3 = await oracle.connect()
    await resp3.command("HELLO", "3")
  })

  afterAll(async () => {
    resp2.close()
    resp3.close()
    await oracle.stop()
  })

  const names = (reply: Buffer): string[] =>
    (parseReply(reply).items ?? []).map((item) => item.payload.toString("latin1"))

  const protocols = [2, 3] as const
  const client = (resp: 2 | 3): RawClient => (resp === 2 ? resp2 : resp3)

  it("declares every command and subcommand, and no other", async () => {
    const theirs = names(await resp2.command("COMMAND", "LIST"))
    expect(allSpecs.map((spec) => spec.name).sort()).toEqual(theirs.sort())
    expect(catalogue.size).toBe(Number((await resp2.text("COMMAND", "COUNT")).slice(1)))
  })

  for (const resp of protocols) {
    it(`COMMAND INFO of each, RESP${resp}`, async () => {
      const replies = await client(resp).pipeline(allSpecs.map((spec) => ["COMMAND", "INFO", spec.name]))
      allSpecs.forEach((spec, i) => {
        const ours = parseReply(print(describeNamed(catalogue, [spec.name]), resp))
        expect(masked(ours), spec.name).toBe(masked(parseReply(replies[i] ?? Buffer.alloc(0))))
      })
    })

    it(`COMMAND DOCS of each, RESP${resp}`, async () => {
      const replies = await client(resp).pipeline(allSpecs.map((spec) => ["COMMAND", "DOCS", spec.name]))
      allSpecs.forEach((spec, i) => {
        const ours = parseReply(print(documentAll(catalogue, [spec.name]), resp))
        expect(masked(ours), spec.name).toBe(masked(parseReply(replies[i] ?? Buffer.alloc(0))))
      })
    })

    it(`COMMAND and COMMAND DOCS of all, RESP${resp}`, async () => {
      const byName = (node: ReplyNode, size: number): string[] => {
        const printed = (node.items ?? []).map(masked)
        const groups: string[] = []
        for (let i = 0; i < printed.length; i += size) groups.push(printed.slice(i, i + size).join(""))
        return groups.sort()
      }
      const [info, docs] = await client(resp).pipeline([["COMMAND"], ["COMMAND", "DOCS"]])
      expect(byName(parseReply(print(describeAll(catalogue), resp)), 1)).toEqual(
        byName(parseReply(info ?? Buffer.alloc(0)), 1),
      )
      expect(byName(parseReply(print(documentAll(catalogue), resp)), 2)).toEqual(
        byName(parseReply(docs ?? Buffer.alloc(0)), 2),
      )
    })

    it(`unknown names and names in any case, RESP${resp}`, async () => {
      const asked = ["nosuch", "GET", "config|nosuch", "Config|Get", "get|x", "get", "", "|", "dbsize"]
      const [info, docs] = await client(resp).pipeline([
        ["COMMAND", "INFO", ...asked],
        ["COMMAND", "DOCS", ...asked],
      ])
      expect(masked(parseReply(print(describeNamed(catalogue, asked), resp)))).toBe(
        masked(parseReply(info ?? Buffer.alloc(0))),
      )
      expect(masked(parseReply(print(documentAll(catalogue, asked), resp)))).toBe(
        masked(parseReply(docs ?? Buffer.alloc(0))),
      )
    })
  }

  it("COMMAND LIST FILTERBY selects the same names", async () => {
    const categories = names(await resp2.command("ACL", "CAT"))
    const filters: Array<[args: string[], filter: ListFilter]> = [
      [["MODULE", "x"], { by: "module", name: "x" }],
      ...[...categories, "STRING", "@read", "nosuch", ""].map((category): [string[], ListFilter] => [
        ["ACLCAT", category],
        { by: "aclcat", category },
      ]),
      ...["*", "get", "X*", "config|*", "C[lo]*", "??", "nosuch", "", "*|help", "\\get"].map(
        (pattern): [string[], ListFilter] => [
          ["PATTERN", pattern],
          { by: "pattern", pattern: Buffer.from(pattern) },
        ],
      ),
    ]
    expect(categories.length).toBe(21)
    for (const [args, filter] of filters) {
      const theirs = names(await resp2.command("COMMAND", "LIST", "FILTERBY", ...args))
      const ours = names(print(listNames(catalogue, filter), 2))
      expect(ours.sort(), args.join(" ")).toEqual(theirs.sort())
    }
  })

  it("words every summary, complexity and change anew", async () => {
    const theirs = new Set<string>()
    const collect = (node: ReplyNode): void => {
      if (node.items === undefined) theirs.add(node.payload.toString("utf8"))
      else node.items.forEach(collect)
    }
    collect(parseReply(await resp3.command("COMMAND", "DOCS")))
    collect(parseReply(await resp3.command("COMMAND")))
    for (const spec of allSpecs) {
      expect(theirs, spec.name).not.toContain(spec.summary)
      if (spec.complexity?.includes(" ") === true && spec.complexity.length > 12)
        expect(theirs, spec.name).not.toContain(spec.complexity)
      for (const change of spec.history) expect(theirs, spec.name).not.toContain(change.replace(/^\S+ /, ""))
      for (const { notes } of spec.keySpecs) if (notes !== undefined) expect(theirs).not.toContain(notes)
    }
  })
})
