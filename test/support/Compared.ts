/**
 * What the coverage guard goes by: the commands to which redis-server and Redix really gave the same reply in this run,
 * other than an error or QUEUED. Each test process adds the names it meets to a file of its own in a folder of the run;
 * GlobalSetup.ts makes the folder and has CoverageGuard.ts judge what stands in it at the end.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { allSpecs } from "../commands/spec/Support.js"
import type { Argument } from "./RawClient.js"

/** Names the run's folder to the test processes. */
export const COMPARED_FOLDER = "TEST_COMPARED_FOLDER"

const names: ReadonlySet<string> = new Set(allSpecs.map((spec) => spec.name))
const seen = new Set<string>()

const isText = (word: Argument | undefined): word is string => typeof word === "string"

/** The declared name of a command's words: "get", "client|id"; undefined where there is none. */
const nameOf = (args: ReadonlyArray<Argument>): string | undefined => {
  const [first, second] = args
  if (!isText(first)) return undefined
  const name = first.toLowerCase()
  const whole = isText(second) ? `${name}|${second.toLowerCase()}` : name
  if (names.has(whole)) return whole
  return names.has(name) ? name : undefined
}

const isOutcome = (reply: string): boolean =>
  reply !== "" && !reply.startsWith("-") && !reply.startsWith("+QUEUED")

/** Both servers gave this reply to the command. */
export const compared = (args: ReadonlyArray<Argument>, reply: Buffer | string): void => {
  const name = nameOf(args)
  if (name === undefined || seen.has(name)) return
  if (!isOutcome(typeof reply === "string" ? reply : reply.toString("latin1", 0, 16))) return
  seen.add(name)
  const folder = process.env[COMPARED_FOLDER]
  if (folder !== undefined) fs.appendFileSync(path.join(folder, String(process.pid)), `${name}\n`)
}

const TABLE = "table"

const linesOf = (file: string): ReadonlyArray<string> =>
  fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")

/** Leaves word of the commands a server has. */
export const tellTable = (table: ReadonlyArray<string>): void => {
  const folder = process.env[COMPARED_FOLDER]
  if (folder !== undefined) fs.writeFileSync(path.join(folder, TABLE), table.join("\n"))
}

export interface RunRecord {
  /** The commands a server has; empty where no test told. */
  readonly table: ReadonlyArray<string>
  /** The names that all processes of the run have met. */
  readonly compared: ReadonlySet<string>
}

export const readRecord = (folder: string): RunRecord => {
  const files = fs.readdirSync(folder)
  return {
    table: files.includes(TABLE) ? linesOf(path.join(folder, TABLE)) : [],
    compared: new Set(
      files.filter((file) => file !== TABLE).flatMap((file) => linesOf(path.join(folder, file))),
    ),
  }
}
