/**
 * Glob patterns over bytes, as KEYS, SCAN MATCH, PSUBSCRIBE and CONFIG GET match them.
 *
 *     *        any bytes, none included          \x       the byte x itself
 *     ?        any one byte                      [abc]    one of the bytes; [^abc] none of them
 *     [a-z]    one byte of a range, ends in either order
 *
 * Inside brackets a backslash takes the next byte literally, and the first unescaped "]" closes the class, so "[]"
 * matches nothing and "[^]" any byte. A class that the pattern ends in is closed there. A backslash that ends the
 * pattern is itself. The empty text is matched by the empty pattern alone, not by "*": KEYS, SCAN and the rest that let
 * "*" mean "all" do not ask here.
 *
 * Matching keeps one point to return to, the last star: an earlier star never needs to grow once a later one has been
 * reached. Time is therefore at most pattern times text, never exponential.
 *
 * Worked example: "h[^e]*\*" matches "hallo*" (h, a is not e, the star takes "llo", the escaped star is literal).
 */

const STAR = 0x2a
const QUESTION = 0x3f
const OPEN = 0x5b
const CLOSE = 0x5d
const CARET = 0x5e
const DASH = 0x2d
const BACKSLASH = 0x5c

const lower = (c: number): number => (c >= 0x41 && c <= 0x5a ? c | 0x20 : c)

/** Where the class that opens at `p[i]` ends: the index after its "]", or `end`. */
const classEnd = (p: Uint8Array, i: number, end: number): number => {
  let j = i + 1
  if (j < end && p[j] === CARET) j++
  while (j < end) {
    const c = p[j]
    if (c === BACKSLASH && j + 1 < end) j += 2
    else if (c === CLOSE) return j + 1
    else if (j + 2 < end && p[j + 1] === DASH) j += 3
    else j++
  }
  return end
}

/** Whether byte `c` is in the class at `p[i, end)`, `end` being what `classEnd` said. */
const classHas = (p: Uint8Array, i: number, end: number, c: number, nocase: boolean): boolean => {
  let j = i + 1
  const negated = j < end && p[j] === CARET
  if (negated) j++
  const wanted = nocase ? lower(c) : c
  let found = false
  while (j < end) {
    let from = p[j]
    let to = from
    if (from === BACKSLASH && j + 1 < end) {
      from = to = p[j + 1]
      j += 2
    } else if (from === CLOSE) break
    else if (j + 2 < end && p[j + 1] === DASH) {
      to = p[j + 2]
      j += 3
    } else j++
    if (nocase) {
      from = lower(from)
      to = lower(to)
    }
    if (from <= to ? wanted >= from && wanted <= to : wanted >= to && wanted <= from) found = true
  }
  return found !== negated
}

/**
 * Whether the pattern `p[pOff, pOff + pLen)` matches the whole text `s[sOff, sOff + sLen)`. `nocase` ignores the case of
 * ASCII letters. Allocates nothing.
 */
export const globMatch = (
  p: Uint8Array,
  pOff: number,
  pLen: number,
  s: Uint8Array,
  sOff: number,
  sLen: number,
  nocase: boolean,
): boolean => {
  if (sLen === 0) return pLen === 0
  const pEnd = pOff + pLen
  const sEnd = sOff + sLen
  let i = pOff
  let j = sOff
  let starNext = -1
  let starText = 0
  for (;;) {
    let ok = false
    if (i < pEnd) {
      const c = p[i]
      if (c === STAR) {
        do i++
        while (i < pEnd && p[i] === STAR)
        if (i === pEnd) return true
        starNext = i
        starText = j
        continue
      }
      if (j < sEnd) {
        let next = i + 1
        if (c === QUESTION) ok = true
        else if (c === OPEN) {
          next = classEnd(p, i, pEnd)
          ok = classHas(p, i, next, s[j], nocase)
        } else {
          let literal = c
          if (c === BACKSLASH && next < pEnd) literal = p[next++]
          ok = literal === s[j] || (nocase && lower(literal) === lower(s[j]))
        }
        if (ok) {
          i = next
          j++
        }
      }
    } else if (j === sEnd) return true
    if (ok) continue
    // Mismatch, or one side ended: let the last star take one byte more.
    if (starNext < 0 || starText >= sEnd) return false
    j = ++starText
    i = starNext
  }
}
