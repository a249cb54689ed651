/** What scripts and functions may do, by their flags and by the command that runs them. */
import type { ScriptFlags } from "./Shebang.js"

/** What a script may do. */
export interface Rights {
  /** It may not write: by its flags, or by the command that runs it. */
  readonly readOnly: boolean
  /** Memory may be short: by its flags. */
  readonly allowOom: boolean
  /** It runs without flags, so each of its commands is looked at. */
  readonly compatible: boolean
}

const MAY_ALL: Rights = { readOnly: false, allowOom: false, compatible: true }
const MAY_READ: Rights = { readOnly: true, allowOom: false, compatible: true }

/** What a script without flags may do. */
export const rightsWithoutFlags = (readOnly: boolean): Rights => (readOnly ? MAY_READ : MAY_ALL)

export const rightsOf = (flags: ScriptFlags, readOnly: boolean): Rights => ({
  readOnly: readOnly || flags.noWrites,
  // Asked before the script began: it may go on as it was allowed to.
  allowOom: true,
  compatible: false,
})
