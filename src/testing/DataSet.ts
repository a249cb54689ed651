/** The data of a test server as the bytes of an RDB file, and back; and a server as new. */
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import { defaultText, type DirectiveName } from "../config/index.js"
import { announceReplaced } from "../engine/clients/DataReplaced.js"
import type { RdbError } from "../rdb/format/RdbErrors.js"
import type { LoadSource } from "../rdb/RdbPersistence.js"
import { DataError } from "./Errors.js"
import type { Instance } from "./Instance.js"
import { OwnClient } from "./OwnClient.js"

export const snapshotOf = async (instance: Instance): Promise<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  const sink = {
    // Lent until the effect ends.
    write: (bytes: Uint8Array) => Effect.sync(() => void parts.push(Uint8Array.from(bytes))),
  }
  await instance.run(instance.rdb.streamSnapshot(() => ({ sinks: [sink] })))
  return Uint8Array.from(Buffer.concat(parts))
}

const sourceOf = (bytes: Uint8Array): LoadSource<never> => {
  let read = false
  return {
    path: "the snapshot",
    totalBytes: bytes.length,
    next: Effect.sync(() => {
      if (read) return undefined
      read = true
      return bytes
    }),
  }
}

/** An error of an RDB file in the words of those who know nothing of Effect. */
const refused = (cause: RdbError): DataError => new DataError(cause.message, cause.offset, cause)

/** Puts the data of an RDB file in the place of the present; what is damaged is refused, and nothing is changed. */
export const restoreInto = (instance: Instance, bytes: Uint8Array): Promise<unknown> => {
  const { engine, replication } = instance
  const load = instance.rdb.loadFrom(sourceOf(bytes), {
    beside: "refuse",
    onReplaced: () => {
      replication.master.dropReplicas()
      replication.log.forget()
      announceReplaced(engine)
    },
  })
  return instance.run(Effect.mapError(load, refused))
}

/** Reads an RDB file, or its bytes, into a server that has no data yet. */
export const loadInto = (instance: Instance, data: string | URL | Uint8Array): Promise<unknown> => {
  const { rdb } = instance
  const load: Effect.Effect<unknown, RdbError> =
    data instanceof Uint8Array
      ? rdb.loadFrom(sourceOf(data))
      : rdb.loadFile(typeof data === "string" ? data : fileURLToPath(data))
  return instance.run(Effect.mapError(load, refused))
}

/** What commands can change besides data, as it was at the start. */
export interface Settings {
  /** Texts of directives by name; of those that are not there, the defaults. */
  readonly directives: ReadonlyMap<DirectiveName, string>
  /** The users as they were, as in a file. */
  readonly users: () => string
}

export const settingsOf = ({ config, engine }: Pick<Instance, "config" | "engine">): Settings => {
  const users = engine.users.all.map((user) => user.copy())
  // Rules are long to write down, and most servers are never reset.
  return { directives: config.givenTexts, users: () => engine.users.textOf(users) }
}

/** As new: data, functions, scripts, users, what was measured and logged, and the configuration as it was. */
export const resetInstance = async (instance: Instance, settings: Settings): Promise<void> => {
  const { config, engine, rdb, replication } = instance
  const own = new OwnClient(engine, (effect) => instance.run(effect))
  // Else what follows would wait for the end of a pause.
  await own.run("client", "UNPAUSE")
  const startedAsReplica = (settings.directives.get("replicaof") ?? "") !== ""
  if (engine.role === "replica" && !startedAsReplica) replication.promote()
  for (const [name, value] of config.givenTexts) {
    const before = settings.directives.get(name) ?? defaultText(name)
    if (before === value || name === "replicaof") continue
    const result = config.configSet([[name, before]], { local: true })
    if (!result.ok) throw new Error(result.error)
  }
  const before = settings.users()
  if (engine.users.fileText !== before) engine.users.load("users", before)
  await own.run("script", "FLUSH", "SYNC")
  if (!startedAsReplica) {
    await own.run("flushall", "SYNC")
    await own.run("function", "FLUSH", "SYNC")
  }
  await own.run("slowlog", "RESET")
  await own.run("latency", "RESET")
  await own.run("acl", "LOG", "RESET")
  engine.resetStats()
  engine.keyspace.dirty = 0
  rdb.state.saves = rdb.state.begun = 0
}
