/** DUMP and RESTORE: single values in the RDB format. */
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { Event } from "../../engine/KeyEvents.js"
import * as generic from "../spec/generic.js"
import * as server from "../spec/server.js"
import { dumpPayload } from "../../rdb/DumpPayload.js"
import { decodeDumpPayload } from "../../rdb/decode/RdbDecoderDump.js"
import type { PackingLimits } from "../../store/types/PackingLimits.js"
import { RdbLoader } from "../../rdb/load/RdbLoader.js"
import * as Errors from "../../resp/Errors.js"
import type { Ref } from "../../memory/Arena.js"
import { entryType, setEntryClock } from "../../store/Entry.js"
import { clockOfIdle, countClock } from "../../store/eviction/AccessClock.js"

interface DumpSettings extends PackingLimits {
  readonly rdbcompression: boolean
  readonly sanitizeDumpPayload: "no" | "yes" | "clients"
}

interface RestoreOptions {
  replace: boolean
  absolute: boolean
  idle: number
  freq: number
}

const IDLE_MAX = Number.MAX_SAFE_INTEGER

/** RESTORE-ASKING takes the same. */
const declared = options(generic.RESTORE)
const [REPLACE, ABSTTL, IDLETIME, FREQ] = declared.bits("REPLACE", "ABSTTL", "IDLETIME", "FREQ")

/** Options from argument 4 on; undefined after an error reply. */
const readOptions = (c: CommandContext): RestoreOptions | undefined => {
  const found: RestoreOptions = { replace: false, absolute: false, idle: -1, freq: -1 }
  for (let i = 4, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === REPLACE) found.replace = true
    else if (option === ABSTTL) found.absolute = true
    else if (option === IDLETIME && found.freq === -1) {
      const idle = readNumber(c, i + 1, IDLE_MAX, Errors.restoreIdleTime)
      if (idle < 0) return undefined
      found.idle = idle
    } else if (option === FREQ && found.idle === -1) {
      const freq = readNumber(c, i + 1, 255, Errors.restoreFreq)
      if (freq < 0) return undefined
      found.freq = freq
    } else {
      c.fail(Errors.syntax)
      return undefined
    }
  }
  return found
}

/** A number in [0, max], or -1 after an error reply. */
const readNumber = (c: CommandContext, i: number, max: number, outside: string): number => {
  const n = c.int64(i)
  if (n === undefined) {
    c.fail(Errors.notInteger)
    return -1
  }
  if (n < 0n || (outside === Errors.restoreFreq && n > BigInt(max))) {
    c.fail(outside)
    return -1
  }
  return Math.min(Number(n), max)
}

const dump =
  (settings: DumpSettings) =>
  (c: CommandContext): void => {
    const entry = c.read(1)
    if (entry === 0) return c.out.nil()
    const payload = dumpPayload(c.keyspace.arena, entry, settings.rdbcompression)
    c.out.bulk(payload, 0, payload.length)
  }

const restore =
  (settings: DumpSettings, skipChecksum: () => boolean, damaged: (reason: string) => void) =>
  (c: CommandContext): void => {
    const options = readOptions(c)
    if (options === undefined) return
    const old = c.write(1)
    if (old !== 0 && !options.replace) return c.fail(Errors.busyKey)
    const ttl = c.int64(2)
    if (ttl === undefined) return c.fail(Errors.notInteger)
    if (ttl < 0n) return c.fail(Errors.restoreTtl)
    const reason = restoreValue(c, settings, options, ttl, !skipChecksum())
    if (reason !== undefined) damaged(reason)
  }

/** Answers what is wrong with the value, where its bytes are damaged. */
const restoreValue = (
  c: CommandContext,
  settings: DumpSettings,
  options: RestoreOptions,
  ttl: bigint,
  checksum: boolean,
): string | undefined => {
  const { keyspace, db } = c
  const sanitize = settings.sanitizeDumpPayload !== "no" && c.session.kind !== "master"
  const key = c.bytes(1)
  const existed = db.table.find(key, 0, key.length) !== 0
  // The old value goes when the new one is complete: a payload that turns out bad changes nothing.
  const loader = new RdbLoader(
    keyspace,
    { limits: settings, sanitize, dropExpired: false, duplicates: "replace" },
    db.id,
  )
  const outcome = decodeDumpPayload(c.bytes(3), key, loader, { sanitize, checksum })
  if (outcome.kind !== "ok") {
    loader.abandon()
    c.fail(outcome.kind === "footer" ? Errors.badDumpPayload : Errors.badDumpData)
    return outcome.kind === "format" ? (outcome.damage ?? outcome.reason) : undefined
  }
  loader.settle()
  let at = ttl
  if (ttl !== 0n && !options.absolute) at = BigInt.asIntN(64, ttl + BigInt(keyspace.now))
  if (at !== 0n && at <= BigInt(keyspace.now) && keyspace.expiryMode === "delete") {
    c.remove(db.table.find(key, 0, key.length))
    if (existed) deleted(c)
    c.out.ok()
    return undefined
  }
  let entry = db.table.find(key, 0, key.length)
  if (at !== 0n) {
    entry = db.expireAt(entry, Number(BigInt.asIntN(32, at)), Number(BigInt.asIntN(32, at >> 32n)))
    if (!options.absolute && c.replicating) propagate(c, at)
  }
  setAccess(c, entry, options)
  c.notify(1, Event.new, "new")
  c.changed(1, Event.generic, "restore")
  c.ready(1, entryType(keyspace.arena, entry))
  c.out.ok()
  return undefined
}

/** The time given has passed: the key that was there is gone, and that is all. */
const deleted = (c: CommandContext): void => {
  if (c.replicating)
    c.propagation.instead(c.db.id, c.settings.lazyfreeLazyServerDel ? "UNLINK" : "DEL", c.bytes(1))
  c.changed(1, Event.generic, "del")
}

/** The command as replicas get it: with the moment of expiry instead of the time to it. */
const propagate = (c: CommandContext, at: bigint): void => {
  const args = Array.from({ length: c.argc }, (_, i) => (i === 2 ? at : c.bytes(i)))
  c.propagation.instead(c.db.id, ...args, "ABSTTL")
}

const setAccess = (c: CommandContext, entry: Ref, options: RestoreOptions): void => {
  const { keyspace } = c
  const { now } = keyspace
  if (keyspace.frequencies) {
    if (options.freq >= 0) setEntryClock(keyspace.arena, entry, countClock(options.freq, now))
  } else if (options.idle >= 0) {
    setEntryClock(keyspace.arena, entry, clockOfIdle(options.idle, now))
  }
}

export const dumpCommands = (
  settings: DumpSettings,
  skipChecksum: () => boolean = () => false,
  damaged: (reason: string) => void = () => {},
): ReadonlyArray<Command> => [
  command(generic.DUMP, dump(settings)),
  command(generic.RESTORE, restore(settings, skipChecksum, damaged)),
  command(server.RESTORE_ASKING, restore(settings, skipChecksum, damaged)),
]
