/** `npm run chaos -- --episodes N --seed S`: episodes of trouble among three servers; see Episode.ts. */
import { parseArgs } from "node:util"
import { Episode } from "./Episode.js"

const { values } = parseArgs({
  options: { episodes: { type: "string", default: "20" }, seed: { type: "string" } },
})
const episodes = Number(values.episodes)
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000_000) : Number(values.seed)

const main = async (): Promise<number> => {
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
      process.stdout.write(`${seed + i} FAILED\n${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  process.stdout.write(
    `chaos: ${episodes - failures} of ${episodes} episodes ended with equal data and every confirmed write; ` +
      `${confirmed} writes confirmed by WAIT, ${mixed} mixed commands; replay one with --episodes 1 --seed <its number>\n`,
  )
  return failures === 0 ? 0 : 1
}

process.exitCode = await main()
