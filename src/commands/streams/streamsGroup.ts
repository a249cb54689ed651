/** XGROUP: making, moving and deleting consumer groups and their consumers. */
import type { Arena, Ref } from "../../memory/Arena.js"
import { headerId, LAST_WORD } from "../../memory/stream/Stream.js"
import {
  createConsumer,
  createGroup,
  deleteConsumer,
  destroyGroup,
  findConsumer,
  findGroup,
  READ_UNKNOWN,
  setGroupLast,
  setGroupRead,
} from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import * as Errors from "../../resp/Errors.js"
import { TYPE_STREAM } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import { Event } from "../../engine/KeyEvents.js"
import { putNewStream } from "./streamsAdd.js"
import { idArgument, idOrEdgeArgument, writeStream } from "./streamsSupport.js"
import { replyHelp } from "../shared/Help.js"

const id = new StreamId()
const DOLLAR = 0x24

/** XGROUP CREATE's hold SETID's. */
const declared = options(spec.XGROUP_CREATE)
const [MKSTREAM, ENTRIESREAD] = declared.bits("MKSTREAM", "ENTRIESREAD")

/** What the options of XGROUP CREATE and SETID say. */
const given = { mkStream: false, entriesRead: READ_UNKNOWN }

const parseOptions = (c: CommandContext, creates: boolean): boolean => {
  given.mkStream = false
  given.entriesRead = READ_UNKNOWN
  for (let i = 5, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === MKSTREAM && creates) given.mkStream = true
    else if (option === ENTRIESREAD) {
      const n = c.int64(i + 1)
      if (n === undefined || n < -1n)
        return c.refuse(n === undefined ? Errors.notInteger : Errors.entriesRead)
      given.entriesRead = n
    } else return c.refuse(Errors.unknownSubcommandOrArguments("xgroup", c.text(1)))
  }
  return true
}

/** The stream in argument 2, which must exist; 0 after an error. */
const existing = (c: CommandContext): Ref => {
  const s = writeStream(c, 2)
  if (s === -1) return 0
  if (s === 0) c.fail(Errors.xgroupKey)
  return s
}

/** The group in argument 3 of an existing stream; 0 after an error. */
const existingGroup = (c: CommandContext, s: Ref): Ref => {
  const group = findGroup(c.keyspace.arena, s, c.buf, c.argOff[3], c.argLen[3])
  if (group === 0) c.fail(Errors.noGroupForKey(c.text(3), c.text(2)))
  return group
}

/** Reads argument 4: an ID, or "$" for the stream's last. */
const readId = (c: CommandContext, a: Arena, s: Ref, creates: boolean): boolean => {
  if (c.argLen[4] === 1 && c.buf[c.argOff[4]] === DOLLAR) {
    if (s === 0) id.setZero()
    else headerId(a, s, LAST_WORD, id)
    return true
  }
  return creates ? idArgument(c, 4, id) : idOrEdgeArgument(c, 4, id)
}

/** Counts a change that no WATCH hears of, and tells subscribers. */
const done = (c: CommandContext, event: string): void => {
  c.keyspace.dirty++
  c.notify(2, Event.stream, event)
}

export const create = (c: CommandContext): void => {
  if (!parseOptions(c, true)) return
  let s = writeStream(c, 2)
  if (s === -1) return
  if (s === 0 && !given.mkStream) return c.fail(Errors.xgroupKey)
  const a = c.keyspace.arena
  if (!readId(c, a, s, true)) return
  if (s === 0) {
    s = putNewStream(c, 2)
    c.events.modified(c.db, c.buf, c.argOff[2], c.argLen[2])
  }
  const group = createGroup(a, s, c.buf, c.argOff[3], c.argLen[3], id, given.entriesRead)
  if (group === 0) return c.fail(Errors.busyGroup)
  c.out.ok()
  done(c, "xgroup-create")
}

export const setId = (c: CommandContext): void => {
  if (!parseOptions(c, false)) return
  const s = existing(c)
  if (s === 0) return
  const group = existingGroup(c, s)
  const a = c.keyspace.arena
  if (group === 0 || !readId(c, a, s, false)) return
  setGroupLast(a, group, id)
  setGroupRead(a, group, given.entriesRead)
  c.out.ok()
  done(c, "xgroup-setid")
}

export const destroy = (c: CommandContext): void => {
  const s = existing(c)
  if (s === 0) return
  if (!destroyGroup(c.keyspace.arena, s, c.buf, c.argOff[3], c.argLen[3])) return c.out.zero()
  c.out.one()
  done(c, "xgroup-destroy")
  // Clients that wait as its consumers are told.
  c.ready(2, TYPE_STREAM)
}

export const createConsumerCommand = (c: CommandContext): void => {
  const s = existing(c)
  if (s === 0) return
  const group = existingGroup(c, s)
  if (group === 0) return
  const a = c.keyspace.arena
  if (findConsumer(a, group, c.buf, c.argOff[4], c.argLen[4]) !== 0) return c.out.zero()
  createConsumer(a, group, c.buf, c.argOff[4], c.argLen[4], c.keyspace.now)
  c.out.one()
  done(c, "xgroup-createconsumer")
}

export const deleteConsumerCommand = (c: CommandContext): void => {
  const s = existing(c)
  if (s === 0) return
  const group = existingGroup(c, s)
  if (group === 0) return
  const held = deleteConsumer(c.keyspace.arena, group, c.buf, c.argOff[4], c.argLen[4])
  if (held < 0) return c.out.zero()
  c.out.int(held)
  done(c, "xgroup-delconsumer")
}

const HELP: ReadonlyArray<string> = [
  "CREATE <key> <groupname> <id|$> [option]",
  "    Create a new consumer group. Options are:",
  "    * MKSTREAM",
  "      Create the empty stream if it does not exist.",
  "    * ENTRIESREAD entries_read",
  "      Set the group's entries_read counter (internal use).",
  "CREATECONSUMER <key> <groupname> <consumer>",
  "    Create a new consumer in the specified group.",
  "DELCONSUMER <key> <groupname> <consumer>",
  "    Remove the specified consumer.",
  "DESTROY <key> <groupname>",
  "    Remove the specified group.",
  "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
  "    Set the current group ID and entries_read counter.",
]

export const help = (c: CommandContext): void => replyHelp(c, "XGROUP", HELP)
