/** What redix-check-aof does: verifies an append-only file, of one part or of several, and cuts it where it is whole. */
import { systemReason } from "../bytes/SystemReason.js"
import * as fs from "node:fs"
import { ManifestError } from "../aof/AofErrors.js"
import { AofScan, type ByteSource, type ScanResult } from "../aof/AofScan.js"
import { LaterGroups } from "../aof/LaterGroups.js"
import { parseManifest } from "../aof/Manifest.js"
import { defaultSettings } from "../engine/Settings.js"
import { RdbDecoder } from "../rdb/decode/RdbDecoder.js"
import { RdbCorruptError, RdbVersionError } from "../rdb/format/RdbErrors.js"
import { summaryLines } from "../rdb/RdbCheck.js"
import { RdbTrial } from "../rdb/RdbTrial.js"

const USAGE = "Usage: redix-check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>"

const SLICE_BYTES = 1024 * 1024

interface Dialogue {
  readonly say: (line: string) => void
  readonly ask: (question: string) => string
}

/** Ends the check; its line is the last to be said. */
class Stop {
  constructor(readonly line: string) {}
}

const stop = (line: string): never => {
  throw new Stop(line)
}

interface Task {
  readonly fix: boolean
  /** Unix seconds after which everything is cut off. */
  readonly until: number | undefined
}

const readAll = (fd: number, at: number, into: Uint8Array): number => {
  let n = 0
  while (n < into.length) {
    const more = fs.readSync(fd, into, n, into.length - n, at + n)
    if (more === 0) break
    n += more
  }
  return n
}

const sourceOf = (fd: number): ByteSource => {
  const { size } = fs.fstatSync(fd)
  const read = (at: number, bytes: number): Uint8Array => {
    const into = new Uint8Array(Math.max(0, Math.min(bytes, size - at)))
    return into.subarray(0, readAll(fd, at, into))
  }
  return { size, read }
}

/** Opens a file for as long as it is used. */
const withFile = <A>(path: string, flags: "r" | "r+", use: (fd: number) => A): A => {
  let fd: number
  try {
    fd = fs.openSync(path, flags)
  } catch (thrown) {
    return stop(`Cannot open file ${path}: ${systemReason(thrown)}`)
  }
  try {
    return use(fd)
  } finally {
    fs.closeSync(fd)
  }
}

const startsWith = (source: ByteSource, text: string): boolean =>
  Buffer.from(source.read(0, text.length)).toString("latin1") === text

/** Checks the RDB file that a file begins with; answers where it ends. */
const checkPreamble = (source: ByteSource, name: string, { say }: Dialogue): number => {
  say(`[offset 0] Checking RDB file ${name}`)
  // The time decides only what is called expired.
  const trial = new RdbTrial(performance.timeOrigin + performance.now(), defaultSettings)
  const decoder = new RdbDecoder(trial, { path: name, totalBytes: source.size, skipModuleValues: true })
  try {
    for (let at = 0; at < source.size && !decoder.done; at += SLICE_BYTES)
      decoder.feed(source.read(at, SLICE_BYTES))
    decoder.finish()
  } catch (thrown) {
    if (!(thrown instanceof RdbCorruptError || thrown instanceof RdbVersionError)) throw thrown
    say("--- RDB ERROR DETECTED ---")
    say(`[offset ${thrown.offset}] ${thrown.message}`)
    return stop("RDB preamble of AOF file is not sane, aborting.")
  }
  say(`[offset ${decoder.offset}] \\o/ RDB looks OK! \\o/`)
  for (const line of summaryLines(trial)) say(line)
  say("RDB preamble is OK, proceeding with AOF tail...")
  return decoder.offset
}

/** Says whether what is bad had been on the disk once: then no power cut has torn it. */
const tellDamage = (source: ByteSource, bad: number, { say }: Dialogue): void => {
  const later = new LaterGroups(bad)
  for (let at = bad; at < source.size; at += SLICE_BYTES)
    if (later.feed(source.read(at, SLICE_BYTES)))
      return say(
        `Damage in the middle at offset ${bad}: later groups say that this was on the disk. A cut there loses them, too.`,
      )
}

const truncate = (path: string, size: number): void =>
  withFile(path, "r+", (fd) => {
    fs.ftruncateSync(fd, size)
    fs.fsyncSync(fd)
  })

class Checker {
  private line = 1

  constructor(
    private readonly task: Task,
    private readonly dialogue: Dialogue,
  ) {}

  /** One file; `label` as verdicts name it. */
  check(path: string, name: string, label: string, isLast: boolean, preamble: boolean): void {
    withFile(path, "r", (fd) => {
      const source = sourceOf(fd)
      if (source.size === 0) return this.dialogue.say(`${label} ${name} is empty`)
      const from = preamble && startsWith(source, "REDIS") ? checkPreamble(source, name, this.dialogue) : 0
      const result = new AofScan(source, path, name, from, this.line).run(this.task.until)
      this.line = result.line
      if (result.laterAt !== undefined) return this.cutToTime(path, name, result.laterAt, isLast)
      if (this.isWhole(path, name, source, result, isLast)) this.dialogue.say(`${label} ${name} is valid`)
    })
  }

