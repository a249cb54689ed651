/** XACK and XPENDING: what a group holds pending. */
import type { Arena, Ref } from "../../memory/Arena.js"
import * as Groups from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import { StreamIdTree } from "../../memory/stream/StreamIdTree.js"
import { nameAt, nameCount } from "../../memory/stream/StreamNames.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import {
  idArgument,
  intervalEndArgument,
  intervalStartArgument,
  readStream,
  replyId,
  replyName,
} from "./streamsSupport.js"

const id = new StreamId()
const end = new StreamId()
const held = new StreamIdTree()

export const xack = (c: CommandContext): void => {
  const s = readStream(c, 1)
  if (s === -1) return
  const a = c.keyspace.arena
  const group = s === 0 ? 0 : Groups.findGroup(a, s, c.buf, c.argOff[2], c.argLen[2])
  if (group === 0) return c.out.zero()
  for (let i = 3; i < c.argc; i++) if (!idArgument(c, i, id)) return
  let done = 0
  for (let i = 3; i < c.argc; i++) {
    idArgument(c, i, id)
    if (Groups.removePending(a, group, id)) done++
  }
  c.keyspace.dirty += done
  c.out.int(done)
}

/** The group in argument 2 of the stream in argument 1; 0 after an error. */
export const pendingGroup = (c: CommandContext): Ref => {
  const s = readStream(c, 1)
  if (s === -1) return 0
  const group = s === 0 ? 0 : Groups.findGroup(c.keyspace.arena, s, c.buf, c.argOff[2], c.argLen[2])
  if (group === 0) c.fail(Errors.noGroup(c.text(1), c.text(2)))
  return group
}

const summary = (c: CommandContext): void => {
  const group = pendingGroup(c)
  if (group === 0) return
  const a = c.keyspace.arena
  Groups.groupPending(a, group, held)
  c.out.array(4)
  c.out.int(held.count)
  if (held.count === 0) {
    c.out.nil()
    c.out.nil()
    c.out.nilArray()
    return
  }
  held.first()
  replyId(c.out, held.key)
  held.last()
  replyId(c.out, held.key)
  const mark = c.out.deferredStart()
  const consumers = Groups.consumersOf(a, group)
  let n = 0
  for (let i = 0; i < nameCount(a, consumers); i++) {
    const consumer = nameAt(a, consumers, i)
    const count = Groups.consumerPendingCount(a, consumer)
    if (count === 0) continue
    c.out.array(2)
    replyName(c.out, a, consumer)
    c.out.bulkInt(count)
    n++
  }
  c.out.deferredEnd(mark, "array", n)
}

/** Milliseconds since the last delivery, not negative. */
const idleTime = (c: CommandContext, a: Arena, pending: Ref): number =>
  Math.max(0, c.keyspace.now - Groups.pendingTime(a, pending))

/** The entries from `id` to `end`, at most `count`, idle for `minIdle` milliseconds at least. */
const list = (c: CommandContext, tree: StreamIdTree, count: number, minIdle: number): void => {
  const a = c.keyspace.arena
  const mark = c.out.deferredStart()
  let n = 0
  for (let more = count > 0 && tree.ceil(id); more && n < count; more = tree.next()) {
    if (tree.key.compare(end) > 0) break
    const pending = tree.value
    const idle = idleTime(c, a, pending)
    if (minIdle > 0 && idle < minIdle) continue
    c.out.array(4)
    replyId(c.out, tree.key)
    replyName(c.out, a, Groups.pendingConsumer(a, pending))
    c.out.int(idle)
    replyCount(c, pending)
    n++
  }
  c.out.deferredEnd(mark, "array", n)
}

/** How often an entry was delivered. */
export const replyCount = (c: CommandContext, pending: Ref): void => {
  const count = Groups.pendingCount(c.keyspace.arena, pending)
  c.out.bigint(BigInt.asIntN(64, count))
}

/** XPENDING has one option, and a place for it: IDLE. */
const declared = options(spec.XPENDING)

export const xpending = (c: CommandContext): void => {
  if (c.argc === 3) return summary(c)
  if (c.argc < 6 || c.argc > 9) return c.fail(Errors.syntax)
  let at = 3
  let minIdle = 0
  if (declared.at(c, 3) !== 0) {
    minIdle = c.integer(4)
    if (minIdle !== minIdle) return c.fail(Errors.notInteger)
    if (c.argc < 8) return c.fail(Errors.syntax)
    at = 5
  }
  const count = c.integer(at + 2)
  if (count !== count) return c.fail(Errors.notInteger)
  if (!intervalStartArgument(c, at, id) || !intervalEndArgument(c, at + 1, end)) return
  const group = pendingGroup(c)
  if (group === 0) return
  const a = c.keyspace.arena
  if (c.argc === at + 3) return list(c, Groups.groupPending(a, group, held), count, minIdle)
  const consumer = Groups.findConsumer(a, group, c.buf, c.argOff[at + 3], c.argLen[at + 3])
  if (consumer === 0) return c.out.emptyArray()
  list(c, Groups.consumerPending(a, consumer, held), count, minIdle)
}
