/**
 * The 52-bit geohash that is a geo member's score, and what reads it back.
 *
 * Longitude and latitude are each divided into 2^26 steps (latitude within the Web Mercator limits, +-85.05112878), and
 * the two step numbers interleaved, latitude in the even bits:
 *
 *     bit  51 50 49 48 ...  3  2  1  0
 *          x25 y25 x24 y24  x1 y1 x0 y0        x: longitude step, y: latitude step
 *
 * A prefix of the bits is a larger cell, so a cell at any coarser step is a range of scores. 52 bits fit a double
 * exactly; bit operations are done on two halves of 13 + 13 bits. A point on the upper limit itself has step number
 * 2^26, one bit more: its score exceeds 52 bits, as it does in Redis.
 *
 * A position read back is the middle of its cell, at most 0.6 m from the position written.
 *
 * Worked example: longitude 13.361389, latitude 38.115556 (Palermo) has score 3479099956230698 and the public geohash
 * "sqc8b49rny0".
 */
import { asinExact, cosExact, sinExact } from "./GeoMath.js"

const GEO_LONGITUDE_MAX = 180
const GEO_LATITUDE_MAX = 85.05112878

/** Bits of each coordinate at the finest step. */
export const GEO_STEP_MAX = 26

const HALF_BITS = 13
const HALF_MASK = (1 << HALF_BITS) - 1
const TWO_26 = 2 ** 26

/** Whether a position can be stored: GEOADD refuses others with "invalid longitude,latitude pair". */
export const isValidPosition = (longitude: number, latitude: number): boolean =>
  longitude >= -GEO_LONGITUDE_MAX &&
  longitude <= GEO_LONGITUDE_MAX &&
  latitude >= -GEO_LATITUDE_MAX &&
  latitude <= GEO_LATITUDE_MAX

/** Spreads 16 bits over the even bits of 32. */
const spread = (v: number): number => {
  let x = v & 0xffff
  x = (x | (x << 8)) & 0x00ff00ff
  x = (x | (x << 4)) & 0x0f0f0f0f
  x = (x | (x << 2)) & 0x33333333
  return (x | (x << 1)) & 0x55555555
}

/** Gathers the even bits of 32 into 16. */
const gather = (v: number): number => {
  let x = v & 0x55555555
  x = (x | (x >>> 1)) & 0x33333333
  x = (x | (x >>> 2)) & 0x0f0f0f0f
  x = (x | (x >>> 4)) & 0x00ff00ff
  return (x | (x >>> 8)) & 0xffff
}

/** The interleaved bits of two step numbers of up to 27 bits. */
export const interleave = (latitudeStep: number, longitudeStep: number): number => {
  const low = spread(latitudeStep & HALF_MASK) | (spread(longitudeStep & HALF_MASK) << 1)
  const high = spread(latitudeStep >>> HALF_BITS) | (spread(longitudeStep >>> HALF_BITS) << 1)
  return high * TWO_26 + low
}

/** The latitude step number in interleaved bits. */
export const latitudeStepOf = (bits: number): number => {
  const high = Math.floor(bits / TWO_26)
  return (gather(high) << HALF_BITS) | gather(bits - high * TWO_26)
}

/** The longitude step number in interleaved bits. */
export const longitudeStepOf = (bits: number): number => {
  const high = Math.floor(bits / TWO_26)
  return (gather(high >>> 1) << HALF_BITS) | gather((bits - high * TWO_26) >>> 1)
}

/** The step number of a coordinate within +-`limit`, of `2 ** step` steps. */
const stepNumber = (coordinate: number, limit: number, step: number): number =>
  Math.floor(((coordinate + limit) / (limit + limit)) * 2 ** step)

/** The geohash bits of a valid position at `step` bits a coordinate. */
export const geoEncodeStep = (longitude: number, latitude: number, step: number): number =>
  interleave(stepNumber(latitude, GEO_LATITUDE_MAX, step), stepNumber(longitude, GEO_LONGITUDE_MAX, step))

/** The score of a valid position. */
export const geoEncode = (longitude: number, latitude: number): number =>
  geoEncodeStep(longitude, latitude, GEO_STEP_MAX)

/** The lower edge of a cell; its upper edge is the lower edge of the next. */
const edge = (stepNumberOf: number, limit: number, step: number): number =>
  -limit + (stepNumberOf / 2 ** step) * (limit + limit)

const middle = (stepNumberOf: number, limit: number): number => {
  const sum = edge(stepNumberOf, limit, GEO_STEP_MAX) + edge(stepNumberOf + 1, limit, GEO_STEP_MAX)
  return Math.max(-limit, Math.min(limit, sum / 2))
}

/** Interleaved bits of two step numbers of 27 bits. */
const TWO_54 = 2 ** 54
/** Of the bits above the 52 of a geohash, those of latitude and of longitude: with one of them a place is off the map. */
const LATITUDE_OFF = 0x555n << 52n
const LONGITUDE_OFF = 0xaaan << 52n

/** A double as the unsigned 64-bit number that Redis makes of it on its usual processors. */
const wordOf = (score: number): bigint => {
  if (score >= 2 ** 64) return 0n
  return score < -(2 ** 63) ? 1n << 63n : BigInt.asUintN(64, BigInt(Math.trunc(score)))
}

/** A coordinate of a score that no position has; ZADD can store any. */
const coordinateOfAny = (
  score: number,
  off: bigint,
  limit: number,
  stepOf: (bits: number) => number,
): number => {
  const word = wordOf(score)
  return (word & off) !== 0n ? limit : middle(stepOf(Number(BigInt.asUintN(52, word))), limit)
}

