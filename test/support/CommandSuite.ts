/** What files of tests of commands share: servers that live as long as the file, and a client of each. */
import { afterAll, beforeAll, beforeEach } from "vitest"
import { type OracleOptions, OracleServer } from "./OracleServer.js"
import type { Argument, RawClient } from "./RawClient.js"
import { startRedix, type TestRedix } from "./Redix.js"
import { parseReply } from "./RespFrames.js"

/** One server over a socket, emptied before each test. */
export interface CommandSuite {
  readonly redix: TestRedix
  readonly client: RawClient
  /** The raw reply, as latin1. */
  readonly raw: (...args: ReadonlyArray<Argument>) => Promise<string>
  /** The raw reply in one line, as latin1: a space for each end of a line. */
  readonly run: (...args: ReadonlyArray<Argument>) => Promise<string>
  /** The payloads of the reply's items. */
  readonly items: (...args: ReadonlyArray<Argument>) => Promise<Array<string>>
  readonly encoding: (key: string) => Promise<string>
}

/** To be called at the head of a file; its fields are there once the tests run. */
export const commandSuite = (): CommandSuite => {
  let redix: TestRedix
  let client: RawClient
  beforeAll(async () => {
    redix = await startRedix()
    client = await redix.connect()
  })
  afterAll(async () => {
    client.close()
    await redix.stop()
  })
  beforeEach(() => {
    redix.engine.context.keyspace.flushAll()
  })
  const raw = (...args: ReadonlyArray<Argument>): Promise<string> =>
    client.command(...args).then((reply) => reply.toString("latin1"))
  return {
    get redix() {
      return redix
    },
    get client() {
      return client
    },
    raw,
    run: (...args) => raw(...args).then((reply) => reply.replaceAll("\r\n", " ").trim()),
    items: async (...args) =>
      (parseReply(await client.command(...args)).items ?? []).map((item) => item.payload.toString("latin1")),
    encoding: async (key) => (await raw("OBJECT", "ENCODING", key)).split("\r\n")[1] ?? "",
  }
}

interface BesideOracle {
  readonly oracle: OracleServer
  readonly redix: TestRedix
  /** One of each server, the oracle's first. */
  readonly clients: ReadonlyArray<RawClient>
}

/** One server of each kind, for as long as a suite lasts. To be called in `describeOracle`. */
export const besideOracle = (options: OracleOptions = {}): BesideOracle => {
  let oracle: OracleServer
  let redix: TestRedix
  let clients: ReadonlyArray<RawClient> = []
  beforeAll(async () => {
    oracle = await OracleServer.start(options)
    redix = await startRedix()
    clients = [await oracle.connect(), await redix.connect()]
  })
  afterAll(async () => {
    for (const client of clients) client.close()
    await redix.stop()
    await oracle.stop()
  })
  return {
    get oracle() {
      return oracle
    },
    get redix() {
      return redix
    },
    get clients() {
      return clients
    },
  }
}
