/** An app bundled with all it uses, by the bundlers that apps are bundled with; it runs without its node_modules. */
import * as fs from "node:fs"
import * as path from "node:path"
import { dependencies, smoked } from "./Installs.js"
import { app, type Project } from "./Project.js"
import type { Case, Given } from "./Tools.js"

/** ioredis is CommonJS and requires Node's modules, which an ES module has to be given the means for. */
const BANNER = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'

const VITE = `export default {
  ssr: { noExternal: true },
  build: { ssr: "smoke.mjs", outDir: "out", rollupOptions: { output: { entryFileNames: "app.mjs" } } },
}`

const WEBPACK = `module.exports = {
  mode: "production",
  target: "node",
  entry: "./smoke.mjs",
  output: { filename: "app.cjs", path: __dirname + "/out" },
}`

interface Bundler {
  readonly name: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly file: string
  readonly prepare?: (project: Project) => void
}

const bundlers: ReadonlyArray<Bundler> = [
  {
    name: "esbuild, ES module",
    command: ["esbuild", "smoke.mjs", "--bundle", "--platform=node", "--format=esm", `--banner:js=${BANNER}`],
    file: "app.mjs",
  },
  {
    name: "esbuild, CommonJS",
    command: ["esbuild", "smoke.mjs", "--bundle", "--platform=node", "--format=cjs"],
    file: "app.cjs",
  },
  {
    name: "esbuild, CommonJS, minified",
    command: ["esbuild", "smoke.mjs", "--bundle", "--minify", "--platform=node", "--format=cjs"],
    file: "app.cjs",
  },
  {
    name: "rolldown, ES module",
    command: ["rolldown", "smoke.mjs", "--platform", "node", "--format", "esm"],
    file: "app.mjs",
  },
  {
    name: "rolldown, CommonJS",
    command: ["rolldown", "smoke.mjs", "--platform", "node", "--format", "cjs"],
    file: "app.cjs",
  },
  {
    name: "Vite SSR",
    command: ["vite", "build"],
    file: "app.mjs",
    prepare: (project) => project.write("vite.config.mjs", VITE),
  },
  {
    name: "webpack",
    command: ["webpack"],
    file: "app.cjs",
    prepare: (project) => project.write("webpack.config.cjs", WEBPACK),
  },
]

const outputOf = ({ command: [tool] }: Bundler, file: string): ReadonlyArray<string> => {
  if (tool === "esbuild") return [`--outfile=out/${file}`]
  return tool === "rolldown" ? ["--file", `out/${file}`] : []
}

export const bundlerCases = ({ tarball, tools }: Given): ReadonlyArray<Case> =>
  bundlers.map((bundler) => ({
    name: `bundled by ${bundler.name}`,
    run: (project) => {
      project.path = [tools.bin]
      project.manifest({ dependencies: dependencies(tarball) })
      project.npm("install")
      project.write("smoke.mjs", app("smoke.mjs"))
      bundler.prepare?.(project)
      const [command, ...args] = bundler.command
      project.run(command, ...args, ...outputOf(bundler, bundler.file))
      fs.rmSync(path.join(project.dir, "node_modules"), { recursive: true })
      const file = path.join(project.dir, "out", bundler.file)
      const size = (fs.statSync(file).size / 1e6).toFixed(2)
      return `${smoked(project.run("node", file))}; ${size} MB`
    },
  }))
