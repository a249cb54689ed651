/**
 * The kinds of directive values with structure: save points, addresses, output buffer limits, event flags and the like.
 * As in Kinds, `parse` gets the words of a line joined by single blanks, and the reasons are redis-server 7.0's texts.
 */
import * as Redacted from "effect/Redacted"
import { accepted, humanBytes, INT64_MAX, type Kind, parseBytes, type Parsed, refused } from "./Kinds.js"
import { fromByteText } from "./ByteText.js"
import { quoteWordIfNeeded, splitWords } from "../bytes/Words.js"

/** Save after `seconds` when at least `changes` writes were made. */
export interface SavePoint {
  readonly seconds: number
  readonly changes: number
}

/** Words as Redis splits them here: at every single blank, so that two blanks make an empty, and so a bad, word. */
const wordsOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(" "))

const signedInteger = /^[+-]?[0-9]+$/

const parseSave = (text: string): Parsed<ReadonlyArray<SavePoint>> => {
  const words = wordsOf(text)
  const bad = "Invalid save parameters"
  if (words.length % 2 !== 0) return refused(bad)
  const points: Array<SavePoint> = []
  for (let i = 0; i < words.length; i += 2) {
    const [seconds, changes] = [words[i] ?? "", words[i + 1] ?? ""]
    // Nothing after a blank counts as 0, as in Redis.
    if (!/^([+-]?[0-9]+)?$/.test(seconds) || !/^([+-]?[0-9]+)?$/.test(changes)) return refused(bad)
    const point = { seconds: Number(seconds), changes: Number(changes) }
    if (point.seconds < 1 || point.changes < 0) return refused(bad)
    points.push(point)
  }
  return accepted(points, points.map((point) => `${point.seconds} ${point.changes}`).join(" "))
}

export const savePoints: Kind<ReadonlyArray<SavePoint>> = {
  label: "seconds changes ...",
  words: "several",
  parse: parseSave,
  lines: (text) => (text === "" ? ['""'] : (text.match(/\S+ \S+/g) ?? [])),
}

const BIND_ADDRESSES_MAX = 16

/** Addresses to listen on; a leading "-" makes one optional, "*" and "::*" mean every address of the family. */
export const bindAddresses = (removedWhen: string): Kind<ReadonlyArray<string>> => ({
  label: "address ...",
  words: "several",
  parse: (text) => {
    const addresses = text.split(" ").filter((word) => word !== "")
    if (addresses.length > BIND_ADDRESSES_MAX) return refused("Too many bind addresses specified.")
    return accepted(addresses.map(fromByteText), text)
  },
  lines: (text) => (text === removedWhen ? [] : [text === "" ? '""' : text]),
})

const eventFlags = "g$lshzxet"
const eventLetters = `A${eventFlags}KEmdn`

/**
 * notify-keyspace-events: the set of classes as letters, "A" spelled out in the value, folded in the shown text. Redis
 * shows `n` and `d` only where the whole is not "A".
 */
export const keyspaceEvents: Kind<ReadonlySet<string>> = {
  label: "flags",
  words: "one",
  parse: (text) => {
    for (const letter of text)
      if (!eventLetters.includes(letter))
        return refused("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
    const set = new Set(text.replace("A", `${eventFlags}d`))
    const has = (letters: string): string => [...letters].filter((letter) => set.has(letter)).join("")
    const all = has(`${eventFlags}d`) === `${eventFlags}d`
    const shown = all ? "A" : has(`${eventFlags}dn`)
    return accepted(set, shown + has("KEm"))
  },
  lines: (text) => [`"${text}"`],
}

/** One class's limits; 0 is no limit. Past the hard limit, or past the soft one for so long, the client is closed. */
export interface OutputBufferLimit {
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}

export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit
  readonly replica: OutputBufferLimit
  readonly pubsub: OutputBufferLimit
}

type LimitClass = keyof OutputBufferLimits
const limitClasses: Readonly<Record<string, LimitClass>> = {
  normal: "normal",
  slave: "replica",
  replica: "replica",
  pubsub: "pubsub",
}