  private cutToTime(path: string, name: string, at: number, isLast: boolean): void {
    const { until } = this.task
    if (at === 0) stop(`AOF ${path} has nothing before timestamp ${until}, aborting...`)
    if (!isLast) {
      this.dialogue.say(
        `Failed to truncate AOF ${path} to timestamp ${until} to offset ${at} because it is not the last file.`,
      )
      stop(
        "If you insist, please delete all files after this file according to the manifest file and delete the corresponding records in manifest file manually. Then re-run redix-check-aof.",
      )
    }
    truncate(path, at)
    this.dialogue.say(`Successfully truncated AOF ${name} to timestamp ${until}`)
  }

  /** Answers false when it was not, and has been cut. */
  private isWhole(
    path: string,
    name: string,
    source: ByteSource,
    result: ScanResult,
    isLast: boolean,
  ): boolean {
    const { okUpTo, line, errors, commands } = result
    const { size } = source
    const lost = size - okUpTo
    for (const error of errors) this.dialogue.say(error)
    if (lost === 0 && this.task.until !== undefined) {
      this.dialogue.say(`Truncate nothing in AOF ${name} to timestamp ${this.task.until}`)
      return true
    }
    this.dialogue.say(
      `AOF analyzed: filename=${name}, size=${size}, ok_up_to=${okUpTo}, ok_up_to_line=${line}, diff=${lost}`,
    )
    if (lost === 0) return true
    tellDamage(source, okUpTo, this.dialogue)
    if (!this.task.fix) stop(`AOF ${name} is not valid. Use the --fix option to try fixing it.`)
    if (!isLast) stop(`Failed to truncate AOF ${name} because it is not the last file`)
    this.dialogue.say(
      `This will shrink the AOF ${name} from ${size} bytes, with ${lost} bytes, to ${okUpTo} bytes`,
    )
    this.dialogue.say(`${commands} commands were read; all that follows is lost`)
    if (!/^y/i.test(this.dialogue.ask("Continue? [y/N]: "))) stop("Aborting...")
    truncate(path, okUpTo)
    this.dialogue.say(`Successfully truncated AOF ${name}`)
    return false
  }
}

const isManifest = (source: ByteSource): boolean => {
  const text = Buffer.from(source.read(0, SLICE_BYTES)).toString("latin1")
  return /^(?:#[^\n]*\n)*file/.test(text)
}

const checkParts = (path: string, checker: Checker, { say }: Dialogue): void => {
  say("Start checking Multi Part AOF")
  const { base, increments } = parseManifest(fs.readFileSync(path), path)
  const directory = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "."
  const pathOf = (name: string): string => `${directory}/${Buffer.from(name, "latin1").toString("utf8")}`
  if (base !== undefined) {
    const form = withFile(pathOf(base.name), "r", (fd) =>
      startsWith(sourceOf(fd), "REDIS") ? "RDB" : "RESP",
    )
    say(`Start to check BASE AOF (${form} format).`)
    checker.check(pathOf(base.name), base.name, "BASE AOF", increments.length === 0, true)
  }
  if (increments.length > 0) say("Start to check INCR files.")
  increments.forEach(({ name }, i) =>
    checker.check(pathOf(name), name, "INCR AOF", i === increments.length - 1, false),
  )
  say("All AOF files and manifest are valid")
}

const taskOf = (args: ReadonlyArray<string>): { readonly path: string; readonly task: Task } | undefined => {
  const [first = "", second = "", third] = args
  if (args.length === 1) return { path: first, task: { fix: false, until: undefined } }
  if (args.length === 2 && first === "--fix") return { path: second, task: { fix: true, until: undefined } }
  if (args.length !== 3 || first !== "--truncate-to-timestamp" || third === undefined) return undefined
  if (!/^\d+$/.test(second)) return stop("Invalid timestamp, aborting...")
  return { path: third, task: { fix: false, until: Number(second) } }
}

export const checkAof = (args: ReadonlyArray<string>, dialogue: Dialogue): number => {
  const { say } = dialogue
  try {
    const asked = args.includes("--help") ? undefined : taskOf(args)
    if (asked === undefined) {
      say(USAGE)
      return args.includes("--help") ? 0 : 1
    }
    const { path, task } = asked
    const checker = new Checker(task, dialogue)
    if (withFile(path, "r", (fd) => isManifest(sourceOf(fd)))) checkParts(path, checker, dialogue)
    else {
      say("Start checking Old-Style AOF")
      checker.check(path, path.slice(path.lastIndexOf("/") + 1), "AOF", true, true)
    }
    return 0
  } catch (thrown) {
    if (thrown instanceof ManifestError) say(thrown.message)
    else if (thrown instanceof Stop) say(thrown.line)
    else throw thrown
    return 1
  }
}
