/** Lines of commands sent to redis-server and to Redix alike; all whose replies differ are told at once. */
import { type Argument, formatCommand, type RawClient } from "../support/RawClient.js"
import { compared } from "../support/coverage/Compared.js"
import { withOracle } from "../support/Oracle.js"
import type { TestRedix } from "../support/Redix.js"

export type Line = ReadonlyArray<Argument>

/** EVAL without keys. */
export const script = (source: string, ...args: ReadonlyArray<Argument>): Line => ["EVAL", source, 0, ...args]

const PROTOCOLS = ["2", "3"] as const

/** What differs and is no fault: addresses. */
const comparable = (reply: Buffer): string =>
  reply.toString("latin1").replace(/(function|table|thread|userdata): (builtin: )?0x[0-9a-f]+/g, "$1")

/** Sends the lines in both protocols to both servers, from an empty data set each time; answers where they differ. */
export const differences = (
  redix: TestRedix,
  lines: ReadonlyArray<Line>,
  config: Record<string, string> = {},
): Promise<ReadonlyArray<string>> =>
  withOracle({ config }, async (server) => {
    const found: Array<string> = []
    for (const protocol of PROTOCOLS) {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      for (const client of [oracle, subject]) {
        await client.command("HELLO", protocol)
        await client.command("FLUSHALL")
        await client.command("SCRIPT", "FLUSH")
        await client.command("FUNCTION", "FLUSH")
        await client.command("CONFIG", "RESETSTAT")
      }
      for (const line of lines) {
        const ask = (client: RawClient): Promise<Buffer> =>
          client.command(...line).catch((cause: unknown) => {
            throw new Error(`${client === oracle ? "redis" : "redix"}: ${formatCommand(line)}`, { cause })
          })
        const [wanted, got] = await Promise.all([ask(oracle), ask(subject)])
        if (comparable(wanted) !== comparable(got))
          found.push(
            `RESP${protocol}: ${formatCommand(line)}\n  redis: ${JSON.stringify(wanted.toString("latin1"))}\n  redix: ${JSON.stringify(got.toString("latin1"))}`,
          )
        else compared(line, got)
      }
      oracle.close()
      subject.close()
    }
    return found
  })
