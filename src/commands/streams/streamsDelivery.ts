/**
 * What XREADGROUP, XCLAIM and XAUTOCLAIM share: consumers that come to life when they are first named, and what the
 * command log gets of a delivery. The key and the names are bytes of the command or of a waiting client.
 */
import type { Arena, Ref } from "../../memory/Arena.js"
import {
  createConsumer,
  findConsumer,
  groupLast,
  groupRead,
  pendingConsumer,
  pendingCount,
  pendingTime,
  setSeenTime,
} from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { idBytes, nameBytes } from "./streamsSupport.js"

/** A key's and a group's and a consumer's name, as bytes that stay. */
export interface Reader {
  readonly key: Uint8Array
  readonly group: Uint8Array
  readonly consumer: Uint8Array
}

/** Whether `theConsumer` made a consumer. */
export let consumerCreated = false

/** The reader's consumer, made if need be; it has been seen now. */
export const theConsumer = (c: CommandContext, group: Ref, reader: Reader): Ref => {
  const a = c.keyspace.arena
  const name = reader.consumer
  const found = findConsumer(a, group, name, 0, name.length)
  consumerCreated = found === 0
  if (found !== 0) {
    setSeenTime(a, found, c.keyspace.now)
    return found
  }
  const made = createConsumer(a, group, name, 0, name.length, c.keyspace.now)
  c.events.notify(Event.stream, "xgroup-createconsumer", c.db.id, reader.key, 0, reader.key.length)
  c.keyspace.dirty++
  return made
}

const last = new StreamId()

/** Logs how a pending entry stands now, as the XCLAIM that brings it about; `id` is its ID as text. */
export const logClaim = (
  c: CommandContext,
  reader: Reader,
  group: Ref,
  id: Uint8Array,
  pending: Ref,
): void => {
  const a = c.keyspace.arena
  c.propagation.also(
    c.db.id,
    "XCLAIM",
    reader.key,
    reader.group,
    nameBytes(a, pendingConsumer(a, pending)),
    0,
    id,
    "TIME",
    pendingTime(a, pending),
    "RETRYCOUNT",
    pendingCount(a, pending),
    "FORCE",
    "JUSTID",
    "LASTID",
    idBytes(groupLast(a, group, last)),
  )
}

/** Logs the group's position. */
export const logGroupPosition = (c: CommandContext, reader: Reader, group: Ref): void => {
  const a: Arena = c.keyspace.arena
  c.propagation.also(
    c.db.id,
    "XGROUP",
    "SETID",
    reader.key,
    reader.group,
    idBytes(groupLast(a, group, last)),
    "ENTRIESREAD",
    groupRead(a, group),
  )
}

export const logConsumer = (c: CommandContext, reader: Reader): void =>
  c.propagation.also(c.db.id, "XGROUP", "CREATECONSUMER", reader.key, reader.group, reader.consumer)
