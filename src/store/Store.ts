/**
 * The Store service: a Keyspace whose time comes from Effect's Clock and whose randomness from Effect's Random. An app
 * sees how much it holds, the server's own parts the keyspace itself (`keyspaceIn`). The layer needs nothing but its
 * options.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { setHashKey } from "../bytes/SipHash.js"
import { type FreeingPolicy, Keyspace } from "./Keyspace.js"

/** What a store is made with. */
export interface StoreOptions {
  /** How many databases SELECT knows. */
  readonly databases: number
  /** Which deletions free large values in slices, read at each use; default: those that clients ask for so. */
  readonly freeing?: FreeingPolicy | undefined
  /** Makes the runtime look for memory that was let go; without it that comes back at the runtime's own pace. */
  readonly collectGarbage?: (() => void) | undefined
}

let hashKeySet = false

/** Draws an integer, both ends included. */
type Draw = (min: number, max: number) => number

/** Draws the process's hash key once; every store of the process shares it. */
const seedHash = (draw: Draw): void => {
  const low = draw(-0x80000000, 0x7fffffff)
  const high = draw(-0x80000000, 0x7fffffff)
  if (!hashKeySet) setHashKey(low, high)
  hashKeySet = true
}

/** xorshift128: a small generator for random members and keys, seeded from Effect's Random. */
const generator = (draw: Draw): ((n: number) => number) => {
  let x = draw(1, 0x7fffffff)
  let y = draw(1, 0x7fffffff)
  let z = draw(1, 0x7fffffff)
  let w = draw(1, 0x7fffffff)
  return (n: number): number => {
    const t = x ^ (x << 11)
    x = y
    y = z
    z = w
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
    // 52 bits: no visible bias for any n a collection can have.
    return Math.floor((((z >>> 6) * 67108864 + (w >>> 6)) / 4503599627370496) * n)
  }
}

/** What an app sees of a keyspace; its keys are a client's to read. */
export interface StoreShape {
  /** The databases that were ever used, by number. */
  readonly databases: ReadonlyArray<{
    readonly id: number
    /** How many keys it holds, and how many of them have a time to live. */
    readonly size: number
    readonly expires: number
  }>
  /** Lookups that found a key and that did not, keys that expired, values freed in slices: since the start. */
  readonly stats: {
    readonly keyspaceHits: number
    readonly keyspaceMisses: number
    readonly expiredKeys: number
    readonly lazyFreedObjects: number
  }
  /** Values that wait to be freed in slices. */
  readonly lazyPending: number
}

/** The keyspace, outside the JavaScript heap. */
export class Store extends Context.Service<Store, StoreShape>()("redix/store/Store") {
  /**
   * The keyspace by itself, without a layer, for the server's own parts.
   *
   * @internal
   */
  static readonly make = (options: StoreOptions): Effect.Effect<Keyspace> =>
    Effect.map(Effect.context(), (services) => {
      const random = Context.get(services, Random.Random)
      const draw: Draw = (min, max) => Math.floor(random.nextDoubleUnsafe() * (max - min + 1)) + min
      seedHash(draw)
      const now = Context.get(services, Clock.Clock).currentTimeMillisUnsafe()
      return new Keyspace({ ...options, now, random: generator(draw) })
    })

  /** A store of its own for each call. */
  static readonly layerOf = (options: StoreOptions = { databases: 16 }): Layer.Layer<Store> =>
    Layer.effect(Store, Store.make(options))
}

/** The keyspace whole, for the server's own parts. */
export const keyspaceIn = (services: Context.Context<Store>): Keyspace => {
  const store = Context.get(services, Store)
  if (!(store instanceof Keyspace)) throw new Error("the store is not one of this package's layers")
  return store
}
