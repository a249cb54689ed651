/**
 * Reads a master's connection: lines of the handshake, the snapshot, then the command stream, from one byte sequence cut
 * anywhere. Waits have no end of their own: whoever owns the link looks at `heardAtMs` and ends it.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { SocketError } from "effect/socket/Socket"

/** The link to the master failed, or the master said what it must not. */
export class MasterLinkError extends Data.TaggedError("MasterLinkError")<{
  readonly step: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.step}: ${this.reason}`
  }
}

const LF = 10
const LINE_BYTES_MAX = 64 * 1024

export class MasterStream {
  private rest: Uint8Array = new Uint8Array(0)
  /** Unix milliseconds of the last byte that came. */
  heardAtMs = 0

  constructor(
    private readonly pull: Effect.Effect<ReadonlyArray<Uint8Array>, SocketError>,
    private readonly now: () => number,
  ) {
    this.heardAtMs = now()
  }

  /** The bytes that are there, or else the next that come. */
  chunk(step: string): Effect.Effect<Uint8Array, MasterLinkError> {
    if (this.rest.length > 0) {
      const chunk = this.rest
      this.rest = new Uint8Array(0)
      return Effect.succeed(chunk)
    }
    return this.pull.pipe(
      Effect.map((chunks) => {
        this.heardAtMs = this.now()
        const [first] = chunks
        return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
      }),
      Effect.mapError((error) => new MasterLinkError({ step, reason: error.message })),
    )
  }

  /** Puts back what a reader did not use; it comes next. */
  unread(bytes: Uint8Array): void {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([bytes, this.rest])
  }

  /** The next line without its end. Empty lines are the master's sign of life and skipped. */
  line(step: string): Effect.Effect<string, MasterLinkError> {
    return Effect.gen({ self: this }, function* () {
      let text: Buffer = Buffer.alloc(0)
      for (;;) {
        const chunk = yield* this.chunk(step)
        const end = chunk.indexOf(LF)
        if (end < 0) {
          text = Buffer.concat([text, chunk])
          if (text.length > LINE_BYTES_MAX)
            return yield* new MasterLinkError({ step, reason: "line too long" })
          continue
        }
        text = Buffer.concat([text, chunk.subarray(0, end)])
        this.unread(chunk.subarray(end + 1))
        const line = text.toString("latin1").replace(/\r$/, "")
        if (line !== "") return line
        text = Buffer.alloc(0)
      }
    })
  }
}
