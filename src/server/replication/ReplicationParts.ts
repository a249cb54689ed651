/** What the helpers of Replication see of it. */
import type { Master } from "../../replication/master/ReplicationMaster.js"
import type { Replica } from "../../replication/replica/ReplicationReplica.js"
import type { ReplicationLog } from "../../replication/ReplicationLog.js"
import type { Engine } from "../../engine/Engine.js"

export type FailoverState = "no-failover" | "waiting-for-sync" | "failover-in-progress"

export interface ReplicationParts {
  readonly engine: Engine
  readonly log: ReplicationLog
  readonly master: Master
  readonly replica: Replica
  readonly failover: { readonly state: FailoverState }
  demote(host: string, port: number): void
  promote(): void
}
