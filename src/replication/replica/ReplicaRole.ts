/** What it means to the engine that this server follows a master, or none: gates, expiry, and the role it names. */
import type { Engine } from "../../engine/Engine.js"
import type { ReplicaPhase } from "../ReplicaState.js"

export interface RoleSettings {
  readonly replicaReadOnly: boolean
  readonly replicaServeStaleData: boolean
}

export const takeRole = (engine: Engine, settings: RoleSettings, phase: ReplicaPhase): void => {
  const { gates, keyspace } = engine
  const following = phase !== "none"
  gates.replica = following
  engine.role = following ? "replica" : "master"
  gates.readOnlyReplica = following && settings.replicaReadOnly
  gates.masterDown = following && phase !== "connected" && !settings.replicaServeStaleData
  gates.update()
  keyspace.expiryMode = following ? "hide" : "delete"
  engine.stir()
}
