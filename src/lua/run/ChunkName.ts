/**
 * The name of a chunk as errors print it.
 *
 *     =name      name, its first 59 bytes
 *     @name      name, its last 52 bytes after "..."
 *     source     [string "first line..."], 43 bytes of it
 */
const PLAIN_MAX = 59
const FILE_MAX = 52
const LINE_MAX = 43

export const chunkName = (source: string): string => {
  if (source.startsWith("=")) return source.slice(1, 1 + PLAIN_MAX)
  if (source.startsWith("@")) {
    const name = source.slice(1)
    return name.length > FILE_MAX ? `...${name.slice(-FILE_MAX)}` : name
  }
  const line = /^[^\n\r]*/.exec(source)?.[0] ?? ""
  const shown = line.slice(0, LINE_MAX)
  return shown.length < source.length ? `[string "${shown}..."]` : `[string "${shown}"]`
}
