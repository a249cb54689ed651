/** `metrics-port`: the metrics of the process by HTTP, at /metrics, as Prometheus reads them. */
import { systemReason } from "../bytes/SystemReason.js"
import * as http from "node:http"
import * as Effect from "effect/Effect"
import { PrometheusMetrics } from "effect/observability"
import type { Scope } from "effect/Scope"
import { ListenError } from "../net/ListenError.js"

const TEXT = "text/plain; version=0.0.4; charset=utf-8"

/** Serves on the first of the server's addresses until the scope ends; 0 serves nowhere. */
export const serveMetrics = (
  port: number,
  bind: ReadonlyArray<string>,
): Effect.Effect<void, ListenError, Scope> => {
  if (port === 0) return Effect.void
  const host = (bind[0] ?? "127.0.0.1").replace(/^-/, "").replace(/^\*$/, "0.0.0.0")
  return Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const server = http.createServer((request, response) => {
      const isThere = request.url === "/metrics"
      response.writeHead(isThere ? 200 : 404, { "content-type": TEXT })
      response.end(isThere ? PrometheusMetrics.formatUnsafe(context) : "/metrics is here\n")
    })
    const listening = Effect.callback<void, ListenError>((resume) => {
      server.once("error", (error) =>
        resume(Effect.fail(new ListenError({ address: `${host}:${port}`, reason: systemReason(error) }))),
      )
      server.listen(port, host, () => resume(Effect.void))
    })
    yield* Effect.acquireRelease(listening, () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      }),
    )
    yield* Effect.log(`Metrics at http://${host}:${port}/metrics`)
  })
}
