/** A server for a test suite; see Types.ts for what each member does. */
import type { Duplex } from "node:stream"
import { fromByteText, type Overrides, type RedixValues, urlPart, warningText } from "../config/index.js"
import { liveTurns, type RealTimer } from "../engine/world/Turn.js"
import { connectorOf } from "../net/memory/IoredisConnector.js"
import { refusedConnection } from "../net/memory/MemoryListener.js"
import type { MemorySocket } from "../net/memory/MemorySocket.js"
import { Caller } from "./Caller.js"
import { loadInto, resetInstance, restoreInto, type Settings, settingsOf, snapshotOf } from "./DataSet.js"
import { ClosedError, DataError, NotReachedError, StartError } from "./Errors.js"
import { faultsOf, recordingOf } from "./FaultRules.js"
import { type Composition, Instance } from "./Instance.js"
import { intercept } from "./Intercept.js"
import { Interception } from "./Interception.js"
import { SteeredClock } from "./SteeredClock.js"
import { amountOf, momentOf, moveTime } from "./TimeTravel.js"
import type { Awaited, Match, Options, Recording, Server, Value, Word } from "./Types.js"
import { World } from "./World.js"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const HOST = "127.0.0.1"
const UNTIL_MS = 5000
const AWAITED: ReadonlySet<string> = new Set<keyof Awaited>(["clients", "blocked", "subscribed"])
/** Ports below this are the system's: none is in use by a program's own server. */
const MEMORY_PORTS_MAX = 1000

let memoryPort = 0

type Listen = "memory" | number | { readonly path: string }

const listenOf = ({ listen = "memory" }: Options): Listen =>
  listen === true ? 0 : listen === false ? "memory" : listen

const overridesOf = (options: Options, listen: Listen): Overrides => {
  const where =
    typeof listen === "object"
      ? { port: 0, unixsocket: listen.path }
      : { port: listen === "memory" ? 0 : listen }
  return { save: "", dir: "", ...options.config, ...where }
}

export class TestServer implements Server {
  readonly closed: Promise<void>
  readonly faults: Server["faults"]
  private readonly connector: Server["ioredis"]["Connector"]
  private readonly world: World
  private readonly interception = new Interception()
  private readonly listenAt: Listen
  private overrides: Overrides
  private instance: Instance | undefined = undefined
  /** Those of the last start; undefined before the first. */
  private values: RedixValues | undefined = undefined
  private settings: Settings = { directives: new Map(), users: () => "" }
  private caller: Caller | undefined = undefined
  private suspended = false
  private readonly taken = new Set<Disposable>()
  private memoryAddress: { readonly host: string; readonly port: number } | undefined = undefined
  private readonly anchor: RealTimer | undefined
  private endClosed: () => void = () => {}
  /** Changes of time, data and life come one after the other. */
  private busy: Promise<unknown> = Promise.resolve()

  private constructor(
    private readonly composition: Composition,
    private readonly options: Options,
  ) {
    this.closed = new Promise((resolve) => (this.endClosed = resolve))
    const start = options.now === undefined ? undefined : momentOf(options.now)
    const clock = new SteeredClock({
      manual: options.clock === "manual",
      start,
      holdsProcess: () => options.ref === true || this.someCommandWaits,
    })
    this.world = new World(clock, options)
    this.listenAt = listenOf(options)
    this.overrides = overridesOf(options, this.listenAt)
    this.faults = faultsOf(this.interception)
    this.connector = connectorOf(() => this.open())
    this.anchor = options.ref === true ? liveTurns.timer(Infinity, false, () => {}) : undefined
  }

