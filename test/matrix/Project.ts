/** Empty projects in a folder of their own, and what is run in them. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

const STEP_MS_MAX = 300_000

const rootOf = (): string => {
  let dir = path.dirname(fileURLToPath(import.meta.url))
  while (!fs.existsSync(path.join(dir, "package.json"))) dir = path.dirname(dir)
  return dir
}

/** The repository. */
export const root = rootOf()

/** The text of a file of apps/. */
export const app = (name: string): string =>
  fs.readFileSync(path.join(root, "test/matrix/apps", name), "utf8")

/** The exact version that the repository itself is tested with. */
export const ownVersion = (name: string): string => {
  const manifest: unknown = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"))
  const versions: unknown = Reflect.get(Object(manifest), "devDependencies")
  return `${name}@${String(Reflect.get(Object(versions), name))}`
}

export class Project {
  /** Folders in front of PATH: which node, npm, ... a command finds. */
  path: ReadonlyArray<string> = []
  environment: Readonly<Record<string, string>> = {}

  constructor(readonly dir: string) {
    fs.mkdirSync(dir, { recursive: true })
  }

  write(file: string, text: string): void {
    fs.mkdirSync(path.dirname(path.join(this.dir, file)), { recursive: true })
    fs.writeFileSync(path.join(this.dir, file), text)
  }

  manifest(fields: Readonly<Record<string, unknown>>): void {
    this.write("package.json", JSON.stringify({ name: "app", version: "1.0.0", private: true, ...fields }))
  }

  /** Standard output of a command that ends well; throws with what it said otherwise. */
  run(command: string, ...args: ReadonlyArray<string>): string {
    const done = this.try(command, ...args)
    if (done.code !== 0) throw new Error(`${command} ${args.join(" ")}\n${done.stdout}${done.stderr}`)
    return done.stdout
  }

  try(command: string, ...args: ReadonlyArray<string>) {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: this.dir,
      encoding: "utf8",
      timeout: STEP_MS_MAX,
      env: {
        ...process.env,
        ...this.environment,
        CI: "true",
        PATH: [...this.path, process.env["PATH"] ?? ""].join(path.delimiter),
      },
    })
    return { code: status, stdout, stderr: error === undefined ? stderr : `${stderr}${String(error)}` }
  }

  npm(...args: ReadonlyArray<string>): string {
    return this.run("npm", ...args, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")
  }
}

/** Processor time of a command of node, the least of several, in milliseconds. */
export const leastCpu = (project: Project, file: string, times: number): number => {
  const measured = Array.from({ length: times }, () => Number(project.run(process.execPath, file)))
  return Math.min(...measured)
}
