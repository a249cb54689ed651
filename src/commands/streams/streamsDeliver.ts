/** Giving entries to a consumer of a group: new ones, or those it holds already. */
import type { Ref } from "../../memory/Arena.js"
import { StreamRange } from "../../memory/stream/Stream.js"
import * as Groups from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import { StreamIdTree } from "../../memory/stream/StreamIdTree.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import {
  consumerCreated,
  logClaim,
  logConsumer,
  logGroupPosition,
  type Reader,
  theConsumer,
} from "./streamsDelivery.js"
import { idBytes, replyEntry, replyId } from "./streamsSupport.js"

const start = new StreamId()
const id = new StreamId()
const end = new StreamId().setMax()
const range = new StreamRange()
const held = new StreamIdTree()

/** The consumer that reads. A reader that acknowledges nothing leaves no other trace of it in the log. */
const reading = (c: CommandContext, group: Ref, reader: Reader, noAck: boolean): Ref => {
  const consumer = theConsumer(c, group, reader)
  if (noAck && consumerCreated && c.replicating) logConsumer(c, reader)
  return consumer
}

/** Replies the entries above the group's position, at most `count` (0 = all), and makes them the consumer's. */
export const deliver = (
  c: CommandContext,
  s: Ref,
  group: Ref,
  reader: Reader,
  count: number,
  noAck: boolean,
): void => {
  const a = c.keyspace.arena
  const consumer = reading(c, group, reader, noAck)
  Groups.groupLast(a, group, start).increment()
  range.begin(a, s, start, end, false)
  const mark = c.out.deferredStart()
  let n = 0
  while ((count === 0 || n < count) && range.next()) {
    range.id(id)
    replyEntry(c.out, range.cursor)
    n++
    Groups.groupDelivered(a, s, group, id)
    if (noAck) continue
    const pending = holdPending(c, group, consumer)
    if (c.replicating) logClaim(c, reader, group, idBytes(id), pending)
  }
  c.out.deferredEnd(mark, "array", n)
  c.keyspace.dirty++
  if (noAck && n > 0 && c.replicating) logGroupPosition(c, reader, group)
}

/** Makes `id` pending for the consumer, as delivered once, now. It may be pending already, after XGROUP SETID. */
const holdPending = (c: CommandContext, group: Ref, consumer: Ref): Ref => {
  const a = c.keyspace.arena
  const now = c.keyspace.now
  const pending = Groups.findPending(a, group, id)
  if (pending === 0) return Groups.addPending(a, group, consumer, id, now)
  Groups.assignPending(a, pending, id, consumer)
  Groups.setPendingTime(a, pending, now)
  Groups.setPendingCount(a, pending, 1n)
  return pending
}

/** Replies what the consumer holds above `after`, at most `count` (0 = all); a deleted entry has nil for its fields. */
export const history = (
  c: CommandContext,
  s: Ref,
  group: Ref,
  reader: Reader,
  after: StreamId,
  count: number,
  noAck: boolean,
): void => {
  const a = c.keyspace.arena
  const consumer = reading(c, group, reader, noAck)
  Groups.consumerPending(a, consumer, held)
  const mark = c.out.deferredStart()
  let n = 0
  start.copy(after)
  let more = start.increment() && held.ceil(start)
  for (; more && (count === 0 || n < count); more = held.next()) {
    range.begin(a, s, held.key, held.key, false)
    if (range.next()) {
      replyEntry(c.out, range.cursor)
      Groups.deliverAgain(a, held.value, c.keyspace.now)
    } else {
      c.out.array(2)
      replyId(c.out, held.key)
      c.out.nilArray()
    }
    n++
  }
  c.out.deferredEnd(mark, "array", n)
  c.keyspace.dirty++
}
