/** What an app sees of the parts: interfaces of what it may use, none of which it can take apart. */
import * as Effect from "effect/Effect"
import { expect, expectTypeOf, it } from "vitest"
import {
  EngineService,
  type EngineShape,
  type PersistenceService,
  type PersistenceShape,
  Redix,
  type ReplicationMaster,
  type ReplicationMasterShape,
  type ReplicationReplica,
  type ReplicationReplicaShape,
  type ReplicationService,
  type ReplicationShape,
  Store,
  type StoreShape,
} from "../../src/index.js"

it("the engine and the store are narrow, and nothing of them can be assigned", () => {
  expectTypeOf<EngineService["Service"]>().toEqualTypeOf<EngineShape>()
  expectTypeOf<keyof EngineShape>().toEqualTypeOf<"startedMs" | "role" | "info" | "checkInvariants">()
  expectTypeOf<EngineShape>().toEqualTypeOf<Readonly<EngineShape>>()
  expectTypeOf<Store["Service"]>().toEqualTypeOf<StoreShape>()
  expectTypeOf<keyof StoreShape>().toEqualTypeOf<"databases" | "stats" | "lazyPending">()
  expectTypeOf<StoreShape>().toEqualTypeOf<Readonly<StoreShape>>()
})

it("so are persistence and replication", () => {
  expectTypeOf<PersistenceService["Service"]>().toEqualTypeOf<PersistenceShape>()
  expectTypeOf<PersistenceShape>().toEqualTypeOf<Readonly<PersistenceShape>>()
  expectTypeOf<PersistenceShape["state"]>().toEqualTypeOf<Readonly<PersistenceShape["state"]>>()
  expectTypeOf<ReplicationService["Service"]>().toEqualTypeOf<ReplicationShape>()
  expectTypeOf<keyof ReplicationShape>().toEqualTypeOf<"follow" | "promote">()
  expectTypeOf<ReplicationMaster["Service"]>().toEqualTypeOf<ReplicationMasterShape>()
  expectTypeOf<keyof ReplicationMasterShape>().toEqualTypeOf<"online" | "stats" | "changes">()
  expectTypeOf<ReplicationReplica["Service"]>().toEqualTypeOf<ReplicationReplicaShape>()
  expectTypeOf<ReplicationReplicaShape>().toEqualTypeOf<Readonly<ReplicationReplicaShape>>()
})

it("they say what a server holds", async () => {
  const looked = Effect.gen(function* () {
    const engine = yield* EngineService
    const store = yield* Store
    engine.checkInvariants()
    return {
      role: engine.role,
      uptime: engine.info.lines("server"),
      sizes: store.databases.map(({ size }) => size),
    }
  })
  const { role, uptime, sizes } = await Effect.runPromise(
    Effect.provide(looked, Redix.layerWith({ databases: 2 })),
  )
  expect(role).toBe("master")
  expect(uptime).toContainEqual(["redis_version", "7.0.15"])
  expect(sizes.every((size) => size === 0)).toBe(true)
})
