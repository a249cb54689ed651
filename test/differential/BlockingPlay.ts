/**
 * Plays of several connections, acted out on redis-server and on Redix: each connection must receive the same replies.
 *
 * After each step both servers come to rest: as many clients wait for their reply as the server says are blocked.
 */
import { expect } from "vitest"
import { compared } from "../support/coverage/Compared.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { type Argument, formatCommand, type RawClient } from "../support/RawClient.js"
import { effort } from "../support/Effort.js"
import { Random, runSeed } from "../support/Random.js"
import type { TestRedix } from "../support/Redix.js"

/** How a server is reached, and what a test must know of it that its clients cannot see. */
interface Side {
  readonly connect: () => Promise<RawClient>
  readonly blocked: () => Promise<number>
  readonly unblock: (client: Client, how: "TIMEOUT" | "ERROR") => Promise<void>
}

/** One scripted connection. */
export class Client {
  readonly replies: string[] = []
  /** Sent, and no reply compared yet. */
  readonly sent: Array<ReadonlyArray<Argument>> = []
  outstanding = 0
  id = 0
  constructor(readonly raw: RawClient) {}

  send(commands: ReadonlyArray<ReadonlyArray<Argument>>): void {
    this.outstanding++
    this.sent.push(...commands)
    this.raw.pipeline(commands).then(
      (replies) => {
        this.replies.push(...replies.map((reply) => reply.toString("latin1")))
        this.outstanding--
      },
      () => {
        this.outstanding = 0
      },
    )
  }
}

/** A server and the connections of the play. */
export class Stage {
  readonly clients: Client[] = []
  constructor(readonly side: Side) {}

  async client(i: number): Promise<Client> {
    let client = this.clients[i]
    if (client === undefined) {
      client = new Client(await this.side.connect())
      this.clients[i] = client
    }
    return client
  }

  async leave(i: number): Promise<void> {
    const client = await this.client(i)
    delete this.clients[i]
    client.raw.close()
  }

  private get waiting(): number {
    return this.clients.filter((client) => client !== undefined && client.outstanding > 0).length
  }

  /** Waits until nothing moves: who waits for a reply is blocked. */
  async rest(): Promise<void> {
    const until = Date.now() + PATIENCE_MS
    for (;;) {
      const before = this.waiting
      const blocked = await this.side.blocked()
      const { waiting } = this
      // A reply that came meanwhile belongs to a later moment than the number of the blocked.
      if (blocked === waiting && before === waiting) return
      if (Date.now() > until) throw new Error(`${waiting} clients wait, ${blocked} are blocked`)
    }
  }
}

/** One step of a play: a client sends commands, changes its database, or is ended. */
export type Step =
  | { readonly client: number; readonly send: ReadonlyArray<ReadonlyArray<Argument>> }
  | { readonly client: number; readonly select: number }
  | { readonly client: number; readonly end: "leave" | "TIMEOUT" | "ERROR" }

/** redis-server, as a play needs it. */
interface Server {
  readonly connect: () => Promise<RawClient>
}

/** Redis's stage and Redix's. */
export const sides = async (redix: TestRedix, server: Server): Promise<[Stage, Stage]> => {
  const control = await server.connect()
  const oracle: Side = {
    connect: async () => server.connect(),
    blocked: async () => Number(/blocked_clients:(\d+)/.exec(await control.text("INFO", "clients"))?.[1]),
    unblock: async (client, how) => {
      await control.command("CLIENT", "UNBLOCK", String(client.id), how)
    },
  }
  const subject: Side = {
    connect: redix.connect,
    blocked: async () => {
      // Lets the server, which lives in this process, come to its turn.
      await new Promise((resolve) => setImmediate(resolve))
      return redix.engine.blocking.count
    },
    unblock: async (client, how) => {
      const session = redix.engine.sessions.get(client.id)
      session?.blocked?.unblock(how === "TIMEOUT" ? "timeout" : "error")
    },
  }
  return [new Stage(oracle), new Stage(subject)]
}

/** Finds the ids under which the servers know a new client. */
const identify = async (redix: TestRedix, oracle: Client, subject: Client): Promise<void> => {
  oracle.id = Number((await oracle.raw.text("CLIENT", "ID")).slice(1))
  await subject.raw.command("EXISTS", "p")
  subject.id = Math.max(...redix.engine.sessions.keys())
}

