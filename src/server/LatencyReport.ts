/** LATENCY GRAPH and LATENCY DOCTOR: recorded delays as a picture and in words. */
import type { LatencyEvent } from "../engine/measures/LatencyMonitor.js"

const ROWS = 4
const COLUMNS_MAX = 80
/** Heights within a row, from the bottom up. */
const MARKS = "_o#"

/** "12s", "3m", "4h", "1d". */
const age = (seconds: number): string => {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`
}

/** One band of the picture: the samples as columns, under each its age, written downwards. */
const band = (heights: ReadonlyArray<number>, labels: ReadonlyArray<string>): string => {
  const lines: Array<string> = []
  for (let row = ROWS - 1; row >= 0; row--) {
    lines.push(
      heights
        .map((height) => {
          const above = height - row * MARKS.length
          return above < 0 ? " " : above < MARKS.length ? MARKS[above] : "|"
        })
        .join(""),
    )
  }
  lines.push("")
  const longest = Math.max(...labels.map((label) => label.length))
  for (let i = 0; i < longest; i++) lines.push(labels.map((label) => label[i] ?? " ").join(""))
  return `${lines.join("\n")}\n`
}

export const latencyGraph = (event: LatencyEvent, now: number): string => {
  const delays = event.samples.map((sample) => sample.ms)
  const high = Math.max(...delays)
  const low = Math.min(...delays)
  const span = high === low ? 1 : high - low
  const steps = ROWS * MARKS.length
  const heights = delays.map((ms) => Math.min(steps - 1, Math.floor(((ms - low) * steps) / span)))
  const labels = event.samples.map((sample) => age(Math.max(0, now - sample.time)))
  let text = `${event.name} - high ${high} ms, low ${low} ms (all time high ${event.worst} ms)\n${"-".repeat(COLUMNS_MAX)}\n`
  for (let i = 0; i < heights.length; i += COLUMNS_MAX)
    text += band(heights.slice(i, i + COLUMNS_MAX), labels.slice(i, i + COLUMNS_MAX))
  return text
}

export interface LatencySettings {
  /** Milliseconds, 0 = off. */
  readonly latencyMonitorThreshold: number
  /** Microseconds, negative = off. */
  readonly slowlogLogSlowerThan: number
}

const summary = (event: LatencyEvent, index: number): string => {
  const delays = event.samples.map((sample) => sample.ms)
  const mean = Math.round(delays.reduce((sum, ms) => sum + ms, 0) / delays.length)
  const deviation = Math.round(delays.reduce((sum, ms) => sum + Math.abs(ms - mean), 0) / delays.length)
  const first = event.samples[0]?.time ?? 0
  const last = event.samples.at(-1)?.time ?? 0
  const period = ((last - first) / delays.length).toFixed(2)
  return (
    `${index + 1}. ${event.name}: ${delays.length} latency spikes (average ${mean}ms, mean deviation ` +
    `${deviation}ms, period ${period} sec). Worst all time event ${event.worst}ms.\n`
  )
}

const advice = (events: ReadonlyArray<LatencyEvent>, settings: LatencySettings): ReadonlyArray<string> => {
  const lines: Array<string> = []
  if (events.some(({ name }) => name === "command")) {
    const threshold = settings.latencyMonitorThreshold * 1000
    if (settings.slowlogLogSlowerThan < 0 || settings.slowlogLogSlowerThan > threshold) {
      lines.push(
        `- The slow log would name the commands behind these delays, but it does not go as far down as this monitor: CONFIG SET slowlog-log-slower-than ${threshold}.`,
      )
    }
    lines.push("- Look for the commands behind these delays with SLOWLOG GET.")
    lines.push(
      "- Commands over large collections hold everyone up: ask for parts (SCAN, ranges), UNLINK instead of DEL.",
    )
  }
  if (events.some(({ name }) => name === "fast-command")) {
    lines.push(
      "- Even commands that do next to nothing took long: the machine is busy, swaps, or gives the process too little time.",
    )
  }
  if (events.some(({ name }) => name === "expire-cycle")) {
    lines.push("- Many keys expire at once: spread their times to live.")
  }
  return lines
}

export const latencyDoctor = (events: ReadonlyArray<LatencyEvent>, settings: LatencySettings): string => {
  if (settings.latencyMonitorThreshold === 0) {
    return "The latency monitor is off, so there is nothing to diagnose. CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n"
  }
  if (events.length === 0)
    return "No delay has reached latency-monitor-threshold so far. Nothing to complain of.\n"
  const advised = advice(events, settings)
  return `These events took longer than they should:\n\n${events.map(summary).join("")}\nWhat may help:\n\n${advised.join("\n")}\n`
}
