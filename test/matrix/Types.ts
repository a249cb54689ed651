/** The declarations under the resolutions that TypeScript has, with the declarations themselves checked. */
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
  types: ["node"],
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
  wanted: (subpath: string) => boolean,
): Case => ({
  name: `TypeScript, ${name}`,
  run: (project) => {
    project.path = [tools.bin]
    const { redix = "", ...others } = dependencies(tarball)
    const peers = wanted === withEffect ? others : {}
    project.manifest({ dependencies: { redix, ...peers, ...NODE_TYPES } })
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

const NODE_TYPES = { "@types/node": "22.20.5" }

const testing = (subpath: string): boolean => subpath === "./testing"
/** Effect's own declarations name what is in the library of browsers. */
const WITH_EFFECT = { lib: ["es2023", "dom"] }
const withEffect = (subpath: string): boolean => subpath !== "./vitest"

export const typeCases = (given: Given): ReadonlyArray<Case> => [
  compiles(given, "nodenext", { ...WITH_EFFECT, module: "nodenext" }, "app.mts", withEffect),
  compiles(
    given,
    "bundler",
    { ...WITH_EFFECT, module: "esnext", moduleResolution: "bundler" },
    "app.ts",
    withEffect,
  ),
  ...["app.mts", "app.cts"].flatMap((file) =>
    ["node16", "nodenext"].map((module) =>
      compiles(given, `redix/testing without Effect, ${module}, ${file}`, { module }, file, testing),
    ),
  ),
]
