/**
 * README.md as tests see it: its fenced blocks, each with a language and a tag that says how it is run, and the parts that
 * are generated from the tables in src/.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as specs from "../../src/commands/spec/index.js"
import { CommandSpec } from "../../src/engine/declare/CommandSpec.js"
import { entries } from "../../src/config/Directives.js"
import { root } from "../support/Program.js"

const file = path.join(root, "README.md")

export const readme = (): string => fs.readFileSync(file, "utf8")

export interface Block {
  readonly language: string
  readonly tag: string
  readonly text: string
  readonly line: number
}

/** All fenced blocks, in order. */
export const readmeBlocks = (): ReadonlyArray<Block> => {
  const text = readme()
  return [...text.matchAll(/^```(\w*) ?(.*)\n([^]*?)^```$/gm)].map((found) => ({
    language: found[1] ?? "",
    tag: found[2] ?? "",
    text: found[3] ?? "",
    line: text.slice(0, found.index).split("\n").length,
  }))
}

/** The one block with a tag. */
export const readmeBlock = (tag: string): string => {
  const found = readmeBlocks().filter((block) => block.tag === tag)
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} blocks are tagged ${tag}`)
  return found[0].text
}

/** Blocks after a heading, up to the next heading of any level. */
export const blocksUnder = (heading: string): ReadonlyArray<Block> => {
  const lines = readme().split("\n")
  const from = lines.indexOf(heading) + 1
  if (from === 0) throw new Error(`README.md has no heading ${heading}`)
  const next = lines.findIndex((line, at) => at >= from && /^##+ /.test(line))
  return readmeBlocks().filter(({ line }) => line > from && (next < 0 || line <= next))
}

const marked = (name: string): RegExp => new RegExp(`(<!-- ${name}:[^>]*-->\n)[^]*?(<!-- /${name} -->)`)

/** The text between the marks of a generated part. */
export const generatedPart = (name: string): string => {
  const found = /-->\n([^]*)<!-- /.exec(marked(name).exec(readme())?.[0] ?? "")
  return found?.[1] ?? ""
}

export const replacePart = (name: string, text: string): void =>
  fs.writeFileSync(
    file,
    readme().replace(marked(name), (_all, start: string, end: string) => `${start}${text}${end}`),
  )

// Commands ------------------------------------------------------------------------------------------------------------

const declared: ReadonlyArray<CommandSpec> = Object.values(specs).filter((one) => one instanceof CommandSpec)

const shown = (names: ReadonlyArray<string>): string =>
  names
    .map((name) => `\`${name.toUpperCase().replace("|", " ")}\``)
    .sort()
    .join(" ")

/** The table of commands by group; `runs` holds the names the server knows, subcommands as "config|get". */
export const commandTable = (runs: ReadonlySet<string>): string => {
  const groups = [...new Set(declared.map((spec) => spec.group))].sort()
  const rows = groups.map((group) => {
    const all = declared.filter((spec) => spec.group === group)
    const top = all.filter((spec) => spec.container === undefined)
    const has = top.filter((spec) => runs.has(spec.name))
    // Subcommands are named only where their container is there without them.
    const missing = all.filter(
      (spec) => !runs.has(spec.name) && (spec.container === undefined || runs.has(spec.container)),
    )
    const names = shown(has.map((spec) => spec.name))
    return `| ${group} | ${has.length} of ${top.length} | ${names} | ${shown(missing.map((spec) => spec.name))} |\n`
  })
  return `\n| group | | runs | missing |\n|---|---|---|---|\n${rows.join("")}\n`
}

// Configuration -------------------------------------------------------------------------------------------------------

const cell = (text: string): string => (text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``)

const CHANGES = {
  mutable: "yes",
  immutable: "at start",
  protected: "where `enable-protected-configs` allows",
}

/** The directives with an effect, and the lists of those without. */
export const configurationTable = (): string => {
  const full = entries.filter((entry) => entry.support === "full" && !entry.hidden)
  const rows = full.map((entry) => {
    const names = [entry.name, ...entry.startAliases].map((name) => `\`${name}\``).join(", ")
    const changes = entry.statement ? "at start" : CHANGES[entry.mutability]
    return `| ${names} | ${cell(entry.defaultText)} | ${changes} |\n`
  })
  const list = (support: string): string =>
    entries
      .filter((entry) => entry.support === support && !entry.hidden)
      .map((entry) => `\`${entry.name}\``)
      .join(" ")
  return [
    "\n| directive | default | can be changed |\n|---|---|---|\n",
    ...rows,
    `\nKept and shown, but tuning a mechanism Redix does not have: ${list("hint")}.\n`,
    `\nKnown without effect; any value but the default warns at start and is refused by \`CONFIG SET\`; \`CONFIG GET\` shows the default, and \`CONFIG REWRITE\` keeps the line: ${list("none")}.\n`,
    `\nStopping the start, because without them the server would not be what was asked for: ${list("refused")}.\n\n`,
  ].join("")
}
