/** What a test server lives in: its clock, its chance, its log, and fibers whose work can be waited for. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as References from "effect/References"
import { Scheduler } from "effect/Scheduler"
import type { RedixValues } from "../config/index.js"
import { CountingScheduler, liveTurns } from "../engine/world/Turn.js"
import { SecureRandom } from "../engine/world/SecureRandom.js"
import { Wire } from "../net/memory/Wire.js"
import * as RedisLogger from "../server/RedisLogger.js"
import type { SteeredClock } from "./SteeredClock.js"
import type { LogLine, Options } from "./Types.js"

/** Turns in which nothing happened, after which nothing more is expected. */
const QUIET_TURNS = 2
/** Clients that go on and on are not waited for. */
const TURNS_MAX = 1000

export class World {
  private readonly scheduler = new CountingScheduler()
  readonly context: Context.Context<never>
  /** The settings of the server that runs now. */
  settings: RedixValues | undefined = undefined

  constructor(
    readonly clock: SteeredClock,
    options: Pick<Options, "log" | "seed">,
  ) {
    const log = options.log === undefined || options.log === false ? undefined : options.log
    const loggers = log === undefined ? [] : [this.logger(log)]
    let context = Context.make(Clock.Clock, clock).pipe(
      Context.add(Scheduler, this.scheduler),
      Context.add(Logger.CurrentLoggers, new Set(loggers)),
      Context.add(References.MinimumLogLevel, log === undefined ? "None" : "All"),
    )
    if (options.seed !== undefined) {
      const random = Effect.runSync(Random.withSeed(Effect.service(Random.Random), options.seed))
      const bytes = (count: number): Uint8Array =>
        Uint8Array.from({ length: count }, () => random.nextIntUnsafe() & 0xff)
      context = context.pipe(Context.add(Random.Random, random), Context.add(SecureRandom, { bytes }))
    }
    this.context = context
  }

  /** Runs something in this world; what fails is thrown as it is. */
  run<A, E>(effect: Effect.Effect<A, E>): Promise<A> {
    return Effect.runPromise(Effect.provideContext(effect, this.context))
  }

  /** Waits until nothing is to be done: fibers rest, and what clients in memory were sent they have had time to answer. */
  async settled(): Promise<void> {
    let quiet = 0
    for (let turns = 0; quiet < QUIET_TURNS && turns < TURNS_MAX; turns++) {
      await new Promise<void>(liveTurns.atEnd)
      quiet = this.scheduler.pending > 0 || Wire.of(liveTurns).busy ? 0 : quiet + 1
    }
  }

  private logger(heard: (line: LogLine) => void): Logger.Logger<unknown, void> {
    const level = (): RedixValues["loglevel"] => this.settings?.loglevel ?? "notice"
    return RedisLogger.makeHeard({
      get loglevel() {
        return level()
      },
      facts: false,
      heard: ({ level, message, date }) => heard({ level, text: message, at: date.getTime() }),
    })
  }
}
