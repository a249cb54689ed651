/**
 * Runs the README's shell blocks: commands on ports and files of their own. Ports that a block names are replaced by free
 * ones, and put back in what is said, so that the README's text can be compared as it stands.
 */
import { spawn } from "node:child_process"
import { freePort } from "../support/OracleServer.js"
import { root } from "../support/Program.js"
import { supervised } from "../support/children/Supervised.js"

const PORT = /\b(?:6380|7[0-3]\d\d|8000)\b/g

export class Ports {
  private readonly byNamed = new Map<string, string>()

  /** Reserves a free port for every one that is named. */
  async learn(text: string): Promise<void> {
    for (const [named] of text.matchAll(PORT)) {
      while (!this.byNamed.has(named)) {
        const free = String(await freePort())
        if (![...this.byNamed.values()].includes(free)) this.byNamed.set(named, free)
      }
    }
  }

  free(named: string): number {
    return Number(this.byNamed.get(named))
  }

  apply(text: string): string {
    return text.replace(PORT, (named) => this.byNamed.get(named) ?? named)
  }

  undo(text: string): string {
    let undone = text
    for (const [named, free] of this.byNamed) undone = undone.replaceAll(free, named)
    return undone
  }
}

/** Runs a line in a shell, from the repository's root; answers what it prints, on both streams. */
export const shell = (
  line: string,
  input = "",
): Promise<{ readonly said: string; readonly code: number | null }> =>
  new Promise((resolve, reject) => {
    const child = supervised(
      spawn("bash", ["-c", line], {
        cwd: root,
        stdio: [input === "" ? "ignore" : "pipe", "pipe", "pipe"],
      }),
    )
    let said = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        said += bytes.toString()
      })
    }
    child.once("error", reject)
    child.once("close", (code) => resolve({ said, code }))
    child.stdin?.end(input)
  })

/** Lines of output without blank ones, which redis-cli adds after errors. */
export const linesOf = (text: string): ReadonlyArray<string> =>
  text.split("\n").filter((line) => line.trim() !== "")

/** redis-cli prints as on a terminal although it is none. */
const asTerminal = (command: string): string => command.replace(/^redis-cli /, "redis-cli --no-raw ")

export interface Step {
  readonly command: string
  /** Fed to standard input. */
  readonly input: string
  readonly expected: ReadonlyArray<string>
}

/** `$ command` lines with their output; lines after redis-cli's own prompt are its input. */
export const consoleSteps = (text: string): ReadonlyArray<Step> => {
  const steps: Array<{ command: string; input: string; expected: Array<string> }> = []
  for (const line of linesOf(text)) {
    const typed = /^[\d.:]+(?:\[\d+\])?> (.*)$/.exec(line)
    const step = steps.at(-1)
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), input: "", expected: [] })
    else if (step === undefined) throw new Error(`output before a command: ${line}`)
    else if (typed !== null) step.input += `${typed[1]}\n`
    else step.expected.push(line)
  }
  return steps
}

/** What a step prints, with the README's ports; a line "..." of the README stands for whatever is there. */
export const runStep = async (step: Step, ports: Ports): Promise<ReadonlyArray<string>> => {
  const { said } = await shell(ports.apply(asTerminal(step.command)), step.input)
  // redis-cli adds how long a slow command took.
  const lines = linesOf(ports.undo(said)).filter((line) => !/^\(\d+\.\d\ds\)$/.test(line))
  return lines.map((line, at) => {
    const expected = step.expected[at]
    const head = expected?.endsWith("...") === true ? expected.slice(0, -3) : undefined
    return head !== undefined && line.startsWith(head) ? (expected ?? line) : line
  })
}
