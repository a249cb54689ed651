/** Tells INFO the sections that the statistics know. */
import type { InfoField, InfoRegistry } from "../../engine/InfoRegistry.js"
import type { Statistics } from "../Statistics.js"
import {
  commandstatsSection,
  errorstatsSection,
  keyspaceSection,
  latencystatsSection,
  statsSection,
} from "./countSections.js"
import { clientsSection, cpuSection, memorySection, serverSection } from "./serverSections.js"

const sections: Readonly<Record<string, (s: Statistics) => ReadonlyArray<InfoField>>> = {
  server: serverSection,
  clients: clientsSection,
  memory: memorySection,
  stats: statsSection,
  cpu: cpuSection,
  commandstats: commandstatsSection,
  errorstats: errorstatsSection,
  latencystats: latencystatsSection,
  // Of a cluster this server is none.
  cluster: () => [["cluster_enabled", 0]],
  keyspace: keyspaceSection,
}

export const describeStatistics = (info: InfoRegistry, statistics: Statistics): void => {
  for (const [name, section] of Object.entries(sections)) info.add(name, () => section(statistics))
}
