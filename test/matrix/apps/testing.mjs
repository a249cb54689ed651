/** A server for tests, imported and required: both are the same, and time is the test's. Ends with "testing ok". */
import { createRequire } from "node:module"
import { ReplyError, startRedix } from "redix/testing"

const required = createRequire(import.meta.url)("redix/testing")
if (required.startRedix !== startRedix) throw new Error("imported and required are two")

const server = await startRedix()
await server.call("SET", "brief", "1", "EX", 60)
await server.advance(60_001)
if ((await server.call("GET", "brief")) !== null) throw new Error("time did not pass")
await server.call("LPUSH", "brief", "1")
const refused = await server.call("GET", "brief").catch((error) => error)
if (!(refused instanceof ReplyError) || refused.code !== "WRONGTYPE") throw new Error(String(refused))
await server.close()

const left = await startRedix({ listen: true })
if (!left.url.startsWith("redis://")) throw new Error(left.url)
// Not closed: an idle server keeps no process alive.
console.log("testing ok")
