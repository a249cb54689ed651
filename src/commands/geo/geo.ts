/** The geo commands on members: adding positions, reading them back, distances. */
import {
  formatGeoDistance,
  geoDistance,
  geoEncode,
  geoHashText,
  geoLatitude,
  geoLongitude,
} from "../../bytes/geo/Geohash.js"
import * as Errors from "../../resp/Errors.js"
import { TYPE_ZSET } from "../../store/Entry.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { position, readPosition, readUnit, replyCoordinate } from "./geoSupport.js"
import { geoSearchCommands } from "./geoSearch.js"
import type { CommandArgument } from "../../resp/CommandEncoder.js"
import {
  addScored,
  CH as ZADD_CH,
  NX as ZADD_NX,
  scoresFor,
  XX as ZADD_XX,
} from "../sortedSets/sortedSetsAdd.js"
import * as spec from "../spec/geo.js"

const declared = options(spec.GEOADD)
const [NX, XX, CH] = declared.bits("NX", "XX", "CH")

/** The options of the ZADD that a GEOADD is. */
const addOptions = (found: number): number =>
  ((found & NX) !== 0 ? ZADD_NX : 0) | ((found & XX) !== 0 ? ZADD_XX : 0) | ((found & CH) !== 0 ? ZADD_CH : 0)

const geoadd = (c: CommandContext): void => {
  let found = 0
  let first = 2
  for (; first < c.argc; first++) {
    const bit = declared.at(c, first)
    if (bit === 0) break
    found |= bit
  }
  const words = c.argc - first
  const both = NX | XX
  if (words % 3 !== 0 || (found & both) === both) return c.fail(Errors.syntax)
  const scores = scoresFor(words / 3)
  for (let i = first, k = 0; i < c.argc; i += 3, k++) {
    if (!readPosition(c, i)) return
    scores[k] = geoEncode(position.longitude, position.latitude)
  }
  if (addScored(c, addOptions(found), first + 2, 3) > 0 && c.replicating) propagateAdd(c, first, scores)
}

/** Leaves a GEOADD as the ZADD that it is. */
const propagateAdd = (c: CommandContext, first: number, scores: Float64Array): void => {
  const args: Array<CommandArgument> = []
  for (let i = 1; i < first; i++) args.push(c.bytes(i))
  for (let i = first + 2, k = 0; i < c.argc; i += 3, k++) args.push(BigInt(scores[k]), c.bytes(i))
  c.propagation.instead(c.db.id, "zadd", ...args)
}

const geodist = (c: CommandContext): void => {
  if (c.argc > 5) return c.fail(Errors.syntax)
  const unit = c.argc === 5 ? readUnit(c, 4) : 1
  if (unit === 0) return
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  const a = set.find(c.buf, c.argOff[2], c.argLen[2])
  const b = set.find(c.buf, c.argOff[3], c.argLen[3])
  if (Number.isNaN(a) || Number.isNaN(b)) return c.out.nil()
  const metres = geoDistance(geoLongitude(a), geoLatitude(a), geoLongitude(b), geoLatitude(b))
  c.out.bulkText(formatGeoDistance(metres / unit))
}

/** Answers an element for each member: `none` for one without a place, `one` for the score that is its place. */
const forMembers =
  (none: (c: CommandContext) => void, one: (c: CommandContext, score: number) => void) =>
  (c: CommandContext): void => {
    const entry = c.read(1)
    if (c.wrongType(entry, TYPE_ZSET)) return
    const set = c.keyspace.collections.sortedSet
    if (entry !== 0) set.attachEntry(entry)
    c.out.array(c.argc - 2)
    for (let i = 2; i < c.argc; i++) {
      const score = entry === 0 ? NaN : set.find(c.buf, c.argOff[i], c.argLen[i])
      if (Number.isNaN(score)) none(c)
      else one(c, score)
    }
  }

const geohash = forMembers(
  (c) => c.out.nil(),
  (c, score) => c.out.bulkText(geoHashText(score)),
)

const geopos = forMembers(
  (c) => c.out.nilArray(),
  (c, score) => {
    c.out.array(2)
    replyCoordinate(c, geoLongitude(score))
    replyCoordinate(c, geoLatitude(score))
  },
)

export const geoCommands: ReadonlyArray<Command> = [
  command(spec.GEOADD, geoadd),
  command(spec.GEODIST, geodist),
  command(spec.GEOHASH, geohash),
  command(spec.GEOPOS, geopos),
  ...geoSearchCommands,
]
