/** What a test has started is gone once the process that ran the test is, however it went. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { rolldown } from "rolldown"
import { expect, it } from "vitest"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { until } from "../Nodes.js"
import { root } from "../Program.js"
import { supervised } from "./Supervised.js"

/** Starts a program that would stay, one stopped, one of a group with a child of its own, and one that ends. */
const STARTER = `
import { spawn } from "node:child_process"
import { supervised } from ${JSON.stringify(path.join(root, "test/support/children/Supervised.ts"))}
const start = (line, detached) =>
  supervised(spawn("sh", ["-c", line], { stdio: ["ignore", "pipe", "ignore"], detached }), detached)
const ended = start("echo", false)
const end = new Promise((resolve) => ended.once("exit", resolve))
const stay = start("exec sleep 600", false)
const stopped = start("exec sleep 600", false)
stopped.kill("SIGSTOP")
const group = start("sleep 600 & echo $!; wait", true)
const line = await new Promise((resolve) => group.stdout.once("data", resolve))
await end
console.log([stay.pid, stopped.pid, group.pid, Number(line)].join(" "))
`

/** Those that go on; one that has ended and that nobody has asked how (Z) does not. */
const goOn = (pids: ReadonlyArray<number>): ReadonlyArray<string> =>
  spawnSync("ps", ["-o", "stat=", "-p", pids.join(",")], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((state) => /^[^Z\s]/.test(state.trim()))

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.stdout?.once("data", (line: Buffer) => resolve(line.toString()))
    child.once("close", () => reject(new Error("it has ended")))
  })

it.each(["SIGKILL", "SIGTERM"] as const)("after %s", async (signal) => {
  await withTempDir(async (dir) => {
    const input = path.join(dir, "starter.mjs")
    fs.writeFileSync(input, STARTER)
    const bundle = await rolldown({ input, platform: "node", external: /^node:/ })
    await bundle.write({ file: path.join(dir, "bundle.mjs"), format: "esm" })
    const starter = supervised(
      spawn(process.execPath, [path.join(dir, "bundle.mjs")], { stdio: ["ignore", "pipe", "inherit"] }),
    )
    const pids = (await firstLine(starter)).split(" ").map(Number)
    expect(pids.length).toBe(4)
    expect(goOn(pids)).toHaveLength(4)
    starter.kill(signal)
    await until(
      () => goOn(pids).length === 0,
      () => `all have ended, of ${pids.join(" ")}`,
    )
  })
})

it("every program of the tests that may stay is supervised", () => {
  const unsupervised = /(?<!supervised\(\s*)(?<![\w.]|private static async )(?:spawn|fork)\(/g
  const files = fs
    .readdirSync(path.join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== path.join("support", "children", "Supervised.ts"))
  const offences = files.flatMap((file) => {
    const text = fs.readFileSync(path.join(root, "test", file), "utf8")
    return [...text.matchAll(unsupervised)].map(
      ({ index }) => `${file}:${text.slice(0, index).split("\n").length}`,
    )
  })
  expect(offences).toEqual([])
})
