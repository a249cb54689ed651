/** LOLWUT: a small landscape, another one each time. */
import { type Command, command } from "../../engine/Command.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import { REDIS_VERSION, REDIX_VERSION } from "../../server/version.js"

const COLUMNS = 64
const ROWS = 9
const GROUND = "▁▂▃▄▅▆▇█"
const STARS = ".·*"

/** Heights of a mountain range, in eighths of a row. */
const ridge = (random: (n: number) => number): ReadonlyArray<number> => {
  const heights: Array<number> = []
  let height = 8 + random(16)
  let slope = 0
  for (let x = 0; x < COLUMNS; x++) {
    slope = Math.max(-4, Math.min(4, slope + random(5) - 2))
    height = Math.max(4, Math.min((ROWS - 2) * 8, height + slope))
    heights.push(height)
  }
  return heights
}

const landscape = (random: (n: number) => number): string => {
  const heights = ridge(random)
  const lines: Array<string> = []
  for (let row = ROWS - 1; row >= 0; row--) {
    let line = ""
    for (const height of heights) {
      const above = height - row * 8
      if (above >= 8) line += "█"
      else if (above > 0) line += GROUND[above - 1]
      else line += random(24) === 0 ? STARS[random(STARS.length)] : " "
    }
    lines.push(line.trimEnd())
  }
  return `${lines.join("\n")}\n`
}

/** LOLWUT has one option: VERSION. */
const declared = options(spec.LOLWUT)

export const lolwutCommands: ReadonlyArray<Command> = [
  command(spec.LOLWUT, (c) => {
    if (declared.at(c, 1) !== 0 && Number.isNaN(c.integer(2))) return c.fail(Errors.notInteger)
    const { random } = c.keyspace
    c.out.verbatim("txt", `${landscape(random)}\nRedix ver. ${REDIX_VERSION} (Redis ver. ${REDIS_VERSION})\n`)
  }),
]
