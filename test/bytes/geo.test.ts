import { describe, expect, it } from "vitest"
import { asinExact, cosExact, sinExact } from "../../src/bytes/geo/GeoMath.js"
import {
  GEO_RANGES_MAX,
  type GeoShape,
  geoDistanceIfInside,
  geoSearchRanges,
} from "../../src/bytes/geo/GeoSearch.js"
import {
  formatGeoDistance,
  geoDistance,
  geoEncode,
  geoHashText,
  geoLatitude,
  geoLongitude,
  geoUnitMetres,
  interleave,
  isValidPosition,
  latitudeStepOf,
  longitudeStepOf,
} from "../../src/bytes/geo/Geohash.js"
import { formatHumanDouble } from "../../src/bytes/Numbers.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { parseReply } from "../support/RespFrames.js"
import { Differences, bytesOf, itemsOf, textOf, textsOf, withClient } from "./scalarsSupport.js"

const LATITUDE_MAX = 85.05112878
const clamp = (x: number, limit: number): number => Math.max(-limit, Math.min(limit, x))

describe("geohash", () => {
  it("has the known values", () => {
    const palermo = geoEncode(13.361389, 38.115556)
    const catania = geoEncode(15.087269, 37.502669)
    expect(palermo).toBe(3479099956230698)
    expect(geoHashText(palermo)).toBe("sqc8b49rny0")
    expect(formatHumanDouble(geoLongitude(palermo))).toBe("13.36138933897018433")
    expect(formatHumanDouble(geoLatitude(palermo))).toBe("38.11555639549629859")
    const distance = geoDistance(
      geoLongitude(palermo),
      geoLatitude(palermo),
      geoLongitude(catania),
      geoLatitude(catania),
    )
    expect(formatGeoDistance(distance)).toBe("166274.1516")
  })

  it("takes bits apart as it put them together", () => {
    const random = Random.forTest("geo/bits")
    for (let i = 0; i < 5000; i++) {
      const x = random.below(2 ** 26)
      const y = random.below(2 ** 26)
      const bits = interleave(y, x)
      expect(bits).toBeLessThan(2 ** 52)
      expect([longitudeStepOf(bits), latitudeStepOf(bits)]).toEqual([x, y])
    }
  })

  it("knows its limits and units", () => {
    expect(isValidPosition(180, LATITUDE_MAX)).toBe(true)
    for (const [x, y] of [
      [180.1, 0],
      [0, 85.06],
      [NaN, 0],
      [0, -90],
    ])
      expect(isValidPosition(x, y)).toBe(false)
    const unit = (text: string) => geoUnitMetres(bytesOf(text), 0, text.length)
    expect(["m", "KM", "Ft", "mi"].map(unit)).toEqual([1, 1000, 0.3048, 1609.34])
    expect(["", "x", "mm", "kmm"].map(unit)).toEqual([0, 0, 0, 0])
  })

  it("prints distances by Redis's rounding", () => {
    expect(formatGeoDistance(0)).toBe("0.0000")
    expect(formatGeoDistance(12006535.96995)).toBe("12006535.9700")
    expect(formatGeoDistance(0.03125)).toBe("0.0312")
    expect(formatGeoDistance(0.09375)).toBe("0.0938")
    expect(formatGeoDistance(99.99999)).toBe("100.0000")
  })
})

/** Sine and cosine by 220-bit integers. */
const reference = (x: number): readonly [number, number] => {
  const bits = 220n
  let scaled = x
  let shift = 0
  while (!Number.isInteger(scaled)) {
    scaled *= 2
    shift++
  }
  const angle = (BigInt(scaled) << bits) >> BigInt(shift)
  let sine = 0n
  let cosine = 0n
  let term = 1n << bits
  for (let n = 0n; term !== 0n && term !== -1n; n++) {
    if (n % 2n === 0n) cosine += n % 4n === 0n ? term : -term
    else sine += n % 4n === 1n ? term : -term
    term = (term * angle) / ((n + 1n) << bits)
  }
  return [Number(sine) * 2 ** -220, Number(cosine) * 2 ** -220]
}

describe("trigonometry", () => {
  it("rounds the exact value", () => {
    const random = Random.forTest("geo/trigonometry")
    let off = 0
    for (let i = 0; i < 1500; i++) {
      const x = (random.float() - 0.5) * 6.28 * 10 ** -(i % 8)
      const [sine, cosine] = reference(x)
      if (sinExact(x) !== sine) off++
      if (cosExact(x) !== cosine) off++
      const y = random.float()
      expect(Math.abs(asinExact(y) - Math.asin(y))).toBeLessThanOrEqual(2.3e-16)
    }
    expect(off).toBeLessThanOrEqual(2)
    expect([sinExact(0), cosExact(0), asinExact(0), asinExact(1)]).toEqual([0, 1, 0, Math.PI / 2])
  })
})

