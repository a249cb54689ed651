/** FUNCTION LIST. */
import { globMatch } from "../../bytes/Glob.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import type { ReplyWriter } from "../../resp/ReplyWriter.js"
import * as Errors from "../../resp/Errors.js"
import * as spec from "../spec/scripting.js"
import type { Libraries, Library, LibraryFunction } from "./Libraries.js"

const declared = options(spec.FUNCTION_LIST)
const [LIBRARYNAME, WITHCODE] = declared.bits("LIBRARYNAME", "WITHCODE")

const functionReply = (out: ReplyWriter, one: LibraryFunction): void => {
  out.map(3)
  out.bulkText("name")
  out.bulkLatin1(one.name)
  out.bulkText("description")
  if (one.description === undefined) out.nil()
  else out.bulkLatin1(one.description)
  out.bulkText("flags")
  out.set(one.flags.size)
  for (const flag of one.flags) out.simple(flag)
}

const libraryReply = (out: ReplyWriter, library: Library, withCode: boolean): void => {
  out.map(withCode ? 4 : 3)
  out.bulkText("library_name")
  out.bulkLatin1(library.name)
  out.bulkText("engine")
  out.bulkText("LUA")
  out.bulkText("functions")
  out.array(library.functions.size)
  for (const one of library.functions.values()) functionReply(out, one)
  if (!withCode) return
  out.bulkText("library_code")
  out.bulkLatin1(library.code)
}

interface Wanted {
  pattern: Uint8Array | undefined
  withCode: boolean
}

/** What is asked for; undefined after an error reply. */
const read = (c: CommandContext): Wanted | undefined => {
  const wanted: Wanted = { pattern: undefined, withCode: false }
  for (let i = 2; i < c.argc; i++) {
    const option = declared.at(c, i)
    if (option === WITHCODE && !wanted.withCode) wanted.withCode = true
    else if (option === LIBRARYNAME && wanted.pattern === undefined) wanted.pattern = c.bytes(++i)
    else {
      const isCutShort = option === 0 && wanted.pattern === undefined && c.is(i, "LIBRARYNAME")
      c.fail(isCutShort ? Errors.functionListName : Errors.functionListArgument(c.text(i)))
      return undefined
    }
  }
  return wanted
}

export const functionList = (libraries: Libraries, c: CommandContext): void => {
  const wanted = read(c)
  if (wanted === undefined) return
  const { pattern } = wanted
  const found = [...libraries.all].filter(({ name }) => {
    if (pattern === undefined) return true
    const text = Buffer.from(name, "latin1")
    return globMatch(pattern, 0, pattern.length, text, 0, text.length, true)
  })
  c.out.array(found.length)
  for (const library of found) libraryReply(c.out, library, wanted.withCode)
}
