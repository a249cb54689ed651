/**
 * A reply as a value, for replies that describe commands: built without knowing the protocol, printed for either.
 * RESP2 has no maps and sets: they become arrays there.
 */
import type { ReplyWriter } from "../../resp/ReplyWriter.js"

export type ReplyTree =
  | { readonly type: "array"; readonly items: ReadonlyArray<ReplyTree> }
  | { readonly type: "set"; readonly items: ReadonlyArray<ReplyTree> }
  | { readonly type: "map"; readonly entries: ReadonlyArray<readonly [key: string, value: ReplyTree]> }
  | { readonly type: "bulk"; readonly text: string }
  | { readonly type: "simple"; readonly text: string }
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "nil" }

export const array = (items: ReadonlyArray<ReplyTree>): ReplyTree => ({ type: "array", items })
export const set = (items: ReadonlyArray<ReplyTree>): ReplyTree => ({ type: "set", items })
export const map = (entries: ReadonlyArray<readonly [key: string, value: ReplyTree]>): ReplyTree => ({
  type: "map",
  entries,
})
export const bulk = (text: string): ReplyTree => ({ type: "bulk", text })
export const simple = (text: string): ReplyTree => ({ type: "simple", text })
export const int = (value: number): ReplyTree => ({ type: "int", value })
export const nil: ReplyTree = { type: "nil" }

/** Prints `tree` in the writer's protocol. */
export const writeReplyTree = (reply: ReplyWriter, tree: ReplyTree): void => {
  switch (tree.type) {
    case "array":
      reply.array(tree.items.length)
      for (const item of tree.items) writeReplyTree(reply, item)
      return
    case "set":
      reply.set(tree.items.length)
      for (const item of tree.items) writeReplyTree(reply, item)
      return
    case "map":
      reply.map(tree.entries.length)
      for (const [key, value] of tree.entries) {
        reply.bulkText(key)
        writeReplyTree(reply, value)
      }
      return
    case "bulk":
      reply.bulkText(tree.text)
      return
    case "simple":
      reply.simple(tree.text)
      return
    case "int":
      reply.int(tree.value)
      return
    case "nil":
      reply.nil()
      return
  }
}