const position = (random: Random, from: readonly [number, number]): readonly [number, number] => {
  let longitude = random.float() * 360 - 180
  let latitude = (random.float() * 2 - 1) * LATITUDE_MAX
  if (random.chance(0.5)) {
    longitude = clamp(from[0] + (random.float() - 0.5) * 10 ** -random.below(6), 180)
    latitude = clamp(from[1] + (random.float() - 0.5) * 10 ** -random.below(6), LATITUDE_MAX)
  }
  if (random.chance(0.03)) longitude = random.pick([180, -180, from[0]])
  if (random.chance(0.03)) latitude = random.pick([LATITUDE_MAX, -LATITUDE_MAX, from[1]])
  return [longitude, latitude]
}

describeOracle("geo on redis-server", () => {
  it("has the same scores, positions, geohashes and distances", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("geo/oracle")
      const points: Array<readonly [number, number]> = [[0, 0]]
      while (points.length < 6000) points.push(position(random, points[points.length - 1]))
      const units = ["m", "km", "ft", "mi"]
      const metres = [1, 1000, 0.3048, 1609.34]
      const replies = await client.pipeline(
        points.flatMap(([x, y], i) => [
          ["GEOADD", "g", String(x), String(y), `p${i}`],
          ["ZSCORE", "g", `p${i}`],
          ["GEOPOS", "g", `p${i}`],
          ["GEOHASH", "g", `p${i}`],
          ["GEODIST", "g", `p${Math.max(0, i - 1)}`, `p${i}`, units[i % 4]],
        ]),
      )
      const found = new Differences()
      const scores = points.map(([x, y]) => geoEncode(x, y))
      points.forEach((point, i) => {
        const at = (k: number) => replies[5 * i + k]
        const here = scores[i]
        const before = scores[Math.max(0, i - 1)]
        const place = textsOf(itemsOf(parseReply(at(2)))[0])
        const hash = textsOf(parseReply(at(3)))[0]
        const distance = geoDistance(
          geoLongitude(before),
          geoLatitude(before),
          geoLongitude(here),
          geoLatitude(here),
        )
        found.check(Number(textOf(at(1))) === here, () => `score of ${point}`)
        found.check(
          place[0] === formatHumanDouble(geoLongitude(here)) &&
            place[1] === formatHumanDouble(geoLatitude(here)),
          () => `position of ${point}: ${place}`,
        )
        found.check(hash === geoHashText(here), () => `geohash of ${point}: ${hash}`)
        const text = formatGeoDistance(distance / metres[i % 4])
        found.check(text === textOf(at(4)), () => `distance to ${point}: ${text}, Redis ${textOf(at(4))}`)
      })
      expect(found.lines).toEqual([])
    }))

  it("finds the same members in the same order", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("geo/search")
      const found = new Differences()
      let members = 0
      for (const span of [360, 40, 1]) {
        const centre = [(random.float() - 0.5) * 300, (random.float() - 0.5) * 140] as const
        const near = (): readonly [number, number] =>
          random.chance(0.05)
            ? position(random, centre)
            : [
                clamp(centre[0] + (random.float() - 0.5) * span, 180),
                clamp(centre[1] + (random.float() - 0.5) * Math.min(span, 170), LATITUDE_MAX),
              ]
        const points = random.times(600, near)
        await client.command("DEL", "g")
        await client.pipeline(points.map(([x, y], i) => ["GEOADD", "g", String(x), String(y), `p${i}`]))
        const stored = points
          .map(([x, y], i) => ({ score: geoEncode(x, y), member: `p${i}` }))
          .toSorted((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1))
        const shapes = random.times(200, (): GeoShape => {
          const [longitude, latitude] = near()
          return random.chance(0.5)
            ? {
                kind: "circle",
                longitude,
                latitude,
                radius: random.chance(0.05) ? 0 : 10 ** (random.float() * 8),
              }
            : {
                kind: "box",
                longitude,
                latitude,
                width: 10 ** (random.float() * 8),
                height: 10 ** (random.float() * 8),
              }
        })
        const replies = await client.pipeline(
          shapes.map((s) => [
            ...["GEOSEARCH", "g", "FROMLONLAT", String(s.longitude), String(s.latitude)],
            ...(s.kind === "circle"
              ? ["BYRADIUS", String(s.radius)]
              : ["BYBOX", String(s.width), String(s.height)]),
            ...["m", "WITHDIST"],
          ]),
        )
        const ranges = new Float64Array(2 * GEO_RANGES_MAX)
        shapes.forEach((shape, i) => {
          const ours: string[] = []
          const count = geoSearchRanges(shape, ranges)
          for (let k = 0; k < count; k++) {
            for (const { score, member } of stored) {
              if (score < ranges[2 * k] || score >= ranges[2 * k + 1]) continue
              const distance = geoDistanceIfInside(shape, geoLongitude(score), geoLatitude(score))
              if (distance >= 0) ours.push(`${member} ${formatGeoDistance(distance)}`)
            }
          }
          const theirs = itemsOf(parseReply(replies[i])).map((row) => textsOf(row).join(" "))
          members += theirs.length
          found.check(
            ours.join() === theirs.join(),
            () => `${JSON.stringify(shape)}: ${ours.length}, Redis ${theirs.length}`,
          )
        })
      }
      expect(found.lines).toEqual([])
      expect(members).toBeGreaterThan(1000)
    }))
})
