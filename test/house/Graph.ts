/**
 * The rules that need all files at once: no circle of imports (types included), no heap of files in one folder, no fragment
 * of a file in a file of its own, no export that nobody imports, and no name of a file or of a thing in a comment that is not there.
 */
import { codeLines, IMPORT, type Offence, resolve, type SourceFile } from "./Rules.js"
import { strip } from "./Strip.js"

/** Which files each file imports, by path; only those given are in it. */
export const importGraph = (files: ReadonlyArray<SourceFile>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const known = new Set(files.map(({ path }) => path))
  return new Map(
    files.map((file) => {
      const targets = [...strip(file.text, { keepStrings: true }).matchAll(IMPORT)]
        .map((found) => found[2] ?? "")
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => resolve(file.path, specifier).replace(/\.js$/, ".ts"))
        .filter((target) => known.has(target))
      return [file.path, [...new Set(targets)]]
    }),
  )
}

/** One circle that is in the graph, as the files along it; undefined when there is none. */
export const circle = (
  graph: ReadonlyMap<string, ReadonlyArray<string>>,
): ReadonlyArray<string> | undefined => {
  const done = new Set<string>()
  const way: Array<string> = []
  const visit = (path: string): ReadonlyArray<string> | undefined => {
    const at = way.indexOf(path)
    if (at >= 0) return [...way.slice(at), path]
    if (done.has(path)) return undefined
    way.push(path)
    for (const next of graph.get(path) ?? []) {
      const found = visit(next)
      if (found !== undefined) return found
    }
    way.pop()
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const found = visit(path)
    if (found !== undefined) return found
  }
  return undefined
}

export const FOLDER_FILES_MAX = 25

/** More files than one looks through at a glance make a heap: give each concept a folder. */
export const heaps = (paths: ReadonlyArray<string>): Offence[] => {
  const counts = new Map<string, number>()
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf("/"))
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts]
    .filter(([, count]) => count > FOLDER_FILES_MAX)
    .map(([path, count]) => ({
      path,
      line: 1,
      message: `${count} files, ${FOLDER_FILES_MAX} at most: sort them into folders`,
    }))
}

/** A file of no more lines of code than this is a part of the one that imports it. */
export const FRAGMENT_LINES_MAX = 15

/**
 * Small files that only a neighbour in their folder imports: read for that one, and so better read in it. A generated file
 * is as long as what it is generated from.
 */
export const fragments = (files: ReadonlyArray<SourceFile>): Offence[] => {
  const importers = new Map<string, Array<string>>()
  for (const [from, targets] of importGraph(files))
    for (const target of targets) importers.set(target, [...(importers.get(target) ?? []), from])
  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"))
  return files.flatMap(({ path, text }) => {
    const [only, other] = importers.get(path) ?? []
    if (/^\/\*\* .* Generated from /.test(text)) return []
    if (only === undefined || other !== undefined || folderOf(only) !== folderOf(path)) return []
    const lines = codeLines(text)
    const message = `${lines} lines of code that only ${only} imports: put them there`
    return lines <= FRAGMENT_LINES_MAX ? [{ path, line: 1, message }] : []
  })
}

const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:const|let|class|interface|type|function\*?|enum) (\w+)/gm

/**
 * Exports of src/ that no other file names: dead, or private. `entry` files are the public face, whose exports are for
 * others; what only tests import is allowed, as the way in which a part is tested.
 */
export const deadExports = (files: ReadonlyArray<SourceFile>, entry: ReadonlySet<string>): Offence[] => {
  const words = new Map<string, Set<string>>()
  for (const { path, text } of files) {
    for (const word of new Set(strip(text).match(/[A-Za-z_]\w*/g))) {
      const paths = words.get(word)
      if (paths === undefined) words.set(word, new Set([path]))
      else paths.add(path)
    }
  }
  const offences: Offence[] = []
  for (const file of files) {
    if (!file.path.startsWith("src/") || entry.has(file.path)) continue
    for (const found of strip(file.text).matchAll(EXPORT)) {
      const name = found[1] ?? ""
      if ((words.get(name)?.size ?? 0) > 1) continue
      const line = file.text.slice(0, found.index).split("\n").length
      offences.push({ path: file.path, line, message: `nobody imports ${name}: remove it, or its export` })
    }
  }
  return offences
}

