/** Standard output and standard error as places for the log, of which nothing may be lost when the process ends. */
import { fstatSync, writeSync } from "node:fs"
import node from "node:process"
import { type LogSink, PENDING_CHARS_MAX } from "../server/LogSinks.js"

const isPipe = (fd: number): boolean => {
  try {
    const stat = fstatSync(fd)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/** Files and terminals are written at once. */
const writeNow = (fd: number, text: string): void => {
  try {
    writeSync(fd, text)
  } catch {
    // Lost, as a sink may lose what nobody takes.
  }
}

export const standardSink = (fd: 1 | 2): LogSink => {
  if (!isPipe(fd)) return (text) => writeNow(fd, text)
  // A pipe's stream queues what its reader does not take yet. Once it has failed it takes nothing more, though the pipe
  // may have a reader again: from then on lines go to the descriptor, which no longer blocks.
  const stream = fd === 1 ? node.stdout : node.stderr
  let failed = false
  stream.on("error", () => void (failed = true))
  return (text) => {
    if (failed) writeNow(fd, text)
    else if (stream.writableLength < PENDING_CHARS_MAX) stream.write(text)
  }
}
