/** INFO's sections: their order, their headings, and which of them INFO shows without being asked. */
import type { InfoRegistry } from "../../engine/InfoRegistry.js"

const SECTIONS: ReadonlyArray<readonly [name: string, heading: string, standard: boolean]> = [
  ["server", "Server", true],
  ["clients", "Clients", true],
  ["memory", "Memory", true],
  ["persistence", "Persistence", true],
  ["stats", "Stats", true],
  ["replication", "Replication", true],
  ["cpu", "CPU", true],
  ["modules", "Modules", true],
  ["commandstats", "Commandstats", false],
  ["errorstats", "Errorstats", true],
  ["latencystats", "Latencystats", false],
  ["cluster", "Cluster", true],
  ["keyspace", "Keyspace", true],
]

/** The text of INFO for the sections asked for, in lower case; none = the standard ones. */
export const infoText = (info: InfoRegistry, asked: ReadonlySet<string>): string => {
  const all = asked.has("all") || asked.has("everything")
  const standard = asked.size === 0 || asked.has("default")
  const parts: Array<string> = []
  for (const [name, heading, isStandard] of SECTIONS) {
    if (!all && !asked.has(name) && !(standard && isStandard)) continue
    const lines = info.lines(name).map(([field, value]) => `${field}:${value}\r\n`)
    parts.push(`# ${heading}\r\n${lines.join("")}`)
  }
  return parts.join("\r\n")
}
