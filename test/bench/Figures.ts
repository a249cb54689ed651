/** Figures with what is demanded of them, and the processes that they are measured in. */
import { spawnSync } from "node:child_process"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What it is to be at most, or at least. */
  readonly most?: number
  readonly least?: number
}

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../..")

/** Runs a module in a process of its own, in which the package is found by its name; answers the numbers that it prints. */
export const measured = (script: string, ...flags: ReadonlyArray<string>): ReadonlyArray<number> => {
  const done = spawnSync(process.execPath, [...flags, "--input-type=module", "-e", script], {
    cwd: root,
    encoding: "utf8",
  })
  if (done.status !== 0) throw new Error(done.stderr)
  return done.stdout.trim().split(/\s+/).map(Number)
}

export const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const demandOf = ({ most, least, unit }: Figure): string =>
  most === undefined ? `>= ${least ?? 0} ${unit}` : `<= ${most} ${unit}`

const isMissed = ({ value, most = Infinity, least = -Infinity }: Figure): boolean =>
  value > most || value < least

export const printFigures = (title: string, figures: ReadonlyArray<Figure>): void => {
  console.log(`\n${title.padEnd(44)}${"measured".padStart(14)}${"demanded".padStart(16)}`)
  for (const figure of figures) {
    const value = `${figure.value.toFixed(2)} ${figure.unit}`
    console.log(
      `${figure.name.padEnd(44)}${value.padStart(14)}${demandOf(figure).padStart(16)}${isMissed(figure) ? "  missed" : ""}`,
    )
  }
}
