/**
 * How soon others are heard while a script does not end: a master with a replica, eight clients that write all the time,
 * and scripts that run until they are killed. Redix and redis-server in turn.
 *
 * Times are those of the clock, and besides the server's own CPU time in them, which does not depend on what else the
 * machine does: Redix gives a script 2 ms a turn of its loop.
 */
import * as fs from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { Client, request } from "./Clients.js"
import { type BenchServer, startServer } from "./Servers.js"

const BUSY = "-BUSY"
const SLICE_MS = 2
const WRITERS = 8
/** Questions to one script, half of them over a new connection. */
const QUESTIONS = 20

const LIBRARY = `#!lua name=bench
redis.register_function{function_name='endless', callback=function() while true do end end, flags={'no-writes'}}`

interface Endless {
  readonly name: string
  readonly kill: "SCRIPT" | "FUNCTION"
  readonly words: ReadonlyArray<ReadonlyArray<string>>
}

const evaluated = (name: string, source: string): Endless => ({
  name,
  kill: "SCRIPT",
  words: [["EVAL", source, "0"]],
})

const cases: ReadonlyArray<Endless> = [
  evaluated("a loop", "while true do end"),
  evaluated("a loop in pcall", "while true do pcall(function() while true do end end) end"),
  evaluated("calls of GET", "while true do redis.call('GET', 'writer0') end"),
  {
    name: "a loop in EXEC",
    kill: "SCRIPT",
    words: [["MULTI"], ["EVAL", "while true do end", "0"], ["PING"], ["EXEC"]],
  },
  { name: "a function", kill: "FUNCTION", words: [["FCALL", "endless", "0"]] },
]

interface Times {
  readonly ms: number[]
  readonly cpuMs: number[]
}

export interface SuspendedFigure {
  readonly server: BenchServer["name"]
  readonly name: string
  /** Over an open connection, over a new one, and from the kill to the script's own error. */
  readonly busy: Times
  readonly late: Times
  readonly killed: Times
  readonly turnMs: number
}

const newTimes = (): Times => ({ ms: [], cpuMs: [] })

const cpuMs = (pid: number): number => {
  let ns = 0
  for (const id of fs.readdirSync(`/proc/${pid}/task`))
    ns += Number(fs.readFileSync(`/proc/${pid}/task/${id}/schedstat`, "latin1").split(" ")[0])
  return ns / 1e6
}

const measured = async (pid: number, times: Times, work: () => Promise<unknown>): Promise<void> => {
  const cpu = cpuMs(pid)
  const begun = performance.now()
  await work()
  times.ms.push(performance.now() - begun)
  times.cpuMs.push(cpuMs(pid) - cpu)
}

const expecting = async (client: Client, words: ReadonlyArray<string>, start: string): Promise<void> => {
  const reply = await client.ask(...words)
  if (!reply.startsWith(start)) throw new Error(`${words.join(" ")}: ${reply.slice(0, 200)}`)
}

const untilBusy = async (client: Client): Promise<void> => {
  while (!(await client.ask("PING")).startsWith(BUSY)) await sleep(1)
}

/** Clients that write for as long as they are not told to stop. */
const startWriters = (port: number): (() => Promise<void>) => {
  let going = true
  const write = async (n: number): Promise<void> => {
    const client = new Client(port)
    while (going) await client.ask("INCR", `writer${n}`)
    client.close()
  }
  const all = Promise.all(Array.from({ length: WRITERS }, (_, n) => write(n)))
  return async () => {
    going = false
    await all
  }
}

const ask = async ({ pid, port }: BenchServer, endless: Endless, figure: SuspendedFigure): Promise<void> => {
  const [runner, other] = [new Client(port), new Client(port)]
  const ended = runner.send(endless.words.map(request).join(""), (reply) => reply.includes("Script killed"))
  await untilBusy(other)
  for (let i = 0; i < QUESTIONS / 2; i++) {
    await measured(pid, figure.busy, () => expecting(other, ["PING"], BUSY))
    await measured(pid, figure.late, async () => {
      const late = new Client(port)
      await expecting(late, ["PING"], BUSY)
      late.close()
    })
  }
  await measured(pid, figure.killed, async () => {
    await expecting(other, [endless.kill, "KILL"], "+OK")
    await ended
  })
  await expecting(other, ["PING"], "+PONG")
  runner.close()
  other.close()
}

const fieldOf = async (port: number, name: string): Promise<string> => {
  const client = new Client(port)
  const info = await client.send(request(["INFO", "replication"]), (reply) => reply.endsWith("\r\n"))
  client.close()
  return new RegExp(`^${name}:(.*)\r$`, "m").exec(info)?.[1] ?? ""
}

const untilLinked = async (port: number): Promise<void> => {
  while ((await fieldOf(port, "master_link_status")) !== "up") await sleep(20)
}

const one = async (
  name: BenchServer["name"],
  rounds: number,
  tell: (figure: SuspendedFigure) => void,
): Promise<void> => {
  const options = ["--busy-reply-threshold", "30", "--repl-diskless-sync-delay", "0", "--repl-timeout", "5"]
  const master = await startServer(name, options)
  const replica = await startServer(name, [...options, "--replicaof", `127.0.0.1 ${master.port}`])
  try {
    await untilLinked(replica.port)
    const history = await fieldOf(replica.port, "master_replid")
    const loader = new Client(master.port)
    await expecting(loader, ["FUNCTION", "LOAD", LIBRARY], "$5")
    loader.close()
    const stop = startWriters(master.port)
    for (const endless of cases) {
      const figure = {
        server: name,
        name: endless.name,
        busy: newTimes(),
        late: newTimes(),
        killed: newTimes(),
        turnMs: SLICE_MS,
      }
      for (let i = 0; i < rounds; i++) await ask(master, endless, figure)
      tell(figure)
    }
    await stop()
    if ((await fieldOf(replica.port, "master_link_status")) !== "up") throw new Error("the link is down")
    if ((await fieldOf(replica.port, "master_replid")) !== history) throw new Error("the replica began anew")
  } finally {
    await replica.stop()
    await master.stop()
  }
}

/** The figures of both servers; throws where a reply is not as it must be, or the replica's link did not stay up. */
export const suspended = async (rounds: number, tell: (figure: SuspendedFigure) => void): Promise<void> => {
  for (const name of ["redix", "redis"] as const) await one(name, rounds, tell)
}