/** Acts the steps out on both stages; after each, every connection must have received the same. */
export const play = async (
  redix: TestRedix,
  stages: [Stage, Stage],
  steps: Iterable<Step>,
  seed = 0,
): Promise<void> => {
  const [oracle, subject] = stages
  const history: string[] = []
  for (const step of steps) {
    const pair = [await oracle.client(step.client), await subject.client(step.client)] as const
    if (pair[0].id === 0) await identify(redix, pair[0], pair[1])
    if ("select" in step) {
      // The command belongs to another family; what counts here is the database the client waits in.
      await pair[0].raw.command("SELECT", String(step.select))
      const session = redix.engine.sessions.get(pair[1].id)
      if (session !== undefined) session.database = step.select
    } else if ("send" in step) {
      history.push(`${step.client}: ${step.send.map(formatCommand).join("; ")}`)
      if (pair[0].outstanding > 0) throw new Error(`client ${step.client} is blocked: ${history.join("\n")}`)
      for (const client of pair) client.send(step.send)
    } else {
      history.push(`${step.client}: ${step.end}`)
      for (const [i, stage] of stages.entries()) {
        if (step.end === "leave") await stage.leave(step.client)
        else await stage.side.unblock(pair[i === 0 ? 0 : 1], step.end)
      }
    }
    await Promise.all(stages.map((stage) => stage.rest()))
    for (const [i, client] of oracle.clients.entries()) {
      if (client === undefined) continue
      const other = subject.clients[i]
      const got = other?.replies.splice(0) ?? []
      const want = client.replies.splice(0)
      const script = () => `seed ${seed}, client ${i} after\n${history.slice(-60).join("\n")}`
      expect(got, JSON.stringify(got) === JSON.stringify(want) ? "" : script()).toEqual(want)
      for (const reply of want) compared(client.sent.shift() ?? [], reply)
      expect(other?.outstanding).toBe(client.outstanding)
    }
  }
}

/** Acts out scripts, named by what they show, each with connections of its own; the digit of a line is the client. */
export const actOut = async (
  redix: TestRedix,
  server: Server,
  scripts: Readonly<Record<string, ReadonlyArray<string>>>,
  protocol: "2" | "3" = "2",
): Promise<void> => {
  for (const [name, lines] of Object.entries(scripts)) {
    const stages = await sides(redix, server)
    if (protocol === "3") await greet(redix, stages, [0, 1, 2, 3])
    try {
      await play(redix, stages, [run("0 FLUSHALL"), ...lines.map(run)])
    } catch (error) {
      throw new Error(`script: ${name}\n${String(error)}`, { cause: error })
    }
    close(stages)
  }
}

/** Acts out random plays, one from each seed, on empty servers and with new connections. */
export const playRandomly = async (
  redix: TestRedix,
  server: Server,
  name: string,
  steps: (random: Random, stage: Stage) => Iterable<Step>,
): Promise<void> => {
  for (let i = 0; i < effort(1); i++) {
    const seed = runSeed() + i
    const stages = await sides(redix, server)
    await play(redix, stages, [run("0 FLUSHALL")], seed)
    await play(redix, stages, steps(Random.forTest(name, seed), stages[0]), seed)
    close(stages)
    await stages[1].rest()
    redix.engine.context.keyspace.arena.checkInvariants()
  }
}

/** How steps are made at random. */
export interface Making {
  readonly clients: number
  /** Between two databases, and nobody leaves who waits. */
  readonly moving?: boolean
  readonly blocking: (random: Random) => ReadonlyArray<Argument>
  readonly other: (random: Random) => ReadonlyArray<Argument>
}

const staying = ["TIMEOUT", "ERROR"] as const

/** Steps made as the play goes: a blocked client does nothing but end its wait. Client 0 never blocks. */
export function* randomSteps(r: Random, stage: Stage, n: number, making: Making): Generator<Step> {
  const { blocking, other, moving = false } = making
  for (let i = 0; i < n; i++) {
    const client = r.below(making.clients)
    const blocked = (stage.clients[client]?.outstanding ?? 0) > 0
    if (blocked && r.chance(0.8)) continue
    if (blocked) yield { client, end: r.pick(moving ? staying : ["leave", ...staying]) }
    else if (client > 0 && r.chance(0.6)) yield { client, send: [blocking(r)] }
    else if (r.chance(0.25)) {
      const inside = r.times(r.between(1, 4), () => (r.chance(0.2) ? blocking(r) : other(r)))
      yield { client, send: [["MULTI"], ...inside, ["EXEC"]] }
    } else if (moving && r.chance(0.05)) yield { client, select: r.below(2) }
    else yield { client, send: [other(r)] }
  }
}

export const close = (stages: [Stage, Stage]): void => {
  for (const stage of stages) for (const client of stage.clients) client?.raw.close()
}

/** A step from its text: the client's digit, then commands with semicolons between them. */
export const run = (line: string): Step => {
  const [, client, rest] = /^(\d) (.*)$/.exec(line) ?? []
  const words = (rest ?? "").split(";").map((part) => part.trim().split(" "))
  const [first] = words[0] ?? []
  if (first === "leave" || first === "TIMEOUT" || first === "ERROR")
    return { client: Number(client), end: first }
  if (first === "SELECT") return { client: Number(client), select: Number(words[0]?.[1]) }
  return { client: Number(client), send: words }
}

/** Has clients speak RESP3. HELLO's replies name the server, so they are no part of the play. */
export const greet = async (
  redix: TestRedix,
  [oracle, subject]: [Stage, Stage],
  clients: ReadonlyArray<number>,
): Promise<void> => {
  for (const i of clients) {
    const [a, b] = [await oracle.client(i), await subject.client(i)]
    await identify(redix, a, b)
    await a.raw.command("HELLO", "3")
    const session = redix.engine.sessions.get(b.id)
    if (session !== undefined) session.resp = 3
  }
}
