/**
 * Arguments and environment as bytes. Node decodes both as UTF-8, and what is none becomes U+FFFD: a binary password would
 * be another one. On Linux the kernel still has the bytes; elsewhere what Node made of them is all there is.
 */
import { readFileSync } from "node:fs"

const LOST = "\ufffd"

/** The strings of a file of /proc, each ended by a zero byte; none where there is no such file. */
const entriesOf = (file: string): ReadonlyArray<Buffer> => {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    return []
  }
  const entries: Array<Buffer> = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at)
    entries.push(bytes.subarray(at, end < 0 ? bytes.length : end))
    at = (end < 0 ? bytes.length : end) + 1
  }
  return entries
}

/** The last arguments of this process; bytes in place of those that lost some. */
export const rawArguments = (
  args: ReadonlyArray<string>,
  file = "/proc/self/cmdline",
): ReadonlyArray<string | Uint8Array> => {
  if (!args.some((arg) => arg.includes(LOST))) return args
  const all = entriesOf(file).slice(-args.length)
  return args.map((arg, i) => {
    const bytes = all[i]
    return bytes !== undefined && arg.includes(LOST) ? bytes : arg
  })
}

/** The environment; bytes in place of values that lost some. */
export const rawEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
  file = "/proc/self/environ",
): Readonly<Record<string, string | Uint8Array | undefined>> => {
  const lost = (name: string): boolean => environment[name]?.includes(LOST) === true
  if (!Object.keys(environment).some(lost)) return environment
  const raw: Record<string, string | Uint8Array | undefined> = { ...environment }
  for (const entry of entriesOf(file)) {
    const equals = entry.indexOf("=")
    const name = entry.toString("utf8", 0, equals)
    if (lost(name)) raw[name] = entry.subarray(equals + 1)
  }
  return raw
}
