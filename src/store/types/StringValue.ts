/** How a string value is classed when it is stored: what OBJECT ENCODING will say of it. */
import { isCanonicalInt64 } from "../../bytes/Numbers.js"
import { STRING_EMBSTR, STRING_INT, STRING_RAW } from "../Entry.js"

/** Longest string that OBJECT ENCODING calls embstr. */
const EMBSTR_BYTES_MAX = 44
/** Longest canonical integer: a sign and 19 digits. */
const INT_BYTES_MAX = 20

/** Encoding a fresh string value gets: int for a canonical 64-bit integer, embstr up to 44 bytes, else raw. */
export const stringEncoding = (buf: Uint8Array, off: number, len: number): number =>
  len <= INT_BYTES_MAX && isCanonicalInt64(buf, off, len) ? STRING_INT : textEncoding(len)

/** Encoding of a fresh string value that is not looked at (INCRBYFLOAT's result stays text, even "3"). */
export const textEncoding = (len: number): number => (len <= EMBSTR_BYTES_MAX ? STRING_EMBSTR : STRING_RAW)
