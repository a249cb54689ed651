/** LATENCY. */
import { type Command, command, container, type TableCommand } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/monitoring.js"
import { type Histogram, highestEquivalent } from "../../bytes/Histogram.js"
import { latencyDoctor, latencyGraph } from "../../server/LatencyReport.js"
import type { Statistics } from "../../server/Statistics.js"

const HELP: ReadonlyArray<string> = [
  "DOCTOR",
  "    Return a human readable latency analysis report.",
  "GRAPH <event>",
  "    Return an ASCII latency graph for the <event> class.",
  "HISTORY <event>",
  "    Return time-latency samples for the <event> class.",
  "LATEST",
  "    Return the latest latency samples for all events.",
  "RESET [<event> ...]",
  "    Reset latency data of one or more <event> classes.",
  "    (default: reset all data for all event classes)",
  "HISTOGRAM [COMMAND ...]",
  "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
  "    If no commands are specified then all histograms are replied.",
]

/** Upper ends of the histogram's steps, in nanoseconds: 1024, 2048, ... to beyond a second. */
const STEPS: ReadonlyArray<number> = Array.from({ length: 21 }, (_, i) => 1024 * 2 ** i)

const replyHistogram = (c: CommandContext, name: string, histogram: Histogram): void => {
  const { out } = c
  out.bulkText(name)
  out.map(2)
  out.bulkText("calls")
  out.int(histogram.total)
  out.bulkText("histogram_usec")
  const mark = out.deferredStart()
  let before = 0
  let n = 0
  for (const [i, count] of histogram.cumulative(STEPS).entries()) {
    if (count === before) continue
    out.int(Math.floor(highestEquivalent(STEPS[i]) / 1000))
    out.int(count)
    before = count
    n++
  }
  out.deferredEnd(mark, "map", n)
}

const histograms =
  ({ engine }: Statistics) =>
  (c: CommandContext): void => {
    const named: Array<TableCommand> = []
    for (let i = 2; i < c.argc; i++) {
      const [name, sub] = c.text(i).toLowerCase().split("|")
      const found = engine.dispatcher.table.byName(name)
      if (found === undefined) continue
      if (sub !== undefined) {
        const inner = found.subcommands?.get(sub)
        if (inner !== undefined) named.push(inner)
      } else named.push(found, ...(found.subcommands?.values() ?? []))
    }
    const mark = c.out.deferredStart()
    let n = 0
    for (const cmd of new Set(c.argc > 2 ? named : engine.dispatcher.table.byId)) {
      const histogram = engine.timer.latencies(cmd)
      if (histogram === undefined || histogram.total === 0) continue
      replyHistogram(c, cmd.name, histogram)
      n++
    }
    c.out.deferredEnd(mark, "map", n)
  }

export const latencyCommands = (statistics: Statistics): ReadonlyArray<Command> => {
  const { config } = statistics
  const { latency } = statistics.measures
  const seconds = (c: CommandContext): number => Math.floor(c.keyspace.now / 1000)

  const latest = ({ out }: CommandContext): void => {
    const { events } = latency
    out.array(events.length)
    for (const event of events) {
      const last = event.samples.at(-1)
      out.array(4)
      out.bulkText(event.name)
      out.int(last?.time ?? 0)
      out.int(last?.ms ?? 0)
      out.int(event.worst)
    }
  }

  const history = (c: CommandContext): void => {
    const samples = latency.event(c.text(2))?.samples ?? []
    c.out.array(samples.length)
    for (const { time, ms } of samples) {
      c.out.array(2)
      c.out.int(time)
      c.out.int(ms)
    }
  }

  const graph = (c: CommandContext): void => {
    const event = latency.event(c.text(2))
    if (event === undefined) return c.fail(`ERR No samples available for event '${c.text(2)}'`)
    c.out.verbatim("txt", latencyGraph(event, seconds(c)))
  }

  return [
    container(spec.LATENCY, [
      command(spec.LATENCY_DOCTOR, (c) =>
        c.out.verbatim("txt", latencyDoctor(latency.events, config.values)),
      ),
      command(spec.LATENCY_GRAPH, graph),
      command(spec.LATENCY_HISTOGRAM, histograms(statistics)),
      command(spec.LATENCY_HISTORY, history),
      command(spec.LATENCY_LATEST, latest),
      command(spec.LATENCY_RESET, (c) => {
        const names = Array.from({ length: c.argc - 2 }, (_, i) => c.text(i + 2))
        c.out.int(latency.reset(names))
      }),
      command(spec.LATENCY_HELP, (c) => replyHelp(c, "LATENCY", HELP)),
    ]),
  ]
}
