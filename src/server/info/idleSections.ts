/** INFO's section on the cluster, of which this server is none. */
import type { InfoField } from "../../engine/InfoRegistry.js"

export const clusterSection = (): ReadonlyArray<InfoField> => [["cluster_enabled", 0]]
