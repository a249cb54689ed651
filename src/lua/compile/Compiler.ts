/**
 * Source to a chunk that can be run in the sandbox it was compiled for.
 *
 * The JavaScript is one factory: it is given what it may use by name, and makes the main function. It is compiled by an
 * indirect eval, because scripts of node:vm are kept by V8 for ever.
 */
import { chunkName, parsedName } from "../run/ChunkName.js"
import { type Support, support } from "../run/Support.js"
import type { Callers, LuaState } from "../run/State.js"
import { LuaFunction, type LuaTable } from "../run/Value.js"
import type { OperatorSite, Site } from "../run/Site.js"
import type { FunctionNode } from "../syntax/Ast.js"
import { parse, SyntaxFault } from "../syntax/Parser.js"
import { Classes } from "./Classes.js"
import { type Origin, Positions } from "./Positions.js"
import { Program } from "./Program.js"
import { Statements } from "./Statements.js"
import { Types } from "./Types.js"
import { Writer } from "./Writer.js"

type Factory = (
  names: Support,
  sites: ReadonlyArray<Site | OperatorSite>,
  objects: ReadonlyArray<LuaFunction | LuaTable>,
) => unknown

/** What all chunks of one state share. */
interface Workshop {
  readonly names: Support
  readonly positions: Positions
}

const workshops = new WeakMap<LuaState, Workshop>()

const workshopOf = (state: LuaState): Workshop => {
  const known = workshops.get(state)
  if (known !== undefined) return known
  const positions = new Positions((origin) => emit(state, origin).text)
  const made = { names: support(state), positions }
  workshops.set(state, made)
  return made
}

/** Where the code that was compiled for a state is at. */
export const callers: Callers = {
  above: (state, level) => {
    const found = workshops.get(state)?.positions.caller(level)
    if (found === undefined) return undefined
    return { chunk: chunkName(found.name), source: found.name, line: found.line }
  },
}

class Emitter extends Statements {
  /** The whole factory. */
  factory(main: FunctionNode, names: ReadonlyArray<string>): string {
    const value = this.writeFunction(main)
    const hoisted = this.w.hoisted.join("\n")
    const operators = this.direct ? "M=N;" : ""
    return (
      `"use strict";(function({${names.join(",")}},K,B){${operators}\n` +
      `${this.w.constants()}${hoisted}\nreturn ${value}})`
    )
  }
}

/** The JavaScript of a chunk, with its constants. The same chunk always gives the same text. */
export const emit = (state: LuaState, origin: Origin) => {
  const main = parse(origin.source, parsedName(origin.name), origin.cDepth)
  const program = new Program(main, state, origin.library)
  const types = new Types(program)
  const writer = new Writer(origin.name, origin, main)
  const emitter = new Emitter(program, types, new Classes(program, types), writer)
  const text = emitter.factory(main, Object.keys(workshopOf(state).names))
  return { text, sites: writer.sites, objects: writer.objects }
}

/** Chains of operators, fields or calls can be nested more deeply than JavaScript's stack takes. */
const TOO_COMPLEX = "function or expression too complex"

/** The main function of a chunk, whose name is as Lua has it: `@file`, `=name`, or the source. Throws a SyntaxFault. */
export const compile = (state: LuaState, origin: Origin): LuaFunction => {
  try {
    return build(state, origin)
  } catch (error) {
    if (error instanceof RangeError) throw new SyntaxFault(`${parsedName(origin.name)}:1: ${TOO_COMPLEX}`)
    throw error
  }
}

const build = (state: LuaState, origin: Origin): LuaFunction => {
  const { text, sites, objects } = emit(state, origin)
  const { names, positions } = workshopOf(state)
  // oxlint-disable-next-line no-eval -- the text comes from the syntax tree alone
  const factory: Factory = (0, eval)(`${text}\n//# sourceURL=lua:${positions.add(origin)}`)
  const main = factory(names, sites, objects)
  if (!(main instanceof LuaFunction)) throw new Error("a compiled chunk made no function")
  return main
}
