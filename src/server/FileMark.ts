/**
 * The part of temporary files' names that keeps servers apart which save into the same directory.
 *
 *     <process id>.<mark of the machine>[.<server of this process>]    "1.9c3b5e01", "4711.9c3b5e01.2"
 *
 * A process id alone is not enough: servers in containers all have the id 1, and an app may run several servers. The same
 * process of the same machine always has the same names, so a file left by a crash is written over where the id comes
 * again; it is never read.
 */
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"

/** FNV-1a in 32 bits, as eight hexadecimal digits. */
const hash = (text: string): string => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(16).padStart(8, "0")
}

/** A mark of its own for each server. */
export const newFileMark = ({ pid, place, nextServer }: ProcessFacts): string => {
  const server = nextServer()
  return `${pid}.${hash(place())}${server === 1 ? "" : `.${server}`}`
}
