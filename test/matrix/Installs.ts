/** Package managers and runtimes: what they install, and whether a server runs there. */
import * as fs from "node:fs"
import * as path from "node:path"
import { app, ownVersion, type Project } from "./Project.js"
import type { Case, Given } from "./Tools.js"

const versionOf = (name: string): string => ownVersion(name).slice(name.length + 1)

/** What the smoke test imports, the package as a file. */
export const dependencies = (tarball: string): Readonly<Record<string, string>> => ({
  redix: `file:${tarball}`,
  effect: versionOf("effect"),
  ioredis: versionOf("ioredis"),
})

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`

const sizeOf = (folder: string): number =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + fs.statSync(path.join(entry.parentPath, entry.name)).size, 0)

/** What the smoke test says of the thread for snapshots; throws unless all is well. */
export const smoked = (output: string): string => {
  if (!output.endsWith("smoke ok\n")) throw new Error(output)
  return output.trim().split("\n")[0] ?? ""
}

const smoke = (project: Project, ...command: readonly [string, ...ReadonlyArray<string>]): string => {
  const [file, ...args] = command
  project.write("smoke.mjs", app("smoke.mjs"))
  return smoked(project.run(file, ...args, "smoke.mjs"))
}

const alone = ({ tarball }: Given): Case => ({
  name: "npm, nothing else",
  run: (project) => {
    project.manifest({ dependencies: { redix: `file:${tarball}` } })
    const said = project.npm("install")
    if (/warn|script/i.test(said)) throw new Error(said)
    const packages = project.run("npm", "ls", "--all", "--parseable").trim().split("\n").slice(1)
    if (packages.length !== 1) throw new Error(`packages installed:\n${packages.join("\n")}`)
    const version = project.run("npx", "--no-install", "redix-server", "--version")
    if (!version.startsWith("Redix server")) throw new Error(version)
    project.run("npx", "--no-install", "redix", "run", "--", "node", "-e", "process.exit(0)")
    const unpacked = sizeOf(path.join(project.dir, "node_modules/redix"))
    return `1 package, ${megabytes(fs.statSync(tarball).size)} packed, ${megabytes(unpacked)} unpacked`
  },
})

const onNode = ({ tarball, tools }: Given): ReadonlyArray<Case> =>
  [...tools.node].map(([version, folder]) => ({
    name: `npm with engine-strict, Node ${version}`,
    run: (project) => {
      project.path = [folder]
      const running = project.run("node", "--version").trim()
      if (running !== `v${version}`) throw new Error(`this is Node ${running}`)
      project.write(".npmrc", "engine-strict=true\n")
      project.manifest({ type: "module", dependencies: dependencies(tarball) })
      project.npm("install")
      return smoke(project, "node")
    },
  }))

/** Two versions of Effect in one app would meet in types that nobody can read: npm says it first. */
const withOlderEffect = ({ tarball }: Given): Case => ({
  name: "npm, an Effect before the peer's",
  run: (project) => {
    project.manifest({ dependencies: { ...dependencies(tarball), effect: "4.0.6" } })
    // Whoever runs this by a silent npm has made all npm silent.
    const { code, stderr } = project.try("npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
    if (code === 0 || !stderr.includes("ERESOLVE")) throw new Error(`ended with ${code}: ${stderr}`)
    return "refused as a conflict of peers"
  },
})

/** pnpm installs all the same, and says that there is something to look at. */
const withOlderEffectByPnpm = ({ tarball, tools }: Given): Case => ({
  name: "pnpm, an Effect before the peer's",
  run: (project) => {
    project.path = [tools.bin]
    project.manifest({ dependencies: { ...dependencies(tarball), effect: "4.0.6" } })
    const installed = project.try("pnpm", "install", "--no-frozen-lockfile")
    const { code, stdout } = project.try("pnpm", "peers", "check")
    if (!`${installed.stdout}${installed.stderr}`.includes("Issues with peer dependencies found"))
      throw new Error(`pnpm says nothing of it: ${installed.stdout}${installed.stderr}`)
    if (code === 0 || !/unmet peer effect[^]*redix@/.test(stdout)) throw new Error(stdout)
    return "told of as an unmet peer"
  },
})

const managed = (
  { tarball, tools }: Given,
  name: string,
  install: readonly [string, ...ReadonlyArray<string>],
  run: readonly [string, ...ReadonlyArray<string>],
): Case => ({
  name,
  run: (project) => {
    project.path = [tools.bin]
    project.manifest({ type: "module", dependencies: dependencies(tarball) })
    const [command, ...args] = install
    project.run(command, ...args)
    return smoke(project, ...run)
  },
})

export const installCases = (given: Given): ReadonlyArray<Case> => [
  alone(given),
  withOlderEffect(given),
  withOlderEffectByPnpm(given),
  ...onNode(given),
  managed(given, "pnpm, strict", ["pnpm", "install", "--no-frozen-lockfile"], ["node"]),
  managed(given, "yarn 1", ["yarn", "install", "--non-interactive"], ["node"]),
  managed(given, "Bun", ["bun", "install"], ["bun"]),
  managed(
    given,
    "Deno",
    ["npm", "install", "--no-audit", "--no-fund"],
    ["deno", "run", "--allow-all", "--node-modules-dir=manual"],
  ),
]
