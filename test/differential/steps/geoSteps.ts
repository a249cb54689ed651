/** Random commands of the geo family, in the forms clients send and in forms that Redis refuses, over few keys. */
import { approximately, type StepLike } from "../../support/Differential.js"
import type { Random } from "../../support/Random.js"
import type { Argument } from "../../support/RawClient.js"
import { type Args, geoKey, small, some, wrong, zkey } from "./sortedSetSteps.js"

const place = (r: Random): string => `p${r.below(12)}`
const longitude = (r: Random): string =>
  r.weighted<() => string>([
    [6, () => (13 + r.float() * 3).toFixed(r.below(12))],
    [3, () => (r.float() * 360 - 180).toFixed(8)],
    [0.6, () => r.pick(["180", "-180", "0", "-0", "179.99999", "1e-9"])],
    [0.3, () => r.pick(["181", "abc", "", "nan", "inf", "1e300", "-180.0001"])],
  ])()
const latitude = (r: Random): string =>
  r.weighted<() => string>([
    [6, () => (37 + r.float() * 3).toFixed(r.below(12))],
    [3, () => (r.float() * 170 - 85).toFixed(8)],
    [0.6, () => r.pick(["85.05112878", "-85.05112878", "0", "85", "-85"])],
    [0.3, () => r.pick(["86", "abc", "", "nan", "-85.06"])],
  ])()

export const geoAdd = (r: Random): Args => [
  "GEOADD",
  r.chance(0.97) ? geoKey(r) : wrong(r),
  ...some(r, [0.1, () => ["NX"]], [0.1, () => ["XX"]], [0.2, () => ["CH"]]),
  ...r.times(r.between(1, 5), () => [longitude(r), latitude(r), place(r)]).flat(),
]

const unit = (r: Random): string =>
  r.chance(0.98) ? r.pick(["m", "km", "ft", "mi", "KM"]) : r.pick(["", "kk", "x"])
const distance = (r: Random): string =>
  r.weighted<() => string>([
    [5, () => String(r.below(400))],
    [3, () => (r.float() * 10 ** r.between(1, 7)).toFixed(2)],
    [0.5, () => r.pick(["0", "1e5", "0.001", "20000"])],
    [0.2, () => r.pick(["-1", "x", "", "nan"])],
  ])()

const found = (r: Random, withStore: boolean): Argument[] =>
  some(
    r,
    [0.4, () => ["WITHDIST"]],
    [0.4, () => ["WITHHASH"]],
    [0.4, () => ["WITHCOORD"]],
    [0.3, () => ["ASC"]],
    [0.2, () => ["DESC"]],
    [0.3, () => ["COUNT", small(r), ...(r.chance(0.3) ? ["ANY"] : [])]],
    [withStore ? 0.15 : 0.01, () => target(r)],
  )

/**
 * Distances are stored apart from places: C's last digit of a distance decides where a member stands among those
 * that are as near, and a search that begins from such a set would find them in that order.
 */
const target = (r: Random): Argument[] =>
  r.pick([() => ["STORE", r.chance(0.7) ? zkey(r) : geoKey(r)], () => ["STOREDIST", zkey(r)]])()

/** A stored result cannot have WITH...; without them most of the time. */
const forStore = (r: Random, words: Argument[]): Argument[] =>
  r.chance(0.95) ? words.filter((w) => !String(w).toUpperCase().startsWith("WITH")) : words

const shape = (r: Random): Argument[] =>
  some(
    r,
    [0.99, () => (r.chance(0.5) ? ["FROMMEMBER", place(r)] : ["FROMLONLAT", longitude(r), latitude(r)])],
    [
      0.99,
      () =>
        r.chance(0.5) ? ["BYRADIUS", distance(r), unit(r)] : ["BYBOX", distance(r), distance(r), unit(r)],
    ],
    [0.02, () => (r.chance(0.5) ? ["FROMMEMBER", place(r)] : ["BYRADIUS", distance(r), unit(r)])],
  )

const geoSource = (r: Random): string => (r.chance(0.96) ? geoKey(r) : r.pick(["none", "str"]))

const geoSearch = (r: Random): Args =>
  r.weighted<() => Args>([
    [4, () => ["GEOSEARCH", geoSource(r), ...shape(r), ...found(r, false)]],
    [
      2,
      () => {
        const words = forStore(r, found(r, false))
        return [
          "GEOSEARCHSTORE",
          zkey(r),
          geoSource(r),
          ...shape(r),
          ...words,
          ...(r.chance(0.3) ? ["STOREDIST"] : []),
        ]
      },
    ],
    [
      2,
      () => [
        "GEORADIUS_RO",
        geoSource(r),
        longitude(r),
        latitude(r),
        distance(r),
        unit(r),
        ...found(r, false),
      ],
    ],
    [2, () => ["GEORADIUSBYMEMBER_RO", geoSource(r), place(r), distance(r), unit(r), ...found(r, false)]],
    [
      2,
      () => {
        const words = found(r, true)
        const stores = words.some((w) => String(w).toUpperCase().startsWith("STORE"))
        return [
          "GEORADIUS",
          geoSource(r),
          longitude(r),
          latitude(r),
          distance(r),
          unit(r),
          ...(stores ? forStore(r, words) : words),
        ]
      },
    ],
    [2, () => ["GEORADIUSBYMEMBER", geoSource(r), place(r), distance(r), unit(r), ...found(r, true)]],
  ])()

export const geoSteps = function* (r: Random, count: number): Generator<StepLike> {
  yield ["SET", "str", "x"]
  for (let i = 0; i < count; i++)
    yield r.weighted<() => StepLike>([
      [5, () => geoAdd(r)],
      [
        2,
        () => [
          "GEODIST",
          geoSource(r),
          place(r),
          place(r),
          ...(r.chance(0.7) ? [unit(r)] : []),
          ...(r.chance(0.02) ? ["m"] : []),
        ],
      ],
      [2, () => ["GEOPOS", geoSource(r), ...r.times(r.below(4), () => place(r))]],
      [2, () => ["GEOHASH", geoSource(r), ...r.times(r.below(4), () => place(r))]],
      [10, () => geoSearch(r)],
      // STOREDIST shows all digits of a distance; C's asin, sin and cos are off by one in the last now and then.
      [1, () => approximately(1e-7, ["ZRANGE", r.pick([zkey, geoKey])(r), "0", "-1", "WITHSCORES"])],
      [0.5, () => ["ZREM", geoKey(r), place(r)]],
      [0.2, () => ["DEL", r.pick([zkey, geoKey])(r)]],
      [0.5, () => ["OBJECT", "ENCODING", zkey(r)]],
      [0.2, () => [r.pick(["GEOADD", "GEODIST", "GEOSEARCH", "GEORADIUS", "GEOPOS", "GEOHASH"])]],
    ])()
}
