/** One subcommand of DEBUG. */
import type { Handler } from "../../engine/Command.js"

export interface DebugSubcommand {
  /** In upper case. */
  readonly name: string
  /** Least and most arguments after the name; other counts get the error of an unknown subcommand. */
  readonly arguments: readonly [least: number, most: number]
  /** Its lines in DEBUG HELP. */
  readonly help: ReadonlyArray<string>
  readonly run: Handler
}
