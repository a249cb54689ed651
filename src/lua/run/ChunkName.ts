/**
 * The name of a chunk as errors print it. A running program has room for 60 bytes of it, a parser for 80:
 *
 *     =name      name, its first 59 or 79 bytes
 *     @name      name, its last 52 or 72 bytes after "..."
 *     source     [string "first line..."], 43 or 63 bytes of it
 */
const RUNNING = 60
const PARSING = 80
/** What is printed around, and the end of C's string. */
const AROUND_NAME = 1
const AROUND_FILE = 8
const AROUND_LINE = 17

export const chunkName = (source: string): string => shortened(source, RUNNING)

/** The name in errors of syntax. */
export const parsedName = (source: string): string => shortened(source, PARSING)

const shortened = (source: string, room: number): string => {
  if (source.startsWith("=")) return source.slice(1, 1 + room - AROUND_NAME)
  if (source.startsWith("@")) {
    const name = source.slice(1)
    const max = room - AROUND_FILE
    return name.length > max ? `...${name.slice(-max)}` : name
  }
  const line = /^[^\n\r]*/.exec(source)?.[0] ?? ""
  const shown = line.slice(0, room - AROUND_LINE)
  return shown.length < source.length ? `[string "${shown}..."]` : `[string "${shown}"]`
}
