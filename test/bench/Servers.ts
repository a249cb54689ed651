/** The two servers a benchmark compares, and what the system says of them. Linux only: CPU and memory come from /proc. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { placeFlags } from "../support/children/Flags.js"
import { supervised } from "../support/children/Supervised.js"

export interface BenchServer {
  readonly name: "redix" | "redis"
  readonly port: number
  readonly pid: number
  readonly dir: string
  readonly stop: () => Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.on("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })

/** Sends one inline command and resolves with the raw reply so far; rejects when nobody answers. */
const ask = (port: number, line: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(`${line}\r\n`))
    socket.once("data", (data) => {
      socket.destroy()
      resolve(String(data))
    })
    socket.on("error", reject)
  })

const untilReady = async (port: number, child: ChildProcess): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error("the server ended before it was ready")
    const reply = await ask(port, "PING").catch(() => "")
    if (reply.startsWith("+PONG")) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error("the server did not get ready")
}

const program = (name: BenchServer["name"]): ReadonlyArray<string> =>
  name === "redis"
    ? [process.env["REDIX_ORACLE"] ?? "redis-server"]
    : [process.execPath, path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../dist/main.js")]

/** What a program is started under so that each of its syncs takes so many milliseconds longer; needs strace. */
export const slowSyncs = (ms: number): ReadonlyArray<string> => [
  // Beside the server (-D), which is the child that is killed.
  ...["strace", "-D", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null"],
  ...["-e", "trace=fdatasync,fsync", "-e", `inject=fdatasync,fsync:delay_exit=${ms * 1000}`],
]

/**
 * Starts a server on a free loopback port, without save points, in a temporary directory.
 * @param under a program that is to start it
 */
export const startServer = async (
  name: BenchServer["name"],
  args: ReadonlyArray<string> = [],
  keepDir?: string,
  under: ReadonlyArray<string> = [],
): Promise<BenchServer> => {
  const port = await freePort()
  const dir = keepDir ?? fs.mkdtempSync(path.join(os.tmpdir(), `bench-${name}-`))
  const [command, ...first] = [...under, ...program(name)]
  if (command === undefined) throw new Error("no program")
  const flags = [...placeFlags(port, dir), "--save", "", "--enable-debug-command", "yes"]
  const child = supervised(spawn(command, [...first, ...flags, ...args], { stdio: "ignore" }))
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  await untilReady(port, child)
  return {
    name,
    port,
    pid: child.pid ?? 0,
    dir,
    stop: async () => {
      child.kill("SIGKILL")
      await ended
      if (keepDir === undefined) fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** User and system CPU time of a process so far, in microseconds (in steps of 10 ms). */
export const cpuMicros = (pid: number): number => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Resident memory of a process, in bytes. */
export const residentBytes = (pid: number): number => {
  const line = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"))
  return Number(line?.[1] ?? 0) * 1024
}
