/**
 * Source to a chunk that can be run in the sandbox it was compiled for.
 *
 * The JavaScript is one factory: it is given what it may use by name, and makes the main function. It is compiled by an
 * indirect eval, because scripts of node:vm are kept by V8 for ever.
 */
import { chunkName } from "../run/ChunkName.js"
import { type Support, support } from "../run/Support.js"
import type { LuaState } from "../run/State.js"
import { LuaFunction, type LuaTable } from "../run/Value.js"
import type { OperatorSite, Site } from "../run/Site.js"
import type { FunctionNode } from "../syntax/Ast.js"
import { parse } from "../syntax/Parser.js"
import { Classes } from "./Classes.js"
import { Program } from "./Program.js"
import { Statements } from "./Statements.js"
import { Types } from "./Types.js"
import { Writer } from "./Writer.js"

type Factory = (
  names: Support,
  sites: ReadonlyArray<Site | OperatorSite>,
  objects: ReadonlyArray<LuaFunction | LuaTable>,
) => unknown

const supports = new WeakMap<LuaState, Support>()

const supportOf = (state: LuaState): Support => {
  const known = supports.get(state)
  if (known !== undefined) return known
  const made = support(state)
  supports.set(state, made)
  return made
}

class Emitter extends Statements {
  /** The whole factory. */
  factory(main: FunctionNode, names: ReadonlyArray<string>): string {
    const value = this.writeFunction(main)
    const hoisted = this.w.hoisted.join("\n")
    return (
      `"use strict";(function({${names.join(",")}},K,B){\n` +
      `${this.w.constants()}${hoisted}\nreturn ${value}})\n//# sourceURL=lua`
    )
  }
}

/** The JavaScript of a chunk, with its constants. */
export const emit = (state: LuaState, source: string, name: string) => {
  const main = parse(source, chunkName(name))
  const program = new Program(main, state)
  const types = new Types(program)
  const writer = new Writer(name, main)
  const emitter = new Emitter(program, types, new Classes(program, types), writer)
  const text = emitter.factory(main, Object.keys(supportOf(state)))
  return { text, sites: writer.sites, objects: writer.objects }
}

/** The main function of a chunk, whose name is as Lua has it: `@file`, `=name`, or the source. Throws a SyntaxFault. */
export const compile = (state: LuaState, source: string, name: string): LuaFunction => {
  const { text, sites, objects } = emit(state, source, name)
  // oxlint-disable-next-line no-eval -- the text comes from the syntax tree alone
  const factory: Factory = (0, eval)(text)
  const main = factory(supportOf(state), sites, objects)
  if (!(main instanceof LuaFunction)) throw new Error("a compiled chunk made no function")
  return main
}
