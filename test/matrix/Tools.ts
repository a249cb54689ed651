/** The runtimes, package managers and bundlers of the matrix, installed from npm, each at an exact version. */
import * as path from "node:path"
import { Project } from "./Project.js"

const TOOLS = [
  "pnpm@12.21.0",
  "yarn@1.22.22",
  "bun@1.4.5",
  "deno@2.9.6",
  "esbuild@0.28.2",
  "rolldown@1.2.19",
  "vite@8.3.8",
  "webpack@5.113.0",
  "webpack-cli@7.3.1",
  "typescript@5.9.3",
] as const

export const NODES = ["20.19.0", "22.23.3", "24.21.0"] as const

export interface Tools {
  /** Folder of the tools' commands. */
  readonly bin: string
  /** Folders in which `node` is the version. */
  readonly node: ReadonlyMap<string, string>
}

export const installTools = (home: string): Tools => {
  const tools = new Project(path.join(home, "tools"))
  tools.manifest({})
  tools.npm("install", ...TOOLS)
  const node = new Map(
    NODES.map((version) => {
      const project = new Project(path.join(home, `node-${version}`))
      project.manifest({})
      project.npm("install", `node@${version}`)
      return [version, path.join(project.dir, "node_modules/node/bin")]
    }),
  )
  return { bin: path.join(tools.dir, "node_modules/.bin"), node }
}

/** What the cases are made of. */
export interface Given {
  /** The packed package. */
  readonly tarball: string
  readonly tools: Tools
}

/** One place where the package is to work: `run` throws where it does not, and answers what is worth telling. */
export interface Case {
  readonly name: string
  readonly run: (project: Project) => string
}
