/**
 * One directive: everything Redix knows about a configuration setting, stated once. The groups in directives/ list them.
 */
import type { Kind } from "./Kinds.js"

/**
 * What Redix does with a directive.
 * - "full": it has Redis's effect.
 * - "hint": tuning of a mechanism Redix has no counterpart of; any value is kept, and nothing a client sees depends on it.
 * - "none": known, without effect. Another value than the default warns at start and is refused by CONFIG SET; CONFIG GET
 *   shows the default, which is what is in effect, and CONFIG REWRITE leaves the line as it is.
 * - "refused": ignoring it would make the server less safe than its owner believes, so it stops the start.
 */
type Support = "full" | "hint" | "none" | "refused"

type Mutability =
  | "mutable"
  /** Set at start only. */
  | "immutable"
  /** Set at run time only where enable-protected-configs allows it. */
  | "protected"

interface DirectiveOptions {
  /** Other names, shown by CONFIG GET as well: the words of before Redis 7 and Redis 5. */
  readonly aliases?: ReadonlyArray<string>
  /** Other names for the command line, the environment and files only. */
  readonly startAliases?: ReadonlyArray<string>
  readonly mutability?: Mutability
  readonly support?: Support
  /** Left out of patterns; CONFIG GET with the exact name shows it. */
  readonly hidden?: boolean
  /** A statement of redis.conf that is no setting: CONFIG GET and SET do not know it, CONFIG REWRITE keeps its lines. */
  readonly statement?: boolean
  /** CONFIG REWRITE writes it even at its default. */
  readonly alwaysWritten?: boolean
  /** A new value takes effect only through a hook, of the listener; where there is none CONFIG SET refuses. */
  readonly needsHook?: boolean
  /** CONFIG SET refuses it, whatever the value, while a data set is loaded. */
  readonly fixedWhileLoading?: boolean
  /** A secret: messages leave its value out. */
  readonly secret?: boolean
  /**
   * Repeated lines, over all sources: the last one alone counts, or they add up; save points do so until a line says
   * that there are none, users by their names.
   */
  readonly repeated?: "last" | "add" | "save points" | "users"
  /** Brings an accepted value into what the server can do. */
  readonly clamp?: (text: string) => string
  /** Whether `clamp` holds at start too; else for CONFIG SET only. */
  readonly clampAtStart?: boolean
}

export interface Directive<out A> extends Required<Omit<DirectiveOptions, "clamp" | "clampAtStart">> {
  readonly kind: Kind<A>
  /** As CONFIG GET shows it. */
  readonly defaultText: string
  readonly clamp: ((text: string) => string) | undefined
  readonly clampAtStart: boolean
}

export const directive = <A>(
  kind: Kind<A>,
  defaultText: string,
  options: DirectiveOptions = {},
): Directive<A> => ({
  kind,
  defaultText,
  aliases: [],
  startAliases: [],
  mutability: "mutable",
  support: "full",
  hidden: false,
  statement: false,
  alwaysWritten: false,
  needsHook: false,
  fixedWhileLoading: false,
  secret: false,
  repeated: "last",
  clamp: undefined,
  clampAtStart: false,
  ...options,
})

export const hint = <A>(kind: Kind<A>, defaultText: string, options: DirectiveOptions = {}): Directive<A> =>
  directive(kind, defaultText, { support: "hint", ...options })

export const unsupported = <A>(
  kind: Kind<A>,
  defaultText: string,
  options: DirectiveOptions = {},
): Directive<A> => directive(kind, defaultText, { support: "none", ...options })

export const immutable = { mutability: "immutable" } as const
