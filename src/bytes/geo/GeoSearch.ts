/**
 * Which scores a geo search has to look at, and which positions are inside its shape.
 *
 * A search covers its shape with the cell that holds the centre and that cell's neighbours, at the finest step at which
 * these nine are sure to cover it. Each cell is a range of scores, and a search scans the ranges in a fixed order:
 *
 *     centre, north, south, east, west, north-east, north-west, south-east, south-west
 *
 * The order is seen in replies that are not sorted, so it is Redis's. A neighbour that the shape's bounding box does not
 * reach is left out, and so is a cell equal to the one scanned just before (cells coincide when there are few).
 *
 * Steps: from the radius, one step coarser for each doubling; one more coarser beyond 66 and again beyond 80 degrees of
 * latitude, where meridians draw together; and one more when the nine cells still fall short of the bounding box.
 *
 * Distances are metres, positions degrees.
 *
 * Worked example: around (15, 37) within 200 km the step is 6, and the cells without a reach are skipped.
 */
import {
  GEO_EARTH_RADIUS,
  GEO_STEP_MAX,
  geoCell,
  type GeoCell,
  geoDegrees,
  geoDistance,
  geoEncodeStep,
  geoLatitudeDistance,
  geoNeighbour,
  geoRadians,
} from "./Geohash.js"

/** A circle, or a box whose sides run along meridians and parallels; both around one centre. */
export type GeoShape =
  | {
      readonly kind: "circle"
      readonly longitude: number
      readonly latitude: number
      readonly radius: number
    }
  | {
      readonly kind: "box"
      readonly longitude: number
      readonly latitude: number
      readonly width: number
      readonly height: number
    }

/** The distance from the shape's centre to a position inside it (its edge included), or -1 for one outside. */
export const geoDistanceIfInside = (shape: GeoShape, longitude: number, latitude: number): number => {
  if (shape.kind === "box") {
    if (geoLatitudeDistance(latitude, shape.latitude) > shape.height / 2) return -1
    // Across, a box is measured at the position's own latitude.
    if (geoDistance(longitude, latitude, shape.longitude, latitude) > shape.width / 2) return -1
    return geoDistance(shape.longitude, shape.latitude, longitude, latitude)
  }
  const distance = geoDistance(shape.longitude, shape.latitude, longitude, latitude)
  return distance <= shape.radius ? distance : -1
}

/** The radius of a circle that holds the shape. */
const outerRadius = (shape: GeoShape): number =>
  shape.kind === "circle"
    ? shape.radius
    : Math.sqrt((shape.width / 2) * (shape.width / 2) + (shape.height / 2) * (shape.height / 2))

/** The shape's bounding box; across, it is taken at the edge nearer the pole, where a degree is shortest. */
const boundingBox = (shape: GeoShape): GeoCell => {
  const height = shape.kind === "circle" ? shape.radius : shape.height / 2
  const width = shape.kind === "circle" ? shape.radius : shape.width / 2
  const latitudeDelta = geoDegrees(height / GEO_EARTH_RADIUS)
  const outward = shape.latitude < 0 ? shape.latitude - latitudeDelta : shape.latitude + latitudeDelta
  const longitudeDelta = geoDegrees(width / GEO_EARTH_RADIUS / Math.cos(geoRadians(outward)))
  return {
    west: shape.longitude - longitudeDelta,
    east: shape.longitude + longitudeDelta,
    south: shape.latitude - latitudeDelta,
    north: shape.latitude + latitudeDelta,
  }
}

/** Half the width of the Web Mercator map: one cell at step 1. */
const MERCATOR_MAX_M = 20037726.37

const estimateStep = (radius: number, latitude: number): number => {
  if (radius === 0) return GEO_STEP_MAX
  let step = 1
  for (let reach = radius; reach < MERCATOR_MAX_M; reach *= 2) step++
  step -= 2
  const away = Math.abs(latitude)
  if (away > 66) step--
  if (away > 80) step--
  return Math.max(1, Math.min(GEO_STEP_MAX, step))
}

/** The order in which cells are scanned: steps east and steps north of the centre. */
const SCAN: ReadonlyArray<readonly [number, number]> = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
]

/** Whether the nine cells around `bits` reach the edges of `box`. */
const covers = (bits: number, step: number, box: GeoCell): boolean =>
  geoCell(geoNeighbour(bits, step, 0, 1), step).north >= box.north &&
  geoCell(geoNeighbour(bits, step, 0, -1), step).south <= box.south &&
  geoCell(geoNeighbour(bits, step, 1, 0), step).east >= box.east &&
  geoCell(geoNeighbour(bits, step, -1, 0), step).west <= box.west

/** Room for the result of `geoSearchRanges`: nine pairs. */
export const GEO_RANGES_MAX = 9

/**
 * Writes the ranges of scores that the search must scan, in order, as pairs (first score, first score beyond) to
 * `ranges`; returns how many pairs.
 */
export const geoSearchRanges = (shape: GeoShape, ranges: Float64Array): number => {
  const box = boundingBox(shape)
  let step = estimateStep(outerRadius(shape), shape.latitude)
  let centre = geoEncodeStep(shape.longitude, shape.latitude, step)
  if (step > 1 && !covers(centre, step, box)) {
    step--
    centre = geoEncodeStep(shape.longitude, shape.latitude, step)
  }
  const cell = geoCell(centre, step)
  // With two cells a side, a neighbour on one side is the neighbour on the other: none can be left out.
  const choosy = step >= 2
  const needed = (dx: number, dy: number): boolean => {
    if (!choosy) return true
    if (dy < 0 && cell.south < box.south) return false
    if (dy > 0 && cell.north > box.north) return false
    if (dx < 0 && cell.west < box.west) return false
    return !(dx > 0 && cell.east > box.east)
  }
  const size = 2 ** (2 * (GEO_STEP_MAX - step))
  let count = 0
  let last = -1
  for (const [dx, dy] of SCAN) {
    if (!needed(dx, dy)) continue
    const bits = geoNeighbour(centre, step, dx, dy)
    if (bits === last) continue
    last = bits
    ranges[2 * count] = bits * size
    ranges[2 * count + 1] = (bits + 1) * size
    count++
  }
  return count
}
