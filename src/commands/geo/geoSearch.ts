/** Searches around a position: GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS commands. */
import { formatGeoDistance, geoLatitude, geoLongitude } from "../../bytes/geo/Geohash.js"
import {
  GEO_RANGES_MAX,
  geoDistanceIfInside,
  geoSearchRanges,
  type GeoShape,
} from "../../bytes/geo/GeoSearch.js"
import * as Errors from "../../resp/Errors.js"
import { TYPE_ZSET } from "../../store/Entry.js"
import { ScoreBound, scoreRange } from "../../store/types/SortedSetRange.js"
import type { SortedSet } from "../../store/types/SortedSetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { extent, position, readBox, readPosition, readRadius, replyCoordinate } from "./geoSupport.js"
import { storeSortedSet } from "../sortedSets/sortedSetSupport.js"
import * as spec from "../spec/geo.js"

/** GEOSEARCHSTORE takes the options of GEOSEARCH, if only to refuse some; GEORADIUS's STOREDIST has a word more. */
const declared = options(spec.GEOSEARCH, spec.GEOSEARCHSTORE, spec.GEORADIUS)
const [WITHCOORD, WITHDIST, WITHHASH] = declared.bits("WITHCOORD", "WITHDIST", "WITHHASH")
const [COUNT, ANY, ASC, DESC, STORE, STOREDIST] = declared.bits(
  "COUNT",
  "ANY",
  "ASC",
  "DESC",
  "STORE",
  "STOREDIST",
)
const [FROMMEMBER, FROMLONLAT, BYRADIUS, BYBOX] = declared.bits(
  "FROMMEMBER",
  "FROMLONLAT",
  "BYRADIUS",
  "BYBOX",
)

/** How results are ordered. */
const UNSORTED = 0
const ASCENDING = 1
const DESCENDING = 2

/** What the shape is made of; 0 = not given yet. */
const FROM_MEMBER = 1
const FROM_POSITION = 2
const BY_RADIUS = 1
const BY_BOX = 2

/** The search at hand. */
class Search {
  from = 0
  by = 0
  longitude = 0
  latitude = 0
  sort = UNSORTED
  /** Most results; 0 = all. */
  count = 0
  /** Any results do, not the nearest. */
  any = false
  withDistance = false
  withHash = false
  withPosition = false
  /** Argument with the key to store under; 0 = answer. */
  store = 0
  storeDistance = false

  constructor(
    /** A GEOSEARCH: the shape is given by options. */
    readonly byOptions: boolean,
    /** May take STORE (GEORADIUS), or STOREDIST (GEOSEARCHSTORE). */
    readonly mayStore: boolean,
  ) {}

  get shape(): GeoShape {
    const { longitude, latitude } = this
    return this.by === BY_BOX
      ? { kind: "box", longitude, latitude, width: extent.width, height: extent.height }
      : { kind: "circle", longitude, latitude, radius: extent.radius }
  }

  get extras(): number {
    return (this.withDistance ? 1 : 0) + (this.withHash ? 1 : 0) + (this.withPosition ? 1 : 0)
  }
}

/** One result. */
interface Found {
  readonly rank: number
  readonly score: number
  readonly distance: number
}

/** Takes the position of the member in argument i as the centre; false after answering an error. */
const centreOnMember = (
  c: CommandContext,
  search: Search,
  set: SortedSet | undefined,
  i: number,
): boolean => {
  search.from = FROM_MEMBER
  // Where there is no key the member is not missed: the answer is empty.
  if (set === undefined) return true
  const score = set.find(c.buf, c.argOff[i], c.argLen[i])
  if (Number.isNaN(score)) {
    c.out.error(Errors.geoMember)
    return false
  }
  search.longitude = geoLongitude(score)
  search.latitude = geoLatitude(score)
  return true
}

/** Takes the position in arguments i and i + 1 as the centre; false after answering an error. */
const centreOnPosition = (c: CommandContext, search: Search, i: number): boolean => {
  if (!readPosition(c, i)) return false
  search.from = FROM_POSITION
  search.longitude = position.longitude
  search.latitude = position.latitude
  return true
}

