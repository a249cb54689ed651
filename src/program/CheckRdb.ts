/** What redix-check-rdb does: verifies an RDB file and says what it holds. Exit code 1 when anything is wrong. */
import * as fs from "node:fs"
import { defaultSettings } from "../engine/Settings.js"
import { keyAsJson, type RdbCheck, summaryLines } from "../rdb/RdbCheck.js"
import { RdbDecoder } from "../rdb/decode/RdbDecoder.js"
import { RdbCorruptError, RdbVersionError } from "../rdb/format/RdbErrors.js"
import { RdbTrial } from "../rdb/RdbTrial.js"

const USAGE = `Usage: redix-check-rdb [--json] <file>

Verifies an RDB file (versions 1 to 12) from end to end, its checksum included, builds its values as a server does, and
prints a summary by type.

  --json   one JSON object a key on standard output, the summary on standard error
  --help   this text

Exit code: 0 a server loads the file (sanitize-dump-payload no), 1 it does not or the file cannot be read.
`

const SLICE_BYTES = 1024 * 1024
const BAR_WIDTH = 40

interface Output {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Someone looks at `err` while it is written. */
  readonly isTerminal: boolean
}

interface Progress {
  readonly report: (done: number) => void
  /** Takes the bar away, so that what comes next starts on a line of its own. */
  readonly clear: () => void
}

/** A progress bar on a terminal; nothing elsewhere. */
const progressOf = ({ err, isTerminal }: Output, total: number): Progress => {
  if (!isTerminal || total === 0) return { report: () => {}, clear: () => {} }
  let shown = -1
  let width = 0
  const report = (done: number): void => {
    const percent = Math.floor((done / total) * 100)
    if (percent === shown) return
    shown = percent
    const full = Math.round((percent / 100) * BAR_WIDTH)
    const bar = `[${"#".repeat(full)}${" ".repeat(BAR_WIDTH - full)}] ${percent}%`
    width = bar.length
    err(`\r${bar}`)
  }
  const clear = (): void => {
    if (width > 0) err(`\r${" ".repeat(width)}\r`)
  }
  return { report, clear }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

interface Verdict {
  /** Bytes that belong to the file's data. */
  readonly offset: number
  readonly wrong: string | undefined
}

/** Feeds the file to the decoder. */
const verify = (file: string, check: RdbCheck, output: Output): Verdict => {
  let fd = -1
  let offset = 0
  let progress: Progress | undefined = undefined
  try {
    fd = fs.openSync(file, "r")
    const stat = fs.fstatSync(fd)
    // A pipe has no size; what is read of it is all there is.
    const size = stat.isFile() ? { totalBytes: stat.size } : {}
    const decoder = new RdbDecoder(check, { path: file, ...size, skipModuleValues: true })
    const buffer = new Uint8Array(SLICE_BYTES)
    progress = progressOf(output, size.totalBytes ?? 0)
    let seen = 0
    for (let n = -1; n !== 0 && !decoder.done;) {
      n = fs.readSync(fd, buffer, 0, SLICE_BYTES, null)
      seen += n
      if (n > 0) decoder.feed(buffer.subarray(0, n))
      offset = decoder.offset
      progress.report(offset)
    }
    decoder.finish()
    offset = decoder.offset
    const after = (size.totalBytes ?? seen) - offset
    // A server stops reading there and starts.
    if (after > 0) output.err(`${file}: ${after} bytes follow the end of the data\n`)
    const ofModules = [...check.types.keys()].filter((type) => type.startsWith("module "))
    const wrong = ofModules.length > 0 ? `no server loads values of ${ofModules.join(", ")}` : undefined
    return { offset, wrong }
  } catch (thrown) {
    if (thrown instanceof RdbCorruptError) return { offset: thrown.offset, wrong: thrown.message }
    if (thrown instanceof RdbVersionError) return { offset, wrong: thrown.message }
    return { offset, wrong: `cannot read the file: ${messageOf(thrown)}` }
  } finally {
    progress?.clear()
    if (fd >= 0) fs.closeSync(fd)
  }
}

export const checkRdb = (args: ReadonlyArray<string>, output: Output): number => {
  const files = args.filter((arg) => !arg.startsWith("--"))
  const options = args.filter((arg) => arg.startsWith("--"))
  if (options.includes("--help")) {
    output.out(USAGE)
    return 0
  }
  const [file] = files
  if (file === undefined || files.length > 1 || options.some((option) => option !== "--json")) {
    output.err(USAGE)
    return 1
  }
  const say = (line: string): void => output.out(`${line}\n`)
  const complain = (line: string): void => output.err(`${line}\n`)
  const json = options.includes("--json")
  // The time decides only what is called expired.
  const now = performance.timeOrigin + performance.now()
  const check = new RdbTrial(now, defaultSettings, json ? (key) => say(keyAsJson(key)) : undefined)
  const tell = json ? complain : say
  tell(`[offset 0] Checking RDB file ${file}`)
  const { offset, wrong } = verify(file, check, output)
  if (wrong === undefined) tell(`[offset ${offset}] \\o/ RDB looks OK! \\o/`)
  else {
    complain("--- RDB ERROR DETECTED ---")
    complain(`[offset ${offset}] ${wrong}`)
  }
  if (check.rdbVersion > 0) for (const line of summaryLines(check)) tell(line)
  return wrong === undefined ? 0 : 1
}
