/** XTRIM, and the options it shares with XADD. */
import { firstNodeId, streamLength, trimStream } from "../../memory/stream/Stream.js"
import { ID_ANY_SEQUENCE, ID_INVALID, ID_WHOLE, parseId, StreamId } from "../../bytes/StreamId.js"
import type { Ref } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import { Event } from "../../engine/KeyEvents.js"
import type { CommandArgument } from "../../resp/CommandEncoder.js"
import { idBytes, writeStream } from "./streamsSupport.js"

/** Entries deleted at most by an approximate trim: so many full nodes, between these bounds. */
const LIMIT_NODES = 100
const LIMIT_DEFAULT = 10000
const LIMIT_MAX = 1000000

/** XADD's hold XTRIM's. */
const declared = options(spec.XADD)
const [NOMKSTREAM, MAXLEN, MINID, LIMIT] = declared.bits("NOMKSTREAM", "MAXLEN", "MINID", "LIMIT")
const [ABOUT, EXACTLY, STAR] = declared.bits("~", "=", "*")

/** The options of the command in progress. */
export class TrimOptions {
  noMkStream = false
  /** Whether MAXLEN or MINID was given. */
  trims = false
  maxLength = -1
  readonly minId = new StreamId()
  approximate = false
  limit = 0
  /** Arguments of the threshold, and of its "~" or "=" (0 = none). */
  thresholdArg = 0
  operatorArg = 0
  /** XADD: the argument of the ID, 0 = none found; "*", "ms-*" or a whole ID. */
  idArg = 0
  idForm: "star" | "sequence" | "whole" = "star"
  readonly id = new StreamId()

  /** Reads the options from argument 2 on; false after answering an error. */
  parse(c: CommandContext, adds: boolean): boolean {
    this.noMkStream = this.trims = this.approximate = false
    this.maxLength = -1
    this.thresholdArg = this.operatorArg = this.idArg = 0
    let limit = -1
    for (let i = 2, option = 0; i < c.argc; i++) {
      option = declared.at(c, i)
      if (option === STAR && adds) {
        this.idArg = i
        this.idForm = "star"
        break
      }
      if (option === MAXLEN || option === MINID) {
        i = this.threshold(c, i, option === MAXLEN)
        if (i < 0) return false
      } else if (option === LIMIT) {
        limit = c.integer(++i)
        if (!(limit >= 0)) return c.refuse(limit < 0 ? Errors.streamLimit : Errors.notInteger)
      } else if (!adds) return c.refuse(Errors.syntax)
      else if (option === NOMKSTREAM) this.noMkStream = true
      else {
        if (!this.readId(c, i)) return false
        break
      }
    }
    return this.settleLimit(c, limit, adds)
  }

  private readId(c: CommandContext, i: number): boolean {
    const found = parseId(c.buf, c.argOff[i], c.argLen[i], this.id, false, true)
    if (found === ID_INVALID) return c.refuse(Errors.streamId)
    this.idArg = i
    this.idForm = found === ID_ANY_SEQUENCE ? "sequence" : "whole"
    return true
  }

  /** Reads what follows MAXLEN or MINID at argument `at`; answers the last argument read, -1 after an error. */
  private threshold(c: CommandContext, at: number, byLength: boolean): number {
    if (this.trims) {
      c.fail(Errors.streamTrimConflict)
      return -1
    }
    this.trims = true
    let i = at + 1
    this.operatorArg = 0
    this.approximate = false
    const operator = i + 1 < c.argc ? declared.at(c, i) : 0
    if (operator === ABOUT || operator === EXACTLY) {
      this.approximate = operator === ABOUT
      this.operatorArg = i++
    }
    this.thresholdArg = i
    if (!byLength) {
      const found = parseId(c.buf, c.argOff[i], c.argLen[i], this.minId, false, false)
      if (found === ID_WHOLE) return i
      c.fail(Errors.streamId)
      return -1
    }
    this.maxLength = c.integer(i)
    if (this.maxLength >= 0) return i
    c.fail(this.maxLength < 0 ? Errors.streamMaxlen : Errors.notInteger)
    return -1
  }

  private settleLimit(c: CommandContext, given: number, adds: boolean): boolean {
    // A master that trimmed approximately sends the exact outcome and leaves LIMIT where it stood.
    const error =
      given > 0 && !this.trims
        ? Errors.streamLimitNoTrim
        : !adds && !this.trims
          ? Errors.streamTrimMissing
          : given >= 0 && !this.approximate && !c.fromMaster
            ? Errors.streamLimitNotApprox
            : undefined
    if (error !== undefined) return c.refuse(error)
    if (!this.approximate) this.limit = 0
    else if (given >= 0) this.limit = given
    else {
      const nodes = LIMIT_NODES * c.settings.streamNodeMaxEntries
      this.limit = nodes <= 0 ? LIMIT_DEFAULT : nodes > LIMIT_MAX ? LIMIT_MAX : nodes
    }
    return true
  }

  /** Puts into a logged command what an approximate trim came to, as an exact one. */
  makeExact(c: CommandContext, s: Ref, args: Array<CommandArgument>): void {
    const a = c.keyspace.arena
    args[this.operatorArg] = "="
    if (this.maxLength >= 0) args[this.thresholdArg] = streamLength(a, s)
    else {
      if (!firstNodeId(a, s, first)) first.setMax()
      args[this.thresholdArg] = idBytes(first)
    }
  }
}

const first = new StreamId()
const trim = new TrimOptions()

/** The arguments of the command in progress, for a rewritten one. */
export const argumentsOf = (c: CommandContext): Array<CommandArgument> =>
  Array.from({ length: c.argc }, (_, i) => c.bytes(i))

export const xtrim = (c: CommandContext): void => {
  if (!trim.parse(c, false)) return
  const s = writeStream(c, 1)
  if (s === -1) return
  const deleted = s === 0 ? 0 : trimStream(c.keyspace.arena, s, trim)
  if (deleted > 0) {
    c.changed(1, Event.stream, "xtrim")
    c.keyspace.dirty += deleted - 1
    if (trim.approximate && c.replicating) {
      const args = argumentsOf(c)
      trim.makeExact(c, s, args)
      c.propagation.instead(c.db.id, ...args)
    }
  }
  c.out.int(deleted)
}