/** Reads the options from argument `first` on; false after answering an error. */
const readOptions = (
  c: CommandContext,
  search: Search,
  set: SortedSet | undefined,
  first: number,
): boolean => {
  for (let i = first; i < c.argc;) {
    const option = declared.at(c, i)
    const used = readPlainOption(c, search, i, option) || readShapeOption(c, search, set, i, option)
    if (used < 0) return false
    if (used === 0) return c.refuse(Errors.syntax)
    i += used
  }
  return true
}

/** Reads an option that every search has; answers how many arguments it took, 0 = it is none, -1 = error answered. */
const readPlainOption = (c: CommandContext, search: Search, i: number, option: number): number => {
  if (option === WITHDIST) search.withDistance = true
  else if (option === WITHHASH) search.withHash = true
  else if (option === WITHCOORD) search.withPosition = true
  else if (option === ANY) search.any = true
  else if (option === ASC) search.sort = ASCENDING
  else if (option === DESC) search.sort = DESCENDING
  else if (option === COUNT) {
    const count = c.integer(i + 1)
    if (!(count > 0)) {
      c.out.error(Number.isNaN(count) ? Errors.notInteger : Errors.geoCount)
      return -1
    }
    search.count = count
  } else if (!search.mayStore || (option !== STORE && option !== STOREDIST)) return 0
  else if (!search.byOptions) return readDestination(c, search, i, option)
  else if (option === STOREDIST) search.storeDistance = true
  else return 0
  return declared.words(option)
}

/** Reads GEORADIUS's STORE or STOREDIST: either names the destination there. */
const readDestination = (c: CommandContext, search: Search, i: number, option: number): number => {
  if (i + 1 >= c.argc) return 0
  search.store = i + 1
  search.storeDistance = option === STOREDIST
  return 2
}

/** Reads an option of GEOSEARCH's shape; answers as `readPlainOption`. */
const readShapeOption = (
  c: CommandContext,
  search: Search,
  set: SortedSet | undefined,
  i: number,
  option: number,
): number => {
  if (!search.byOptions) return 0
  let read = false
  if (option === FROMMEMBER && search.from !== FROM_POSITION) read = centreOnMember(c, search, set, i + 1)
  else if (option === FROMLONLAT && search.from !== FROM_MEMBER) read = centreOnPosition(c, search, i + 1)
  else if (option === BYRADIUS && search.by !== BY_BOX) {
    search.by = BY_RADIUS
    read = readRadius(c, i + 1)
  } else if (option === BYBOX && search.by !== BY_RADIUS) {
    search.by = BY_BOX
    read = readBox(c, i + 1)
  } else return 0
  return read ? declared.words(option) : -1
}

