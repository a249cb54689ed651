/**
 * Random bytes that nobody can guess: identities, marks, passwords. What need not be secret comes from Effect's Random. A
 * reference with the machine's own generator as default; a simulation puts a seeded one in its place.
 */
import node from "node:process"
import * as Context from "effect/Context"

/** What makes random bytes. */
export interface SecureBytes {
  /** So many random bytes, new ones at each call. */
  readonly bytes: (count: number) => Uint8Array
}

/** Random bytes that nobody can guess; default: the machine's own. */
export const SecureRandom: Context.Reference<SecureBytes> = Context.Reference<SecureBytes>(
  "redix/engine/SecureRandom",
  { defaultValue: () => ({ bytes: (count) => node.getBuiltinModule("node:crypto").randomBytes(count) }) },
)

/** So many hex digits. */
export const randomHex = (random: SecureBytes, digits: number): string =>
  Buffer.from(random.bytes(Math.ceil(digits / 2)))
    .toString("hex")
    .slice(0, digits)
