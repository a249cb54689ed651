/** What the geo commands share: reading positions, units and distances (each reader answers the error itself), and replying coordinates. */
import { geoUnitMetres, isValidPosition } from "../../bytes/geo/Geohash.js"
import { formatFixed, formatHumanDouble } from "../../bytes/Numbers.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"

/** Decimals of a coordinate in an error text. */
const ERROR_DECIMALS = 6

/** The position last read, in degrees; one object for the one thread. */
export const position = { longitude: 0, latitude: 0 }

/** Reads longitude and latitude in arguments i and i + 1 into `position`. */
export const readPosition = (c: CommandContext, i: number): boolean => {
  const longitude = c.double(i)
  const latitude = Number.isNaN(longitude) ? NaN : c.double(i + 1)
  if (Number.isNaN(latitude)) {
    c.out.error(Errors.notFloat)
    return false
  }
  if (!isValidPosition(longitude, latitude)) {
    const [x, y] = [formatFixed(longitude, ERROR_DECIMALS), formatFixed(latitude, ERROR_DECIMALS)]
    c.out.error(Errors.invalidLonLat(x, y))
    return false
  }
  position.longitude = longitude
  position.latitude = latitude
  return true
}

/** Metres of the unit in argument i; 0 after answering an error. */
export const readUnit = (c: CommandContext, i: number): number => {
  const metres = geoUnitMetres(c.buf, c.argOff[i], c.argLen[i])
  if (metres === 0) c.out.error(Errors.geoUnit)
  return metres
}

/** Extent last read, in metres, and the unit it was given in. */
export const extent = { radius: 0, width: 0, height: 0, unit: 1 }

/** Reads a radius and its unit in arguments i and i + 1 into `extent`. */
export const readRadius = (c: CommandContext, i: number): boolean => {
  const radius = c.double(i)
  if (Number.isNaN(radius)) return c.refuse(Errors.geoRadius)
  if (radius < 0) return c.refuse(Errors.geoRadiusNegative)
  const unit = readUnit(c, i + 1)
  if (unit === 0) return false
  extent.radius = radius * unit
  extent.unit = unit
  return true
}

/** Reads width, height and their unit in arguments i to i + 2 into `extent`. */
export const readBox = (c: CommandContext, i: number): boolean => {
  const width = c.double(i)
  if (Number.isNaN(width)) return c.refuse(Errors.geoWidth)
  const height = c.double(i + 1)
  if (Number.isNaN(height)) return c.refuse(Errors.geoHeight)
  if (width < 0 || height < 0) return c.refuse(Errors.geoBoxNegative)
  const unit = readUnit(c, i + 2)
  if (unit === 0) return false
  extent.width = width * unit
  extent.height = height * unit
  extent.unit = unit
  return true
}

/** A coordinate: a bulk string, in RESP3 a double, both with at most 17 digits after the point. */
export const replyCoordinate = (c: CommandContext, degrees: number): void => {
  const text = formatHumanDouble(degrees)
  if (c.out.resp === 3) c.out.rawText(`,${text}\r\n`)
  else c.out.bulkText(text)
}
