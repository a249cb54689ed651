/**
 * Functions, userdata and coroutines: the values, beside tables, that are objects (see Value.ts).
 */
import type { BuiltinInfo } from "./BuiltinInfo.js"
import type { Identity } from "./Layout.js"
import type { GeneratorForm, PlainForm, Steps } from "./Value.js"

let identities = 0

export abstract class Identified implements Identity {
  private known = 0

  /** Stands for the address of the object. */
  get id(): number {
    return this.known === 0 ? (this.known = ++identities) : this.known
  }
}

export class LuaFunction extends Identified {
  constructor(
    readonly p: PlainForm,
    readonly g: GeneratorForm | undefined = undefined,
    /** Upvalues, for the generator form of compiled functions. */
    readonly u: unknown = undefined,
    readonly info: BuiltinInfo | undefined = undefined,
  ) {
    super()
  }
}

/** A light userdata: of its pointer only whether it is NULL matters. */
export class Userdata extends Identified {
  constructor(readonly isNull = true) {
    super()
  }
}

export type CoroutineStatus = "suspended" | "running" | "normal" | "dead"

export class Coroutine extends Identified {
  status: CoroutineStatus = "suspended"
  /** Generators that wait for each other, the innermost last; made at the first resume. */
  readonly stack: Steps[] = []
  started = false
  /** Its own count of nested calls, while it does not run. */
  depth = 0
  /** The nested library calls at its last resume: above them it cannot yield. */
  floor = 0

  constructor(readonly body: LuaFunction) {
    super()
  }
}