/** What is wrong with the options together, or undefined. */
const conflict = (c: CommandContext, search: Search): string | undefined => {
  if (search.store !== 0 && search.extras > 0)
    return Errors.geoStoreWith(search.byOptions ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS")
  if (search.from === 0) return Errors.geoFromOne(c.text(0))
  if (search.by === 0) return Errors.geoByOne(c.text(0))
  return search.any && search.count === 0 ? Errors.geoAny : undefined
}

const ranges = new Float64Array(2 * GEO_RANGES_MAX)
const min = new ScoreBound()
const max = new ScoreBound()

/** The members of the set inside the shape, in the order of the search. */
const collect = (c: CommandContext, search: Search, set: SortedSet): Array<Found> => {
  const found: Array<Found> = []
  const { shape } = search
  const limit = search.any ? search.count : Infinity
  const n = geoSearchRanges(shape, ranges)
  for (let k = 0; k < n && found.length < limit; k++) {
    min.set(ranges[2 * k], false)
    max.set(ranges[2 * k + 1], true)
    scoreRange(c.keyspace.arena, set, min, max)
    for (let j = 0; j < set.count && found.length < limit; j++) {
      if (j === 0) set.seek(set.from)
      else set.forward()
      const { score } = set
      const distance = geoDistanceIfInside(shape, geoLongitude(score), geoLatitude(score))
      if (distance >= 0) found.push({ rank: set.from + j, score, distance })
    }
  }
  return found
}

/** Runs the search and answers or stores what it finds. */
const run = (c: CommandContext, search: Search, set: SortedSet | undefined): void => {
  const text = conflict(c, search)
  if (text !== undefined) return c.fail(text)
  if (set === undefined) {
    if (search.store === 0) return c.out.emptyArray()
    return storeFound(c, search, undefined, [])
  }
  const found = collect(c, search, set)
  const sort = search.sort === UNSORTED && search.count > 0 && !search.any ? ASCENDING : search.sort
  if (sort === ASCENDING) found.sort((x, y) => x.distance - y.distance)
  else if (sort === DESCENDING) found.sort((x, y) => y.distance - x.distance)
  if (search.count > 0 && search.count < found.length) found.length = search.count
  if (search.store === 0) replyFound(c, search, set, found)
  else storeFound(c, search, set, found)
}

const replyFound = (c: CommandContext, search: Search, set: SortedSet, found: ReadonlyArray<Found>): void => {
  const { out } = c
  const { extras } = search
  out.array(found.length)
  for (const { rank, score, distance } of found) {
    if (extras > 0) out.array(1 + extras)
    set.seek(rank)
    out.bulk(set.src, set.off, set.len)
    if (search.withDistance) out.bulkText(formatGeoDistance(distance / extent.unit))
    if (search.withHash) out.int(Math.trunc(score))
    if (search.withPosition) {
      out.array(2)
      replyCoordinate(c, geoLongitude(score))
      replyCoordinate(c, geoLatitude(score))
    }
  }
}

const storeFound = (
  c: CommandContext,
  search: Search,
  set: SortedSet | undefined,
  found: ReadonlyArray<Found>,
): void => {
  const result = c.keyspace.collections.otherSortedSet.create(false)
  if (set !== undefined) {
    for (const { rank, score, distance } of found) {
      set.seek(rank)
      result.find(set.src, set.off, set.len)
      const stored = search.storeDistance ? distance / extent.unit : score
      result.insert(stored, set.src, set.off, set.len, c.settings)
    }
  }
  result.pack(c.settings)
  storeSortedSet(c, search.store, result, search.byOptions ? "geosearchstore" : "georadiusstore")
  if (found.length > 1) c.keyspace.dirty += found.length - 1
}

/** The set to search, undefined where there is no key; null after answering WRONGTYPE. */
const sourceSet = (c: CommandContext, i: number): SortedSet | undefined | null => {
  const entry = c.read(i)
  if (entry === 0) return undefined
  return c.wrongType(entry, TYPE_ZSET) ? null : c.keyspace.collections.sortedSet.attachEntry(entry)
}

const radius = (c: CommandContext, byMember: boolean, mayStore: boolean): void => {
  const set = sourceSet(c, 1)
  if (set === null) return
  const search = new Search(false, mayStore)
  search.by = BY_RADIUS
  if (byMember) {
    if (!centreOnMember(c, search, set, 2)) return
    // Redis does not look at the radius where there is no key.
    if (set !== undefined && !readRadius(c, 3)) return
  } else if (!centreOnPosition(c, search, 2) || !readRadius(c, 4)) return
  if (readOptions(c, search, set, byMember ? 5 : 6)) run(c, search, set)
}

const geosearch = (c: CommandContext): void => {
  const set = sourceSet(c, 1)
  if (set === null) return
  const search = new Search(true, false)
  if (readOptions(c, search, set, 2)) run(c, search, set)
}

const geosearchstore = (c: CommandContext): void => {
  const set = sourceSet(c, 2)
  if (set === null) return
  const search = new Search(true, true)
  search.store = 1
  if (readOptions(c, search, set, 3)) run(c, search, set)
}

export const geoSearchCommands: ReadonlyArray<Command> = [
  command(spec.GEOSEARCH, geosearch),
  command(spec.GEOSEARCHSTORE, geosearchstore),
  command(spec.GEORADIUS, (c) => radius(c, false, true)),
  command(spec.GEORADIUS_RO, (c) => radius(c, false, false)),
  command(spec.GEORADIUSBYMEMBER, (c) => radius(c, true, true)),
  command(spec.GEORADIUSBYMEMBER_RO, (c) => radius(c, true, false)),
]
