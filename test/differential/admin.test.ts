import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { expect, it } from "vitest"
import { comparedBy, differential, onlyType, type StepLike } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { ReplyNode } from "../support/RespFrames.js"
import { Random } from "../support/Random.js"
import { startRedix } from "../support/Redix.js"
import { NEWER } from "../support/coverage/NewerCommands.js"
import { adminMistakes, adminScript } from "./steps/adminSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 3000)

/** The names in COMMAND's reply. */
const commandNames = (reply: ReplyNode): ReadonlyArray<string> =>
  (reply.items ?? []).map((command) => String(command.items?.[0]?.payload))

/** What changes more than its own server can bear in the middle of a script. */
const last: ReadonlyArray<StepLike> = [
  ["PFSELFTEST"],
  onlyType(["CLIENT", "ID"]),
  comparedBy(
    "no other commands",
    (theirs, ours) => {
      const known = new Set(commandNames(theirs))
      const others = commandNames(ours).filter((name) => !known.has(name) && !NEWER.has(name))
      return others.length === 0 ? undefined : `unknown to redis-server: ${others.join(" ")}`
    },
    ["COMMAND"],
  ),
  ["CONFIG", "SET", "latency-monitor-threshold", "1"],
  ["DEBUG", "SLEEP", "0.01"],
  onlyType(["LATENCY", "GRAPH", "command"]),
  ["SAVE"],
  ["BGSAVE"],
]

describeOracle("the server's own commands, as Redis answers", () => {
  for (const protocol of [2, 3] as const) {
    it(`every subcommand, RESP${protocol}`, { timeout: 120_000 + COMMANDS * 2 }, () =>
      withOracle({ config: { "enable-debug-command": "yes" } }, async (server) => {
        const dbfilename = `redix-admin-${process.pid}-${protocol}.rdb`
        const redix = await startRedix({}, { dir: os.tmpdir(), dbfilename })
        const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
        if (protocol === 3) for (const client of [oracle, subject]) await client.command("HELLO", "3")
        const random = Random.forTest(`admin ${protocol}`)
        // How long a command takes is no behaviour to compare: on a busy machine anything may be slow.
        const quiet = [
          "CONFIG",
          "SET",
          "slowlog-log-slower-than",
          "-1",
          "latency-monitor-threshold",
          "0",
        ] as const
        const { seed } = random
        const forgetTimes = async (): Promise<void> => {
          for (const client of [oracle, subject]) {
            await client.command(...quiet)
            await client.command("SLOWLOG", "RESET")
            await client.command("LATENCY", "RESET")
          }
        }
        await forgetTimes()
        expect(await differential({ oracle, subject, seed }, adminScript(protocol))).toBeGreaterThan(200)
        await forgetTimes()
        const mistakes = await differential({ oracle, subject, seed }, adminMistakes(random, COMMANDS))
        expect(mistakes).toBeGreaterThan(COMMANDS / 2)
        await differential({ oracle, subject, seed }, last)
        oracle.close()
        subject.close()
        await redix.stop()
        fs.rmSync(path.join(os.tmpdir(), dbfilename), { force: true })
      }),
    )
  }
})
