/**
 * Libraries of functions: their sandbox, how they are loaded, and the functions by name.
 *
 * While its main chunk runs, a library may only register functions and write to the log; what its functions find when
 * they are called is all of the sandbox.
 */
import { FoldedNames } from "../../bytes/FoldedNames.js"
import type { LibraryStore } from "../../rdb/RdbPersistence.js"
import { compile, guard, lock, makeState, start } from "../../lua/Lua.js"
import { LuaError } from "../../lua/run/LuaError.js"
import type { LuaState } from "../../lua/run/State.js"
import { asLuaError } from "../../lua/run/Task.js"
import { plainText } from "../../lua/run/Text.js"
import { LuaTable } from "../../lua/run/Value.js"
import * as Errors from "../../resp/Errors.js"
import { LOAD_MS_MAX, type LuaHost } from "./LuaHost.js"
import type { RedisCalls } from "./RedisCalls.js"
import { loadingLibrary, redisLibrary } from "./redisLibrary.js"
import { type Rights, rightsOf } from "./Rights.js"
import { type Declared, isName, registerFunction } from "./registerFunction.js"
import { flagsOf, type ScriptFlags, words } from "./Shebang.js"

export interface LibraryFunction extends Declared {
  readonly means: ScriptFlags
  /** What it may do called by FCALL, and by FCALL_RO. */
  readonly rights: Rights
  readonly readingRights: Rights
}

export interface Library {
  readonly name: string
  /** The source, a character a byte. */
  readonly code: string
  readonly functions: ReadonlyMap<string, LibraryFunction>
}

/** Bytes that a library takes beside its source, and a function, about. */
const LIBRARY_BYTES = 300
const FUNCTION_BYTES = 200

/** The name in a library's first line, or what is wrong with the line. */
const nameIn = (code: string): { readonly name: string; readonly body: string } | string => {
  if (!code.startsWith("#!")) return Errors.libraryNoMetadata
  const end = code.indexOf("\n")
  if (end < 0) return Errors.libraryMetadata
  const [engine, ...options] = words(code.slice(0, end)) ?? []
  if (engine === undefined) return Errors.libraryMetadata
  let name: string | undefined
  for (const option of options) {
    if (!/^name=/i.test(option)) return Errors.libraryOption(option)
    if (name !== undefined) return Errors.libraryNameTwice
    name = option.slice("name=".length)
  }
  if (name === undefined) return Errors.libraryNoName
  if (!isName(name)) return Errors.libraryNameInvalid
  if (engine.slice(2).toLowerCase() !== "lua") return Errors.libraryEngine(engine.slice(2))
  return { name, body: code.slice(end) }
}

const withRights = (declared: Declared): LibraryFunction => {
  const means = flagsOf(declared.flags)
  return { ...declared, means, rights: rightsOf(means, false), readingRights: rightsOf(means, true) }
}

const failureText = (error: unknown): string => {
  const failure = asLuaError(error)
  if (!(failure instanceof LuaError)) throw error
  const { value } = failure
  const err = value instanceof LuaTable ? value.getText("err") : undefined
  return typeof err === "string" ? err : `ERR ${plainText(value)}`
}

export class Libraries implements LibraryStore {
  private sandbox: LuaState | undefined = undefined
  private libraries = new Map<string, Library>()
  /** Of two that differ in case the first is found. */
  private readonly functions = new FoldedNames<LibraryFunction>()
  private registered = new Map<string, Declared>()

  constructor(
    private readonly host: LuaHost,
    private readonly calls: RedisCalls,
  ) {}

  /** Made for the first library: a server that has none does not hold it. */
  get state(): LuaState {
    return (this.sandbox ??= this.makeSandbox())
  }

  private makeSandbox(): LuaState {
    const { host } = this
    const state = makeState({ random: host.random, watch: host })
    state.globals.setText("redis", redisLibrary(host, state, this.calls, []))
    lock(state)
    state.loading = guard(state, new LuaTable(0, 1))
    const register = registerFunction(state, () => this.registered)
    state.loading.setText("redis", guard(state, loadingLibrary(host, state, register)))
    return state
  }

  get count(): number {
    return this.libraries.size
  }

  get functionCount(): number {
    let n = 0
    for (const { functions } of this.libraries.values()) n += functions.size
    return n
  }

  /** What the libraries take, about. */
  get bytes(): number {
    let bytes = 0
    for (const { code, functions } of this.libraries.values())
      bytes += code.length + LIBRARY_BYTES + functions.size * FUNCTION_BYTES
    return bytes
  }

  get all(): Iterable<Library> {
    return this.libraries.values()
  }

  /** A function by its name, in any case. */
  find(bytes: Uint8Array, off: number, len: number): LibraryFunction | undefined {
    return this.functions.find(bytes, off, len)
  }

  /** Adds a library; answers it, or why it is refused, `exists` if there is one of its name. */
  add(code: string, replace: boolean, exists = Errors.libraryExists): Library | string {
    const head = nameIn(code)
    if (typeof head === "string") return head
    const { name, body } = head
    if (!replace && this.libraries.has(name)) return exists(name)
    const functions = this.compile(body)
    if (typeof functions === "string") return functions
    const old = this.libraries.get(name)
    for (const one of functions.values()) {
      const other = this.functions.get(one.name)
      if (other !== undefined && old?.functions.get(other.name) !== other)
        return Errors.functionExists(one.name)
    }
    const library = { name, code, functions }
    if (old !== undefined) this.remove(name)
    this.libraries.set(name, library)
    this.index(library)
    return library
  }

  private index({ functions }: Library): void {
    for (const one of functions.values())
      if (this.functions.get(one.name) === undefined) this.functions.set(one.name, one)
  }

  private compile(body: string): ReadonlyMap<string, LibraryFunction> | string {
    const main = compile(this.state, body, "@user_function", { library: true })
    if (typeof main === "string") return Errors.functionCompile(main)
    this.registered = new Map()
    this.host.loadDeadlineMs = this.host.engine.turns.now() + LOAD_MS_MAX
    try {
      const call = start(this.state, main, [])
      while (!call.run());
    } catch (error) {
      return Errors.functionRegister(failureText(error))
    } finally {
      this.host.loadDeadlineMs = undefined
    }
    if (this.registered.size === 0) return Errors.libraryEmpty
    const functions = new Map<string, LibraryFunction>()
    for (const one of this.registered.values()) functions.set(one.name, withRights(one))
    return functions
  }

  /** Takes a library away; answers whether it was there. */
  remove(name: string): boolean {
    const library = this.libraries.get(name)
    if (library === undefined) return false
    this.libraries.delete(name)
    for (const one of library.functions.values())
      if (this.functions.get(one.name) === one) this.functions.delete(one.name)
    return true
  }

  /** What `attempt` does to the libraries is taken back where it answers a reason. */
  atomically(attempt: () => string | undefined): string | undefined {
    const libraries = new Map(this.libraries)
    const reason = attempt()
    if (reason === undefined) return undefined
    this.libraries = libraries
    this.functions.clear()
    for (const library of libraries.values()) this.index(library)
    return reason
  }

  // What is stored ------------------------------------------------------------------------------------------------------

  readonly dump = (): ReadonlyArray<Uint8Array> =>
    Array.from(this.libraries.values(), ({ code }) => Buffer.from(code, "latin1"))

  readonly load = (code: Uint8Array): string | undefined => {
    const added = this.add(Buffer.from(code).toString("latin1"), true)
    return typeof added === "string" ? added : undefined
  }

  readonly clear = (): void => {
    this.libraries.clear()
    this.functions.clear()
  }
}
