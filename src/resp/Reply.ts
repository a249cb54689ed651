/**
 * Replies as plain values.
 *
 * Simple strings are `string` (latin1); integers `number`, beyond 2^53 `bigint`; bulk strings `Buffer`; nulls of all kinds
 * `null`; arrays are arrays; booleans `boolean`. What JavaScript has no own type for has a class here.
 */

/** An error reply: `-CODE text`, or RESP3's `!`. */
export class RespError {
  constructor(
    /** The reply without "-": the code, a space, the text. */
    readonly message: string,
  ) {}
  /** First word of the message, such as "ERR" or "WRONGTYPE". */
  get code(): string {
    const space = this.message.indexOf(" ")
    return space < 0 ? this.message : this.message.slice(0, space)
  }
}

/** `,`: a double, with the digits it came with. */
export class RespDouble {
  constructor(
    /** The nearest double. */
    readonly value: number,
    /** The digits as they came. */
    readonly text: string,
  ) {}
}

/** `(`: an integer of any size. */
export class RespBigNumber {
  constructor(
    /** The integer, exact. */
    readonly value: bigint,
  ) {}
}

/** `=`: text with a three-letter format. */
export class RespVerbatim {
  constructor(
    /** "txt", or "mkd" for Markdown. */
    readonly format: string,
    /** The text's bytes. */
    readonly data: Buffer,
  ) {}
}

/** `%`: pairs in the order they came. */
export class RespMap {
  constructor(
    /** Each key with its value; a key may come twice. */
    readonly entries: ReadonlyArray<readonly [Reply, Reply]>,
  ) {}
}

/** `~`: members of a set, in the order they came. */
export class RespSet {
  constructor(
    /** The members; one may come twice. */
    readonly items: ReadonlyArray<Reply>,
  ) {}
}

/** `>`: out-of-band data, such as a published message. */
export class RespPush {
  constructor(
    /** The kind of push ("message", "invalidate", ...), then what belongs to it. */
    readonly items: ReadonlyArray<Reply>,
  ) {}
}

/** A reply with `|` attributes in front of it. */
export class RespAttributed {
  constructor(
    /** What is said about the reply. */
    readonly attributes: RespMap,
    /** The reply itself. */
    readonly reply: Reply,
  ) {}
}

/** A reply: plain values, and classes of what JavaScript has no type for. */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | RespError
  | RespDouble
  | RespBigNumber
  | RespVerbatim
  | RespMap
  | RespSet
  | RespPush
  | RespAttributed
  | ReadonlyArray<Reply>
