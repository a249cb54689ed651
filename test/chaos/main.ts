/**
 * `npm run chaos -- --episodes N --seed S`: episodes of trouble among three servers; see Episode.ts. With `--aof` of one
 * server that is killed while it appends to its file; see AofEpisode.ts.
 */
import { parseArgs } from "node:util"
import { AofEpisode } from "./AofEpisode.js"
import { Episode } from "./Episode.js"

const { values } = parseArgs({
  options: {
    episodes: { type: "string", default: "20" },
    seed: { type: "string" },
    aof: { type: "boolean" },
  },
})
const episodes = Number(values.episodes)
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000_000) : Number(values.seed)

const REPLAY = "replay one with --episodes 1 --seed <its number>"

const failed = (number: number, error: unknown): void => {
  process.stdout.write(`${number} FAILED\n${error instanceof Error ? error.message : String(error)}\n`)
}

const appendOnly = async (): Promise<number> => {
  process.stdout.write(`chaos of the append-only file: ${episodes} episodes from seed ${seed}\n`)
  let failures = 0
  let acknowledged = 0
  for (let i = 0; i < episodes; i++) {
    try {
      const report = await new AofEpisode(seed + i).run()
      acknowledged += report.acknowledged
      process.stdout.write(
        `${report.seed} ok  ${report.appendfsync}  acknowledged ${report.acknowledged}: ${report.events.join("; ")}\n`,
      )
    } catch (error) {
      failures++
      failed(seed + i, error)
    }
  }
  process.stdout.write(
    `chaos: ${episodes - failures} of ${episodes} episodes had every acknowledged write, in order, and no half transaction; ` +
      `${acknowledged} writes acknowledged; ${REPLAY} --aof\n`,
  )
  return failures === 0 ? 0 : 1
}

const servers = async (): Promise<number> => {
  process.stdout.write(`chaos: ${episodes} episodes from seed ${seed}\n`)
  let failures = 0
  let confirmed = 0
  let mixed = 0
  for (let i = 0; i < episodes; i++) {
    try {
      const report = await new Episode(seed + i).run()
      confirmed += report.confirmed
      mixed += report.mixed
      process.stdout.write(
        `${report.seed} ok  ${report.kinds}  confirmed ${report.confirmed}, mixed ${report.mixed}: ${report.events.join("; ")}\n`,
      )
    } catch (error) {
      failures++
      failed(seed + i, error)
    }
  }
  process.stdout.write(
    `chaos: ${episodes - failures} of ${episodes} episodes ended with equal data and every confirmed write; ` +
      `${confirmed} writes confirmed by WAIT, ${mixed} mixed commands; ${REPLAY}\n`,
  )
  return failures === 0 ? 0 : 1
}

process.exitCode = await (values.aof === true ? appendOnly() : servers())
