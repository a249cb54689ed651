/** npm and other commands, run to their end in a project of a test's. */
import { spawnSync } from "node:child_process"

/** Of a step that runs npm, a compiler or a build: it only bounds a wait in vain. */
export const STEP_MS_MAX = 300_000

/** Runs a command to its end; fails with what it said unless it ends well. */
export const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): string => {
  const done = spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, CI: "true" } })
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}\n${done.stdout}${done.stderr}`)
  return done.stdout
}

export const npm = (cwd: string, ...args: ReadonlyArray<string>): string =>
  run(cwd, "npm", ...args, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")
