/** Function libraries kept as they came, for a server without scripting: loaded from a file and written to the next. */
import type { LibraryStore } from "../RdbPersistence.js"

const HEAD_BYTES_MAX = 256

/** The name in a library's first line, "#!lua name=mylib"; without one, the whole source stands for it. */
const nameOf = (code: Uint8Array): string => {
  const head = Buffer.from(code.subarray(0, HEAD_BYTES_MAX)).toString("latin1")
  return /^#![^\n]*\sname=(\S+)/i.exec(head)?.[1] ?? Buffer.from(code).toString("latin1")
}

/** A library takes the place of an older one of its name: a file with both could not be loaded by redis-server. */
export const keptLibraries = (): LibraryStore => {
  const codes = new Map<string, Uint8Array>()
  return {
    dump: () => [...codes.values()],
    load: (code) => void codes.set(nameOf(code), code),
    clear: () => codes.clear(),
  }
}
