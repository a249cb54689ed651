/**
 * What INFO shows as Effect metrics, under the names of redis_exporter.
 *
 * A metric is read when somebody takes a snapshot of all metrics (PrometheusMetrics, an OTLP exporter); until then nothing
 * is counted for it and nothing wakes. What there is one of for each command, database or replica comes into being by
 * itself: its series is there from the read after the first that could have shown it.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type { Engine } from "../../engine/Engine.js"
import { type EngineService, theEngine } from "../../engine/EngineService.js"
import type { InfoField } from "../../engine/InfoRegistry.js"
import { infoMetrics, type InfoMetric, type ManyMetric, manyMetrics } from "./infoMetrics.js"

interface MetricsOptions {
  /** Labels that all metrics get; two servers of an app want them to differ. */
  readonly labels?: Readonly<Record<string, string>>
}

/** Bounds of the histogram of a command's durations, in microseconds. */
const MICROSECONDS: ReadonlyArray<number> = Array.from({ length: 21 }, (_, i) => 2 ** i)

/** A field's value as a number; what is well is 1, what is not is 0. */
const numberOf = (value: string | number | undefined): number => {
  if (value === undefined) return 0
  if (value === "ok" || value === "up") return 1
  const number = Number(value)
  return Number.isFinite(number) ? number : 0
}

/** Words `name=value` of a field. */
const wordsOf = (value: string | number): ReadonlyMap<string, string> =>
  new Map(
    String(value)
      .split(",")
      .map((word) => {
        const at = word.indexOf("=")
        return [word.slice(0, at), word.slice(at + 1)] as const
      }),
  )

class Registered {
  private readonly fixed: Array<Metric.Registration> = []
  private readonly many = new Map<string, Metric.Registration>()
  private readonly sections = new Map<string, ReadonlyMap<string, InfoField[1]>>()

  constructor(
    private readonly engine: Engine,
    private readonly context: Context.Context<never>,
    private readonly labels: Readonly<Record<string, string>>,
  ) {
    this.fixed.push(
      this.series("redis_up", "gauge", {}, () => {
        this.renew()
        return 1
      }),
    )
    for (const { section, field, kind, name } of infoMetrics)
      this.fixed.push(this.series(name, kind, {}, () => numberOf(this.section(section).get(field))))
    this.renew()
  }

  remove(): void {
    for (const one of [...this.fixed, ...this.many.values()]) one.remove()
  }

  /** A section as it is for this snapshot, of which `redis_up` is the first. */
  private section(name: string): ReadonlyMap<string, InfoField[1]> {
    const known = this.sections.get(name)
    if (known !== undefined) return known
    const read = new Map(this.engine.info.lines(name))
    this.sections.set(name, read)
    return read
  }

  /** Registers the series of what is there now, and forgets those of what has gone. */
  private renew(): void {
    this.sections.clear()
    const present = new Set<string>()
    for (const metric of manyMetrics)
      for (const [field, value] of this.section(metric.section))
        if (field.startsWith(metric.prefix) && String(value).includes("=")) {
          const key = `${metric.name} ${field}`
          present.add(key)
          if (!this.many.has(key)) this.many.set(key, this.one(metric, field, value))
        }
    for (const { name, id } of this.engine.dispatcher.table.byId) {
      if (this.engine.timer.counters.calls[id] === 0) continue
      const key = `latency ${name}`
      present.add(key)
      if (!this.many.has(key)) this.many.set(key, this.latency(name, id))
    }
    for (const [key, registration] of this.many)
      if (!present.has(key)) {
        registration.remove()
        this.many.delete(key)
      }
  }

  private one(metric: ManyMetric, field: string, value: InfoField[1]): Metric.Registration {
    const words = wordsOf(value)
    const own = metric.label === "db" ? field : field.slice(metric.prefix.length)
    const more = Object.entries(metric.labels ?? {}).map(([label, word]) => [label, words.get(word) ?? ""])
    const labels = { [metric.label]: own, ...Object.fromEntries(more) }
    return this.series(metric.name, metric.kind, labels, () => {
      const now = this.section(metric.section).get(field)
      return now === undefined ? 0 : numberOf(wordsOf(now).get(metric.word)) / (metric.divisor ?? 1)
    })
  }

  private series(
    name: string,
    kind: InfoMetric["kind"],
    labels: Readonly<Record<string, string>>,
    read: () => number,
  ): Metric.Registration {
    const attributes = { ...this.labels, ...labels }
    if (kind === "gauge")
      return Metric.registerUnsafe(Metric.gauge(name, { attributes }), this.context, {
        get: () => ({ value: read() }),
        update: () => {},
        modify: () => {},
      })
    const counter = Metric.counter(name, { attributes, incremental: true })
    return Metric.registerUnsafe(counter, this.context, {
      get: () => ({ count: read(), incremental: true }),
      update: () => {},
      modify: () => {},
    })
  }

  /** How long the calls of a command took. */
  private latency(name: string, id: number): Metric.Registration {
    const attributes = { ...this.labels, cmd: name }
    const metric = Metric.histogram("redis_commands_latencies_usec", { attributes, boundaries: MICROSECONDS })
    const { timer, dispatcher } = this.engine
    return Metric.registerUnsafe(metric, this.context, {
      get: () => {
        const histogram = timer.latencies(dispatcher.table.byId[id])
        const counts = histogram?.cumulative(MICROSECONDS.map((bound) => bound * 1000)) ?? []
        return {
          buckets: MICROSECONDS.map((bound, i): [number, number] => [bound, counts[i] ?? 0]),
          count: histogram?.total ?? 0,
          min: (histogram?.percentile(0) ?? 0) / 1000,
          max: (histogram?.percentile(100) ?? 0) / 1000,
          sum: timer.counters.microseconds[id],
        }
      },
      update: () => {},
      modify: () => {},
    })
  }
}

/** Metrics of the engine that is provided, among those of the app. */
export const layerMetrics = (options: MetricsOptions = {}): Layer.Layer<never, never, EngineService> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const engine = yield* theEngine
      const context = yield* Effect.context<never>()
      yield* Effect.acquireRelease(
        Effect.sync(() => new Registered(engine, context, options.labels ?? {})),
        (registered) => Effect.sync(() => registered.remove()),
      )
    }),
  )
