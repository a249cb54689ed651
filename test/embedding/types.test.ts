/** What an app sees of the parts: interfaces of what it may use, none of which it can take apart. */
import * as Effect from "effect/Effect"
import { expect, expectTypeOf, it } from "vitest"
import type * as index from "../../src/index.js"
import {
  type AppendOnlyShape,
  EngineService,
  type EngineShape,
  type PersistenceService,
  type PersistenceShape,
  type RdbPersistenceShape,
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

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** The members that can be given another value; methods are among them unless they are readonly properties. */
type Assignable<S> = {
  [K in keyof S]-?: Same<{ [P in K]: S[P] }, { readonly [P in K]: S[P] }> extends true ? never : K
}[keyof S]

type Exports = typeof index

/** By the names of what is exported, the members of services that an app could put others in the place of. */
type Offending = {
  [
    K in keyof Exports as Exports[K] extends { readonly Service: infer S }
      ? Assignable<S> extends never
        ? never
        : K
      : never
  ]: Exports[K] extends { readonly Service: infer S } ? Assignable<S> : never
}

it("no member of any service that is exported can be assigned", () => {
  expectTypeOf<Assignable<{ readonly a: 1; b: 2; c(): void }>>().toEqualTypeOf<"b" | "c">()
  expectTypeOf<
    Exports["Store"] extends { readonly Service: StoreShape } ? true : false
  >().toEqualTypeOf<true>()
  expectTypeOf<Offending>().toEqualTypeOf<{}>()
  expectTypeOf<Assignable<RdbPersistenceShape["state"]>>().toEqualTypeOf<never>()
  expectTypeOf<Assignable<AppendOnlyShape["status"]>>().toEqualTypeOf<never>()
  expectTypeOf<Assignable<ReplicationMasterShape["stats"]>>().toEqualTypeOf<never>()
  expectTypeOf<Assignable<StoreShape["stats"]>>().toEqualTypeOf<never>()
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
