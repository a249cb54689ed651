/**
 * Most of the sources know nothing of Effect when they run: those are in the package once, for what has Effect within and for
 * what stands on the app's. One import makes a source, and all that import it, be there twice: so those that do are listed.
 */
import { IMPORT, type Offence, resolve, type SourceFile } from "./Rules.js"
import { strip } from "./Strip.js"

const OF_TYPES = /\b(?:import|export)\s+type\b[^"']*$/
const EFFECT = /^@?effect\//

/** What each file imports when it runs: paths of other files, and "effect". */
const runTimeImports = (file: SourceFile): ReadonlyArray<string> => {
  const code = strip(file.text, { keepStrings: true })
  let end = 0
  return [...code.matchAll(IMPORT)].flatMap((found) => {
    const before = code.slice(end, found.index)
    end = found.index + found[0].length
    const specifier = found[2] ?? ""
    if (OF_TYPES.test(before)) return []
    if (EFFECT.test(specifier)) return ["effect"]
    return specifier.startsWith(".") ? [resolve(file.path, specifier).replace(/\.js$/, ".ts")] : []
  })
}

/** For each file that leads to Effect when it runs, its next step there. */
const waysToEffect = (files: ReadonlyArray<SourceFile>): ReadonlyMap<string, string> => {
  const imports = files.map((file) => [file.path, runTimeImports(file)] as const)
  const ways = new Map<string, string>()
  for (let before = -1; before !== ways.size;) {
    before = ways.size
    for (const [path, targets] of imports) {
      const next = targets.find((target) => target === "effect" || ways.has(target))
      if (next !== undefined && !ways.has(path)) ways.set(path, next)
    }
  }
  return ways
}

/**
 * Files of `rooms` that lead to Effect when they run, and are not `allowed`; and those that are allowed, and need not be.
 */
export const effectful = (
  files: ReadonlyArray<SourceFile>,
  rooms: ReadonlyArray<string>,
  allowed: ReadonlyArray<string>,
): ReadonlyArray<Offence> => {
  const ways = waysToEffect(files)
  const wayOf = (path: string): string => {
    const next = ways.get(path)
    return next === undefined ? path : `${path} > ${wayOf(next)}`
  }
  const found = [...ways.keys()].filter((path) => rooms.some((room) => path.startsWith(`src/${room}/`)))
  return [
    ...found
      .filter((path) => !allowed.includes(path))
      .map((path) => ({ path, line: 1, message: `leads to Effect when it runs: ${wayOf(path)}` })),
    ...allowed
      .filter((path) => !found.includes(path))
      .map((path) => ({ path, line: 1, message: "does not lead to Effect: take it off the list" })),
  ]
}
