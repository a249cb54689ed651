/** What the tests of the declarations share: all of them, printed replies, and replies with our own wording masked. */
import { type Catalogue, catalogueOf } from "../../../src/engine/declare/Catalogue.js"
import { CommandSpec } from "../../../src/engine/declare/CommandSpec.js"
import * as declarations from "../../../src/commands/spec/index.js"
import { type ReplyTree, writeReplyTree } from "../../../src/engine/declare/ReplyTree.js"
import { ReplyWriter } from "../../../src/resp/ReplyWriter.js"
import { NEWER } from "../../support/coverage/NewerCommands.js"
import type { ReplyNode } from "../../support/RespFrames.js"

/** Those that redis-server 7.0 has, too. */
export const allSpecs: ReadonlyArray<CommandSpec> = Object.values(declarations)
  .filter((value): value is CommandSpec => value instanceof CommandSpec)
  .filter(({ name }) => !NEWER.has(name))

export const catalogue: Catalogue = catalogueOf(allSpecs)

export const print = (tree: ReplyTree, resp: 2 | 3): Buffer => {
  const writer = new ReplyWriter()
  writer.resp = resp
  writeReplyTree(writer, tree)
  return Buffer.from(writer.take())
}

const isKey = (node: ReplyNode | undefined, ...keys: string[]): boolean =>
  node?.type === "$" && keys.includes(node.payload.toString("latin1"))

/** Prints a reply with the texts that are our own words replaced by "...", and subcommands in order of their names. */
export const masked = (node: ReplyNode): string => {
  if (node.items === undefined) return node.raw.toString("latin1")
  const items = node.items
  const printed = items.map((item, i) => {
    const key = items[i - 1]
    if (isKey(key, "summary", "complexity", "notes")) return "..."
    if (isKey(key, "history")) return maskedHistory(item)
    if (isKey(key, "subcommands")) return inOrder(item, 2)
    // A command's tenth element holds its subcommands.
    if (items.length === 10 && i === 9) return inOrder(item, 1)
    return masked(item)
  })
  return head(node) + printed.join("")
}

const head = (node: ReplyNode): string => `${node.type}${node.items?.length ?? 0}\n`

const maskedHistory = (history: ReplyNode): string =>
  head(history) +
  (history.items ?? [])
    .map((change) => `${head(change)}${change.items?.[0]?.raw.toString("latin1") ?? ""}...`)
    .join("")

const inOrder = (node: ReplyNode, size: number): string => {
  const printed = (node.items ?? []).map(masked)
  const groups: string[] = []
  for (let i = 0; i < printed.length; i += size) groups.push(printed.slice(i, i + size).join(""))
  return head(node) + groups.sort().join("")
}