const FILE_NAME = /(?<![\w./-])((?:[a-z]\w*\/)*[A-Za-z][\w-]*\.(?:ts|test\.ts))\b/g

/** Comments name files of the project by their path's end: one that is gone misleads. */
export const namedFiles = (file: SourceFile, paths: ReadonlySet<string>): Offence[] => {
  const code = strip(file.text, { keepStrings: true })
  const offences: Offence[] = []
  for (const found of file.text.matchAll(FILE_NAME)) {
    const name = found[1] ?? ""
    const isComment = code.slice(found.index, found.index + name.length) !== name
    if (!isComment || [...paths].some((path) => path === name || path.endsWith(`/${name}`))) continue
    const line = file.text.slice(0, found.index).split("\n").length
    offences.push({ path: file.path, line, message: `${name} is named, and there is no such file` })
  }
  return offences
}

const NAME = /`([A-Za-z_][\w.]*)(?:\([^`\n]*\))?`/g
/** Names of Node and JavaScript, and patterns of names, which no code of the project has. */
const FOREIGN = /^(?:onread|TypedArray|[a-zA-Z]\d|xxx[A-Z]\w*|\w+Xxx)$/

/** All words of the code, strings included. */
export const wordsOf = (files: ReadonlyArray<SourceFile>): ReadonlySet<string> =>
  new Set(files.flatMap(({ text }) => strip(text, { keepStrings: true }).match(/[A-Za-z_]\w*/g) ?? []))

/** Comments name fields, functions and directives in backquotes: one that no code has misleads as much. */
export const namedThings = (file: SourceFile, words: ReadonlySet<string>): Offence[] => {
  const code = strip(file.text, { keepStrings: true })
  const offences: Offence[] = []
  for (const found of file.text.matchAll(NAME)) {
    if (code.slice(found.index, found.index + found[0].length) === found[0]) continue
    const gone = (found[1] ?? "")
      .split(".")
      .filter((part) => part !== "" && !words.has(part) && !FOREIGN.test(part))
    if (gone.length === 0) continue
    const line = file.text.slice(0, found.index).split("\n").length
    offences.push({ path: file.path, line, message: `${found[0]} is named, and no code has it` })
  }
  return offences
}

const QUOTED = /`([^`\n]+)`/g
const SOURCE = /^[\w./-]+\.ts$/
const FOLDER = /^(?:[\w-]+\/)+$/
const CODE = /^[A-Za-z_][\w.]*(?:\([^)]*\))?$/
const FENCED = /^```[^]*?^```/gm

/**
 * A guide quotes files, folders and, from its chapter on the architecture on, names of the code: whoever reads by it is led
 * astray by one that is gone.
 */
export const namedInGuide = (
  guide: SourceFile,
  paths: ReadonlySet<string>,
  words: ReadonlySet<string>,
): Offence[] => {
  const text = guide.text.replace(FENCED, (block) => block.replace(/[^\n]/g, ""))
  const architecture = text.indexOf("\n## Architecture\n")
  const isThere = (name: string, at: number): boolean => {
    if (SOURCE.test(name)) return [...paths].some((path) => `/${path}`.endsWith(`/${name}`))
    if (FOLDER.test(name)) return [...paths].some((path) => `/${path}`.includes(`/${name}`))
    if (architecture < 0 || at < architecture || !CODE.test(name)) return true
    return name
      .replace(/\(.*/, "")
      .split(".")
      .every((part) => part === "" || words.has(part))
  }
  return [...text.matchAll(QUOTED)]
    .filter((found) => !isThere(found[1] ?? "", found.index))
    .map((found) => ({
      path: guide.path,
      line: text.slice(0, found.index).split("\n").length,
      message: `${found[0]} is named, and is not there`,
    }))
}
