/** Metrics: what INFO shows, by redis_exporter's names, read when somebody asks. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import { PrometheusMetrics } from "effect/observability"
import { RedixClient } from "../../src/client.js"
import { Redix } from "../../src/index.js"

const quiet = Logger.layer([])

const app = (labels: Readonly<Record<string, string>> = {}) =>
  Layer.mergeAll(RedixClient.layer(), Redix.layerMetrics({ labels })).pipe(
    Layer.provideMerge(Redix.layerWith()),
    Layer.provide(quiet),
  )

const own = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

/** All series with their values; what each command, database or replica has is there from the second read on. */
const scrape = Effect.gen(function* () {
  yield* PrometheusMetrics.format()
  const lines = (yield* PrometheusMetrics.format()).split("\n").filter((line) => !line.startsWith("#"))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ")
      return [line.slice(0, at), Number(line.slice(at + 1))] as const
    }),
  )
})

it.effect("tell what INFO tells", () =>
  own(
    Effect.gen(function* () {
      const redis = yield* RedixClient
      yield* redis.mset({ a: 1, b: 2 })
      yield* redis.expire("a", 100)
      yield* redis.get("a")
      yield* redis.get("none")
      yield* Effect.exit(redis.lpush("a", "x"))
      const series = yield* scrape
      assert.strictEqual(series.get("redis_up"), 1)
      assert.strictEqual(series.get('redis_db_keys{db="db0"}'), 2)
      assert.strictEqual(series.get('redis_db_keys_expiring{db="db0"}'), 1)
      assert.strictEqual(series.get('redis_commands_total{cmd="get"}'), 2)
      assert.strictEqual(series.get('redis_commands_failed_calls_total{cmd="lpush"}'), 1)
      assert.strictEqual(series.get('redis_errors_total{err="WRONGTYPE"}'), 1)
      assert.strictEqual(series.get("redis_keyspace_hits_total"), 1)
      assert.strictEqual(series.get("redis_keyspace_misses_total"), 1)
      assert.strictEqual(series.get("redis_connected_clients"), 1)
      assert.strictEqual(series.get("redis_rdb_last_bgsave_status"), 1)
      assert.strictEqual(series.get('redis_commands_latencies_usec_count{cmd="get"}'), 2)
      assert.isAbove(series.get("redis_memory_used_bytes") ?? 0, 0)
      yield* redis.flushall()
      assert.isUndefined((yield* scrape).get('redis_db_keys{db="db0"}'))
    }).pipe(Effect.provide(app())),
  ),
)

it.effect("are each server's own, and go with it", () =>
  own(
    Effect.gen(function* () {
      const redis = yield* RedixClient
      yield* redis.set("a", 1)
      const other = Effect.gen(function* () {
        const series = yield* scrape
        assert.strictEqual(series.get('redis_db_keys{server="outer",db="db0"}'), 1)
        assert.strictEqual(series.get('redis_up{server="inner"}'), 1)
        assert.isUndefined(series.get('redis_db_keys{server="inner",db="db0"}'))
      })
      yield* Effect.provide(other, app({ server: "inner" }))
      assert.isUndefined((yield* scrape).get('redis_up{server="inner"}'))
      assert.strictEqual((yield* scrape).get('redis_up{server="outer"}'), 1)
    }).pipe(Effect.provide(app({ server: "outer" }))),
  ),
)
