/**
 * `redix/vitest`: servers for Vitest's suites.
 *
 *     // one server a test: in memory, ended with it
 *     import { test as base } from "vitest"
 *     import { redixFixture } from "redix/vitest"
 *     const test = base.extend(redixFixture())
 *     test("greets", async ({ redix }) => { ... new Redis(redix.ioredis) ... })
 *
 *     // one server a run, with a port, whose address is in REDIS_URL: vitest.config.ts
 *     export default defineConfig({ test: { globalSetup: ["redix/vitest"] } })
 */
import node from "node:process"
import { type Options, type Server, startRedix } from "./testing.js"

/** What `test.extend` takes: the fixture `redix`, a server of its own for each test that asks for it. */
export interface RedixFixture {
  /** The fixture as Vitest takes it: a new server for the test, closed after it. Of the context nothing is used. */
  readonly redix: (context: object, use: (server: Server) => Promise<void>) => Promise<void>
}

/** The fixture `redix`: a server of its own for each test that asks for it. */
export const redixFixture = (options?: Options): RedixFixture => ({
  // The pattern is what Vitest reads off which other fixtures are needed: none.
  // oxlint-disable-next-line no-empty-pattern
  redix: async ({}, use) => {
    const server = await startRedix(options)
    try {
      await use(server)
    } finally {
      await server.close()
    }
  },
})

/** As Vitest's globalSetup: a server for the whole run, its address in REDIS_URL. Answers what ends it. */
const globalSetup = async (): Promise<() => Promise<void>> => {
  const server = await startRedix({ listen: true })
  const before = node.env["REDIS_URL"]
  node.env["REDIS_URL"] = server.url
  return async () => {
    if (before === undefined) delete node.env["REDIS_URL"]
    else node.env["REDIS_URL"] = before
    await server.close()
  }
}

export default globalSetup
