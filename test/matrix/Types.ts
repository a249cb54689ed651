/** The declarations under the resolutions that TypeScript has, with the library checked and without Node's types. */
import * as fs from "node:fs"
import * as path from "node:path"
import { dependencies } from "./Installs.js"
import type { Project } from "./Project.js"
import type { Case, Given } from "./Tools.js"

const BASE = {
  target: "es2022",
  lib: ["es2023"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  types: [],
  noEmit: true,
}

/** The subpaths that lead to files of the installed package. */
const subpathsOf = (project: Project): ReadonlyArray<string> => {
  const home = path.join(project.dir, "node_modules/redix")
  const manifest: unknown = JSON.parse(fs.readFileSync(path.join(home, "package.json"), "utf8"))
  return Object.keys(Object(Reflect.get(Object(manifest), "exports")))
    .filter((subpath) => subpath !== "./package.json")
    .filter((subpath) =>
      fs.existsSync(path.join(home, "dist", `${subpath === "." ? "index" : subpath}.d.ts`)),
    )
}

const importsOf = (subpaths: ReadonlyArray<string>): string =>
  subpaths
    .map(
      (subpath, i) =>
        `import * as m${i} from "redix${subpath.slice(1)}"\nexport const k${i} = Object.keys(m${i})\n`,
    )
    .join("")

const compiles = (
  { tarball, tools }: Given,
  name: string,
  options: Readonly<Record<string, unknown>>,
  file: string,
  wanted: (subpath: string) => boolean = () => true,
  extra: Readonly<Record<string, string>> = {},
): Case => ({
  name: `TypeScript, ${name}`,
  run: (project) => {
    project.path = [tools.bin]
    project.manifest({ dependencies: { ...dependencies(tarball), ...extra } })
    project.npm("install")
    const subpaths = subpathsOf(project).filter(wanted)
    project.write(file, importsOf(subpaths))
    project.write(
      "tsconfig.json",
      JSON.stringify({ compilerOptions: { ...BASE, ...options }, files: [file] }),
    )
    project.run("tsc", "-p", "tsconfig.json")
    return subpaths.join(" ")
  },
})

const forAll = (subpath: string): boolean => subpath === "./testing"
const withoutPeers = (subpath: string): boolean => subpath !== "./vitest"

export const typeCases = (given: Given): ReadonlyArray<Case> => [
  compiles(given, "nodenext", { module: "nodenext" }, "app.mts", withoutPeers),
  compiles(given, "node16 and CommonJS", { module: "node16", moduleResolution: "node16" }, "app.cts", forAll),
  compiles(given, "bundler", { module: "esnext", moduleResolution: "bundler" }, "app.ts", withoutPeers),
  compiles(
    given,
    "nodenext, Node's types",
    { module: "nodenext", types: ["node"] },
    "app.mts",
    withoutPeers,
    { "@types/node": "22.20.5" },
  ),
]
