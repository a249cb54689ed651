/**
 * Lines of callers further up, which only `error` with a level above 1 asks for. Nothing is kept for it at run time: they
 * are read from JavaScript's own stack, whose frames in compiled code name a chunk and a place in its text. The text is
 * then written once more, and the line is the number in the comment before the call under way; 0 stands for a tail call,
 * whose caller is gone.
 *
 * A library function between two functions is a level of its own, without a line.
 */
const FRAME = /lua:(\d+):(\d+):(\d+)\)?$/

/** The methods through which the library calls Lua, and those through which operators do. */
const LIBRARY_CALL = /\b(?:callFrom|callNowFrom|lessNow)\b/
const OPERATOR = /\b(?:finish|finishNow)\b/
const COROUTINE = /\bdrive\b/

const FRAMES_MAX = 400

export interface Origin {
  readonly source: string
  readonly name: string
  /** A library of functions, see Program.ts. */
  readonly library: boolean
  /** Calls from C around the compiler, which leave its parser so many levels less. */
  readonly cDepth: number
}

type Write = (origin: Origin) => string

/** Chunks by their numbers, as long as somebody else holds them. */
export class Positions {
  private readonly chunks = new Map<number, WeakRef<Origin>>()
  private last = 0
  private pruneAt = 64

  constructor(private readonly write: Write) {}

  /** The number of a chunk, by which its frames name it. */
  add(origin: Origin): number {
    this.chunks.set(++this.last, new WeakRef(origin))
    if (this.chunks.size >= this.pruneAt) {
      for (const [id, ref] of this.chunks) if (ref.deref() === undefined) this.chunks.delete(id)
      this.pruneAt = this.chunks.size * 2 + 64
    }
    return this.last
  }

  /** The chunk and line of the caller at a level; level 1 is the function that called `error`. */
  caller(level: number): { readonly name: string; readonly line: number } | undefined {
    let at = 0
    let between = ""
    for (const frame of frames()) {
      const found = FRAME.exec(frame)
      if (found === null) {
        between += frame
        continue
      }
      if (at > 0 && COROUTINE.test(between)) return undefined
      if (at > 0 && LIBRARY_CALL.test(between) && !OPERATOR.test(between)) at++
      if (at === level) return undefined
      at++
      between = ""
      if (at === level) return this.locate(Number(found[1]), Number(found[2]), Number(found[3]))
    }
    return undefined
  }

  private locate(id: number, row: number, column: number): { name: string; line: number } | undefined {
    const origin = this.chunks.get(id)?.deref()
    if (origin === undefined) return undefined
    const text = this.write(origin).split("\n")[row - 1] ?? ""
    const start = text.lastIndexOf("/*", column - 1)
    const line = start < 0 ? 0 : Number.parseInt(text.slice(start + 2), 10)
    return line > 0 ? { name: origin.name, line } : undefined
  }
}

const frames = (): string[] => {
  const holder: { stack?: string } = {}
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES_MAX
  Error.captureStackTrace(holder)
  const lines = (holder.stack ?? "").split("\n")
  Error.stackTraceLimit = before
  return lines
}