  static async start(composition: Composition, options: Options): Promise<TestServer> {
    const server = new TestServer(composition, options)
    try {
      await server.begin(options.data)
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  // ---- where it is

  get host(): string {
    void this.port
    return HOST
  }

  get port(): number {
    if (typeof this.listenAt === "number") return Number(this.overrides.port)
    throw new Error("the server has no port: start it with { listen: true }")
  }

  get path(): string {
    if (typeof this.listenAt === "object") return this.listenAt.path
    throw new Error("the server has no unix socket: start it with { listen: { path } }")
  }

  get url(): string {
    const { password } = this
    // With the user's name: redis-cli takes a password alone for a user without one.
    const user = password === "" ? "" : `default:${urlPart(password)}@`
    return typeof this.listenAt === "object"
      ? `unix://${user}${this.path}`
      : `redis://${user}${this.host}:${this.port}`
  }

  get ioredis(): Server["ioredis"] {
    return { Connector: this.connector, ...this.login }
  }

  get nodeRedis(): Server["nodeRedis"] {
    return { socket: this.nodeRedisSocket, ...this.login }
  }

  /** A byte text; "" = none is needed. */
  private get password(): string {
    return this.values === undefined ? "" : Redacted.value(this.values.requirepass)
  }

  private get login(): { readonly password?: string } {
    const { password } = this
    return password === "" ? {} : { password: fromByteText(password) }
  }

  private get nodeRedisSocket(): Server["nodeRedis"]["socket"] {
    if (typeof this.listenAt === "object") return { path: this.listenAt.path, tls: false }
    if (typeof this.listenAt === "number") return { host: HOST, port: this.port }
    if (this.memoryAddress === undefined) {
      memoryPort = (memoryPort % MEMORY_PORTS_MAX) + 1
      this.memoryAddress = { host: "localhost", port: memoryPort }
      this.intercept(`localhost:${memoryPort}`)
    }
    return this.memoryAddress
  }

  // ---- clients

  connect(): Duplex {
    return this.open()
  }

  intercept(address: string): Disposable {
    this.running()
    const taking = intercept(address, () => this.open())
    this.taken.add(taking)
    return {
      [Symbol.dispose]: () => {
        this.taken.delete(taking)
        taking[Symbol.dispose]()
      },
    }
  }

  async call(command: string, ...words: ReadonlyArray<Word>): Promise<Value> {
    const { engine, open } = this.running()
    this.caller ??= new Caller(engine, open)
    return await this.caller.call(command, words)
  }

  dropClients({ client }: { readonly client?: string } = {}): number {
    const meant = this.clients().filter(({ name }) => client === undefined || name === client)
    for (const { control } of meant) control.kill()
    return meant.length
  }

  async until(what: Awaited, ms: number = UNTIL_MS): Promise<void> {
    for (const name of Object.keys(what))
      if (!AWAITED.has(name)) throw new TypeError(`'${name}' is nothing to wait for`)
    const end = liveTurns.now() + amountOf("a time in milliseconds", ms)
    while (!this.isSo(what)) {
      if (liveTurns.now() > end) throw new NotReachedError(`not so within ${ms} ms: ${this.present(what)}`)
      await Effect.runPromise(liveTurns.sleep(1))
    }
  }

  record(match: Match = {}): Recording {
    return recordingOf(this.interception, match)
  }

  // ---- time

  now(): number {
    return this.world.clock.currentTimeMillisUnsafe()
  }

  advance(ms: number): Promise<void> {
    return this.alone(() => this.moveTo(momentOf(this.now() + ms)))
  }

  setTime(at: number | Date): Promise<void> {
    return this.alone(() => this.moveTo(momentOf(at)))
  }

  private moveTo(at: number): Promise<void> {
    return moveTime(this.world, this.running().engine, at)
  }

  // ---- data

  reset({ clients = "keep" }: { readonly clients?: "keep" | "drop" } = {}): Promise<void> {
    return this.alone(async () => {
      this.interception.clear()
      await resetInstance(this.running(), this.settings)
      if (clients === "drop") this.dropClients()
      await this.world.settled()
    })
  }

  snapshot(): Promise<Uint8Array> {
    return this.alone(() => snapshotOf(this.running()))
  }

  restore(rdb: Uint8Array): Promise<void> {
    return this.alone(async () => void (await restoreInto(this.running(), rdb)))
  }

  async clone(options: Options = {}): Promise<Server> {
    const data = await this.snapshot()
    const listen = this.listenAt === "memory" ? "memory" : true
    return TestServer.start(this.composition, { ...this.options, listen, data, now: this.now(), ...options })
  }

  // ---- its life

  async suspend(): Promise<void> {
    const instance = this.running()
    this.suspended = true
    for (const { control } of this.clients()) control.kill()
    await this.alone(() => instance.unlisten())
  }

  async resume(): Promise<void> {
    await this.alone(() => started(() => this.listen(this.running())))
    this.suspended = false
  }

  restart({ keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    return this.alone(async () => {
      const before = this.running()
      const data = keep ? await snapshotOf(before) : undefined
      this.instance = undefined
      // Save points and the file of the configuration are served as by SHUTDOWN.
      await before.run(
        Effect.ignore(before.engine.lifecycle.shutdown({ save: undefined, now: true, force: true })),
      )
      await before.close()
      await this.begin(data)
    })
  }

  async close(): Promise<void> {
    const { instance } = this
    this.instance = undefined
    for (const taking of this.taken) taking[Symbol.dispose]()
    this.taken.clear()
    await instance?.close()
    this.world.clock.stop()
    this.anchor?.clear()
    this.endClosed()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Fails with a StartError. */
  private begin(data: Options["data"]): Promise<void> {
    return started(async () => {
      const instance = await Instance.start(this.world, this.composition, this.overrides)
      this.instance = instance
      this.values = instance.config.values
      if (this.options.log === undefined)
        for (const warning of instance.config.warnings) console.warn(`redix: ${warningText(warning)}`)
      this.caller = undefined
      this.interception.attach(instance.engine)
      if (data !== undefined) await loadInto(instance, data)
      if (!this.suspended) await this.listen(instance)
      this.settings = settingsOf(instance)
      void instance.ended.then(() => (this.instance === instance ? this.close() : undefined))
    })
  }

  private async listen(instance: Instance): Promise<void> {
    if (this.listenAt === "memory") return
    const port = await instance.listen(this.options.ref === true)
    // The next start is on the same address.
    if (typeof this.listenAt === "number") this.overrides = { ...this.overrides, port }
  }

  private open(): MemorySocket {
    return this.suspended || this.instance === undefined ? refusedConnection(liveTurns) : this.instance.open()
  }

  private running(): Instance {
    if (this.instance === undefined) throw new ClosedError("the server has ended")
    return this.instance
  }

  private alone<A>(work: () => Promise<A>): Promise<A> {
    const done = this.busy.then(work)
    this.busy = done.catch(() => {})
    return done
  }

  /** Clients, without the test's own commands. */
  private clients() {
    const { engine } = this.running()
    const own = this.caller?.ids
    return [...engine.sessions.values()].filter(({ id }) => own?.has(id) !== true)
  }

  private get someCommandWaits(): boolean {
    for (const session of this.instance?.engine.sessions.values() ?? [])
      if (session.held !== undefined || session.postponed) return true
    return false
  }

  private isSo({ clients, blocked, subscribed }: Awaited): boolean {
    const { blocking } = this.running().engine
    return (
      (clients === undefined || this.clients().length >= clients) &&
      (blocked === undefined || (blocked === 0 ? blocking.count === 0 : blocking.count >= blocked)) &&
      (subscribed === undefined || this.subscribers(subscribed) > 0)
    )
  }

  private subscribers(channel: string): number {
    const name = Buffer.from(channel).toString("latin1")
    return this.clients().filter(({ channels }) => channels.has(name)).length
  }

  private present({ subscribed }: Awaited): string {
    const { blocking } = this.running().engine
    const heard = subscribed === undefined ? "" : `, ${this.subscribers(subscribed)} subscribers`
    return `${this.clients().length} clients, ${blocking.count} blocked${heard}`
  }
}

/** Runs what a start is made of; what is wrong with its options or its surroundings is a StartError. */
const started = async <A>(start: () => Promise<A>): Promise<A> => {
  try {
    return await start()
  } catch (error) {
    throw startError(error)
  }
}

const startError = (error: unknown): unknown => {
  if (error instanceof DataError) return new StartError("data", error.message, error)
  if (typeof error !== "object" || error === null || !("_tag" in error) || !(error instanceof Error))
    return error
  const reason =
    error._tag === "ListenError" ? "listen" : error._tag === "InvalidConfigError" ? "config" : "data"
  return new StartError(reason, error.message, error)
}
