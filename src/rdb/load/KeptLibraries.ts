/**
 * Where function libraries live that RDB files bring and take: with whoever runs functions, or kept as they came, loaded
 * from a file and written to the next.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** Where the function libraries of a file come from and go to. */
export interface LibraryStore {
  /** The source of each library, to be written to a file. */
  readonly dump: () => ReadonlyArray<Uint8Array>
  /** Adds a library; answers the reason it cannot be used. */
  readonly load: (code: Uint8Array) => string | undefined
  /** Forgets all libraries, before a file replaces them. */
  readonly clear: () => void
}

const HEAD_BYTES_MAX = 256

/** The name in a library's first line, "#!lua name=mylib"; without one, the whole source stands for it. */
const nameOf = (code: Uint8Array): string => {
  const head = Buffer.from(code.subarray(0, HEAD_BYTES_MAX)).toString("latin1")
  return /^#![^\n]*\sname=(\S+)/i.exec(head)?.[1] ?? Buffer.from(code).toString("latin1")
}

/** A library takes the place of an older one of its name: a file with both could not be loaded by redis-server. */
const keptLibraries = (): LibraryStore => {
  const codes = new Map<string, Uint8Array>()
  return {
    dump: () => [...codes.values()],
    load: (code) => void codes.set(nameOf(code), code),
    clear: () => codes.clear(),
  }
}

/** The libraries as a service, of which a server has one. */
export class FunctionLibraries extends Context.Service<FunctionLibraries, LibraryStore>()(
  "redix/rdb/FunctionLibraries",
) {
  /** For those who run no functions. */
  static readonly layerKept = (): Layer.Layer<FunctionLibraries> =>
    Layer.sync(FunctionLibraries, keptLibraries)
}
