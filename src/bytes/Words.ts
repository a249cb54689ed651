/**
 * The word syntax of redis.conf lines: words parted by blanks, "double quotes" with \n \r \t \b \a \" \\ \xNN escapes,
 * 'single quotes' in which only \' is an escape. A closing quote must be followed by a blank or the end.
 *
 * Lines and words are byte texts (see ByteText), and `\xNN` names a byte. Worked example: `requirepass "a\x41 b"` gives
 * ["requirepass", "aA b"].
 */

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" }
const unescapes: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\x07": "\\a",
  '"': '\\"',
  "\\": "\\\\",
}

const isBlank = (char: string): boolean => char === " " || (char >= "\t" && char <= "\r") || char === "\0"

const isHexPair = (pair: string): boolean => /^[0-9a-fA-F]{2}$/.test(pair)

interface Piece {
  readonly text: string
  /** Where reading goes on, or -1 when quotes are not closed. */
  readonly next: number
}

const doubleQuoted = (line: string, start: number): Piece => {
  let text = ""
  for (let at = start; at < line.length; at++) {
    const char = line.charAt(at)
    if (char === "\\" && line.charAt(at + 1) === "x" && isHexPair(line.slice(at + 2, at + 4))) {
      text += String.fromCharCode(parseInt(line.slice(at + 2, at + 4), 16))
      at += 3
    } else if (char === "\\" && at + 1 < line.length) {
      at++
      text += escapes[line.charAt(at)] ?? line.charAt(at)
    } else if (char === '"') {
      const closed = at + 1 >= line.length || isBlank(line.charAt(at + 1))
      return { text, next: closed ? at + 1 : -1 }
    } else {
      text += char
    }
  }
  return { text, next: -1 }
}

const singleQuoted = (line: string, start: number): Piece => {
  let text = ""
  for (let at = start; at < line.length; at++) {
    const char = line.charAt(at)
    if (char === "\\" && line.charAt(at + 1) === "'") {
      at++
      text += "'"
    } else if (char === "'") {
      const closed = at + 1 >= line.length || isBlank(line.charAt(at + 1))
      return { text, next: closed ? at + 1 : -1 }
    } else {
      text += char
    }
  }
  return { text, next: -1 }
}

/** The words of one line, or undefined when its quotes are unbalanced. */
export const splitWords = (line: string): ReadonlyArray<string> | undefined => {
  const words: Array<string> = []
  let at = 0
  for (;;) {
    while (at < line.length && isBlank(line.charAt(at))) at++
    if (at >= line.length) return words
    let word = ""
    while (at < line.length && !isBlank(line.charAt(at))) {
      const char = line.charAt(at)
      if (char !== '"' && char !== "'") {
        word += char
        at++
        continue
      }
      const piece = char === '"' ? doubleQuoted(line, at + 1) : singleQuoted(line, at + 1)
      if (piece.next < 0) return undefined
      word += piece.text
      at = piece.next
    }
    words.push(word)
  }
}

/** A word in double quotes, as CONFIG REWRITE writes strings: anything but printable ASCII becomes an escape. */
export const quoteWord = (word: string): string => {
  let quoted = '"'
  for (const char of word) {
    const code = char.charCodeAt(0)
    quoted +=
      unescapes[char] ?? (code >= 0x20 && code < 0x7f ? char : `\\x${code.toString(16).padStart(2, "0")}`)
  }
  return `${quoted}"`
}

/** The word as it is where it needs no quotes, else in quotes. */
export const quoteWordIfNeeded = (word: string): string =>
  /^[\x21\x24-\x26\x28-\x5b\x5d-\x7e]+$/.test(word) ? word : quoteWord(word)
