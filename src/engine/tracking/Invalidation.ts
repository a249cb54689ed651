/**
 * An invalidation as clients are told of it: the names of keys, or all there are. Encoded at most once a protocol, however
 * many receive it.
 *
 *     RESP3  >2 $10 invalidate              <keys>
 *     RESP2  *3 $7 message $20 __redis__:invalidate <keys>     to one who is told in another's place, and subscribed
 *     <keys> = array of names, or null
 */

const PUSH = Buffer.from(">2\r\n$10\r\ninvalidate\r\n", "latin1")
const MESSAGE = Buffer.from("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n", "latin1")
const CRLF = Buffer.from("\r\n", "latin1")

/** Keys of an invalidation that holds for every key. */
const EVERY = undefined

export class Invalidation {
  private push: Uint8Array | undefined = undefined
  private message: Uint8Array | undefined = undefined

  /** @param keys their names, which must not change; undefined for all keys */
  constructor(private readonly keys: ReadonlyArray<Uint8Array> | undefined) {}

  static readonly ofAll = (): Invalidation => new Invalidation(EVERY)

  /** As a push of RESP3. */
  get asPush(): Uint8Array {
    return (this.push ??= this.encode(PUSH, "_"))
  }

  /** As a message of Pub/Sub in RESP2. */
  get asMessage(): Uint8Array {
    return (this.message ??= this.encode(MESSAGE, "$-1"))
  }

  private encode(head: Uint8Array, none: string): Uint8Array {
    const { keys } = this
    if (keys === EVERY) return Buffer.concat([head, Buffer.from(`${none}\r\n`, "latin1")])
    const parts: Array<Uint8Array> = [head, Buffer.from(`*${keys.length}\r\n`, "latin1")]
    for (const key of keys) parts.push(Buffer.from(`$${key.length}\r\n`, "latin1"), key, CRLF)
    return Buffer.concat(parts)
  }
}

/** Tells a client in RESP3 that the one that was told in its place has gone. */
export const redirectionBroken = (id: number): Uint8Array =>
  Buffer.from(`>2\r\n$21\r\ntracking-redir-broken\r\n:${id}\r\n`, "latin1")