/** The longitude, in degrees, of a score. */
export const geoLongitude = (score: number): number =>
  score >= 0 && score < TWO_54
    ? middle(longitudeStepOf(score), GEO_LONGITUDE_MAX)
    : coordinateOfAny(score, LONGITUDE_OFF, GEO_LONGITUDE_MAX, longitudeStepOf)

/** The latitude, in degrees, of a score. */
export const geoLatitude = (score: number): number =>
  score >= 0 && score < TWO_54
    ? middle(latitudeStepOf(score), GEO_LATITUDE_MAX)
    : coordinateOfAny(score, LATITUDE_OFF, GEO_LATITUDE_MAX, latitudeStepOf)

/** Edges of a cell, in degrees. */
export interface GeoCell {
  readonly west: number
  readonly east: number
  readonly south: number
  readonly north: number
}

/** The cell of the geohash `bits` at `step` bits a coordinate. */
export const geoCell = (bits: number, step: number): GeoCell => {
  const x = longitudeStepOf(bits)
  const y = latitudeStepOf(bits)
  return {
    west: edge(x, GEO_LONGITUDE_MAX, step),
    east: edge(x + 1, GEO_LONGITUDE_MAX, step),
    south: edge(y, GEO_LATITUDE_MAX, step),
    north: edge(y + 1, GEO_LATITUDE_MAX, step),
  }
}

/**
 * The cell `dx` to the east and `dy` to the north (each -1, 0 or 1) of `bits` at `step`. A step beyond the map's edge
 * comes in on the other side; a coordinate that is not moved keeps the extra bit of a point on the upper limit.
 */
export const geoNeighbour = (bits: number, step: number, dx: number, dy: number): number => {
  const mask = 2 ** step - 1
  const y = latitudeStepOf(bits)
  const x = longitudeStepOf(bits)
  return interleave(dy === 0 ? y : (y + dy) & mask, dx === 0 ? x : (x + dx) & mask)
}

const BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz"
const STANDARD_LATITUDE_MAX = 90
const TEXT_CHARS = 11

/**
 * The public geohash of a score, 11 characters (Redis: GEOHASH). Public geohashes divide latitude within +-90, so the
 * position is encoded anew. 52 bits are ten characters of 5 bits; the eleventh is always "0".
 */
export const geoHashText = (score: number): string => {
  const bits = interleave(
    stepNumber(geoLatitude(score), STANDARD_LATITUDE_MAX, GEO_STEP_MAX),
    stepNumber(geoLongitude(score), GEO_LONGITUDE_MAX, GEO_STEP_MAX),
  )
  let text = ""
  for (let i = 1; i < TEXT_CHARS; i++) text += BASE32[Math.floor(bits / 2 ** (52 - 5 * i)) % 32]
  return `${text}0`
}

const EARTH_RADIUS_M = 6372797.560856

/** Degrees to radians, by the factor Redis uses. */
export const geoRadians = (degrees: number): number => degrees * (Math.PI / 180)

/** Radians to degrees. */
export const geoDegrees = (radians: number): number => radians / (Math.PI / 180)

/** Metres along the meridian between two latitudes. */
export const geoLatitudeDistance = (latitude1: number, latitude2: number): number =>
  EARTH_RADIUS_M * Math.abs(geoRadians(latitude2) - geoRadians(latitude1))

/** Metres between two positions on a sphere of radius 6372797.560856 m, by the haversine formula (Redis: GEODIST). */
export const geoDistance = (
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
): number => {
  const v = sinExact((geoRadians(longitude2) - geoRadians(longitude1)) / 2)
  if (v === 0) return geoLatitudeDistance(latitude1, latitude2)
  const lat1 = geoRadians(latitude1)
  const lat2 = geoRadians(latitude2)
  const u = sinExact((lat2 - lat1) / 2)
  const a = u * u + cosExact(lat1) * cosExact(lat2) * v * v
  return 2 * EARTH_RADIUS_M * asinExact(Math.sqrt(a))
}

/** The earth's radius, in metres, that all distances assume. */
export const GEO_EARTH_RADIUS = EARTH_RADIUS_M

/** Metres in a unit given as bytes ("m", "km", "ft", "mi", in any case), or 0 for any other text. */
export const geoUnitMetres = (buf: Uint8Array, off: number, len: number): number => {
  const a = len > 0 ? buf[off] | 0x20 : 0
  const b = len > 1 ? buf[off + 1] | 0x20 : 0
  if (len === 1) return a === 0x6d ? 1 : 0
  if (len !== 2) return 0
  if (a === 0x6b && b === 0x6d) return 1000
  if (a === 0x66 && b === 0x74) return 0.3048
  return a === 0x6d && b === 0x69 ? 1609.34 : 0
}

const DISTANCE_SCALE = 10000

/**
 * A distance as GEODIST and WITHDIST print it: four decimals, always. The product with 10000 is rounded to a whole number,
 * ties to even, which is not "%.4f": 12006535.96995 prints as 12006535.9700.
 */
export const formatGeoDistance = (distance: number): string => {
  const scaled = distance * DISTANCE_SCALE
  let n = Math.floor(scaled)
  const rest = scaled - n
  if (rest > 0.5 || (rest === 0.5 && n % 2 === 1)) n++
  const whole = Math.floor(n / DISTANCE_SCALE)
  return `${whole}.${String(n - whole * DISTANCE_SCALE).padStart(4, "0")}`
}