const MB = 1024 * 1024
const defaultOutputBufferLimits: OutputBufferLimits = {
  normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  replica: { hardBytes: 256 * MB, softBytes: 64 * MB, softSeconds: 60 },
  pubsub: { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 },
}

const showLimits = (limits: OutputBufferLimits): string => {
  const show = (name: string, { hardBytes, softBytes, softSeconds }: OutputBufferLimit) =>
    `${name} ${hardBytes} ${softBytes} ${softSeconds}`
  return [show("normal", limits.normal), show("slave", limits.replica), show("pubsub", limits.pubsub)].join(
    " ",
  )
}

/** Classes the text does not name keep what `from` says: CONFIG SET changes only the named ones. */
export const parseOutputBufferLimits = (
  text: string,
  from: OutputBufferLimits,
): Parsed<OutputBufferLimits> => {
  const words = wordsOf(text)
  if (words.length % 4 !== 0) return refused("Wrong number of arguments in buffer limit configuration.")
  const limits = { ...from }
  for (let i = 0; i < words.length; i += 4) {
    const name = limitClasses[(words[i] ?? "").toLowerCase()]
    if (name === undefined) return refused("Invalid client class specified in buffer limit configuration.")
    const hard = parseBytes(words[i + 1] ?? "?")
    const soft = parseBytes(words[i + 2] ?? "?")
    const seconds = words[i + 3] ?? ""
    if (hard === undefined || soft === undefined || !/^\+?[0-9]+$/.test(seconds))
      return refused("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
    limits[name] = { hardBytes: Number(hard), softBytes: Number(soft), softSeconds: Number(seconds) }
  }
  return accepted(limits, showLimits(limits))
}

export const outputBufferLimits: Kind<OutputBufferLimits> = {
  label: "class hard soft seconds ...",
  words: "several",
  parse: (text) => parseOutputBufferLimits(text, defaultOutputBufferLimits),
  lines: (text) =>
    (text.match(/\S+ \S+ \S+ \S+/g) ?? []).map((group) => {
      const [name = "", hard = "0", soft = "0", seconds = "0"] = group.split(" ")
      const shown = name === "slave" ? "replica" : name
      return `${shown} ${humanBytes(BigInt(hard))} ${humanBytes(BigInt(soft))} ${seconds}`
    }),
}

const plainLine = (text: string): ReadonlyArray<string> => [text]

export const oomScores: Kind<ReadonlyArray<number>> = {
  label: "master replica child",
  words: "several",
  lines: plainLine,
  parse: (text) => {
    const words = wordsOf(text)
    if (words.length !== 3) return refused("wrong number of arguments")
    const good = words.every((word) => signedInteger.test(word) && Math.abs(Number(word)) <= 2000)
    if (!good) return refused("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
    const scores = words.map(Number)
    return accepted(scores, scores.join(" "))
  },
}

/** Redis shows at most six decimals here, trailing zeros dropped. */
const showPercentile = (value: number): string => String(Number(value.toFixed(6)))

export const percentiles: Kind<ReadonlyArray<number>> = {
  label: "percentile ...",
  words: "several",
  lines: (text) => [text === "" ? '""' : text],
  parse: (text) => {
    const words = wordsOf(text)
    if (!words.every((word) => /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(word)))
      return refused("Invalid latency-tracking-info-percentiles parameters")
    const values = words.map(Number)
    if (!values.every((value) => value >= 0 && value <= 100))
      return refused("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
    return accepted(values, values.map(showPercentile).join(" "))
  },
}

const shutdownFlagList = ["default", "save", "nosave", "now", "force"] as const
export type ShutdownFlag = Exclude<(typeof shutdownFlagList)[number], "default">

/** What a signal does: the flags SHUTDOWN would take; none is the default. */
export const shutdownFlags: Kind<ReadonlySet<ShutdownFlag>> = {
  label: "flag ...",
  words: "several",
  lines: plainLine,
  parse: (text) => {
    const words = text.toLowerCase().split(" ")
    const flags = new Set<ShutdownFlag>()
    for (const word of words) {
      const flag = shutdownFlagList.find((candidate) => candidate === word)
      if (flag === undefined)
        return refused(`argument(s) must be one of the following: ${shutdownFlagList.join(", ")}`)
      if (flag !== "default") flags.add(flag)
    }
    if (flags.has("save") && flags.has("nosave"))
      return refused("shutdown options SAVE and NOSAVE can't be used simultaneously")
    const shown = shutdownFlagList.filter((flag) => flag !== "default" && flags.has(flag))
    return accepted(flags, shown.length === 0 ? "default" : shown.join(" "))
  },
}

/** Bytes, or a part of maxmemory. */
export type BytesOrPercent = { readonly bytes: number } | { readonly percent: number }

export const memoryOrPercent: Kind<BytesOrPercent> = {
  label: "memory or percent",
  words: "one",
  lines: (text) => [text.endsWith("%") ? text : humanBytes(BigInt(text))],
  parse: (text) => {
    if (/^(0|[1-9][0-9]*)%$/.test(text)) {
      const percent = Number(text.slice(0, -1))
      if (percent > 100) return refused("percentage argument must be less or equal to 100")
      return percent === 0 ? accepted({ bytes: 0 }, "0") : accepted({ percent }, text)
    }
    const bytes = parseBytes(text)
    if (bytes === undefined) return refused("argument must be a memory or percent value")
    if (bytes > BigInt(INT64_MAX)) return refused("percentage argument must be less or equal to 100")
    return accepted({ bytes: Number(bytes) }, String(bytes))
  },
}

/** The master to follow, or none. */
export interface ReplicaOf {
  readonly host: string
  readonly port: number
}

export const replicaOf: Kind<ReplicaOf | undefined> = {
  label: "host port",
  words: "several",
  lines: (text) => (text === "" ? [] : [text]),
  parse: (text) => {
    // Redis refuses an empty `replicaof` line; here it is how the environment or an embedding app says "none".
    if (text === "") return accepted(undefined, "")
    const words = wordsOf(text)
    const [host, portText] = words
    if (host === undefined || portText === undefined || words.length !== 2)
      return refused("wrong number of arguments")
    if (host.toLowerCase() === "no" && portText.toLowerCase() === "one") return accepted(undefined, "")
    const port = Number(portText)
    if (!/^[0-9]+$/.test(portText) || port > 65535) return refused("Invalid master port")
    return accepted({ host: fromByteText(host), port }, `${host} ${port}`)
  },
}

/** A `user` line, as byte texts. */
export interface UserDeclaration {
  readonly name: string
  readonly rules: ReadonlyArray<string>
}

/** `user` lines, parted by line ends; what the rules mean is known when all commands are. */
export const userDeclarations: Kind<Redacted.Redacted<ReadonlyArray<UserDeclaration>>> = {
  label: "name rule ...",
  words: "several",
  lines: () => [],
  parse: (text) => {
    const users: Array<UserDeclaration> = []
    for (const line of text.split("\n").filter((one) => one !== "")) {
      const [name, ...rules] = splitWords(line) ?? []
      if (name === undefined) return refused("Unbalanced quotes in configuration line")
      users.push({ name, rules })
    }
    return accepted(Redacted.make(users), text)
  },
}

/** `rename-command` lines, as byte texts: the new name, "" to remove the command. */
export interface RenamedCommand {
  readonly from: string
  readonly to: string
}

export const renamedCommands: Kind<ReadonlyArray<RenamedCommand>> = {
  label: "command newname",
  words: "several",
  lines: () => [],
  parse: (text) => {
    const words = splitWords(text)
    if (words === undefined || words.length % 2 !== 0)
      return refused("Bad directive or wrong number of arguments")
    const renames: Array<RenamedCommand> = []
    for (let i = 0; i < words.length; i += 2) renames.push({ from: words[i] ?? "", to: words[i + 1] ?? "" })
    return accepted(
      renames,
      renames.map(({ from, to }) => `${quoteWordIfNeeded(from)} ${quoteWordIfNeeded(to)}`).join(" "),
    )
  },
}
