import { spawn } from "node:child_process"
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { oracleStatus } from "../support/Oracle.js"
import { supervised } from "../support/children/Supervised.js"

/** The bulk strings of a RESP array of bulk strings. */
export const bulkStrings = (raw: Buffer): ReadonlyArray<string> => {
  const words: Array<string> = []
  let at = raw.indexOf("\r\n") + 2
  while (at < raw.length) {
    const end = raw.indexOf("\r\n", at)
    const length = Number(raw.toString("latin1", at + 1, end))
    words.push(raw.toString("utf8", end + 2, end + 2 + length))
    at = end + 2 + length + 2
  }
  return words
}

let spawned = 0

/** A redis-server with a configuration file as its first argument; its log when it ends before it answers. */
export const spawnOracle = async (
  dir: string,
  args: ReadonlyArray<string>,
): Promise<
  { readonly socketPath: string; readonly stop: () => Promise<void> } | { readonly log: string }
> => {
  const found = oracleStatus()
  if (!found.available) throw new Error(found.reason)
  const socketPath = join(tmpdir(), `redix-config-${process.pid}-${spawned++}.sock`)
  const [file = "", ...rest] = args
  const child = supervised(
    spawn(found.binary, [file, ...rest, "--unixsocket", socketPath], { cwd: dir, stdio: "pipe" }),
  )
  let log = ""
  child.stdout.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")))
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")))
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const stop = async () => {
    child.kill("SIGKILL")
    await exited
    rmSync(socketPath, { force: true })
  }
  const ready = new Promise<"ready">((resolve) => {
    child.stdout.on("data", () => {
      if (log.includes("The server is now ready to accept connections")) resolve("ready")
    })
  })
  const first = await Promise.race([ready, exited])
  return first === "ready" ? { socketPath, stop } : { log }
}
