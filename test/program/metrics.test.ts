/** --metrics-port: what Prometheus reads of the program. */
import { expect, it } from "vitest"
import { freePort } from "../support/OracleServer.js"
import { Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const read = async (port: number, path: string): Promise<readonly [number, string]> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return [response.status, await response.text()]
}

it("metrics are at /metrics, and nothing else is", async () => {
  const [port, metrics] = [await freePort(), await freePort()]
  const program = new Program({ args: ["--port", `${port}`, "--save", "", "--metrics-port", `${metrics}`] })
  await program.ready()
  const client = await RawClient.connect({ port })
  await client.command("SET", "a", "1")
  await read(metrics, "/metrics")
  const [status, text] = await read(metrics, "/metrics")
  expect(status).toBe(200)
  expect(text).toContain('redis_db_keys{db="db0"} 1\n')
  expect(text).toContain('redis_commands_total{cmd="set"} 1\n')
  expect(text).toContain("# TYPE redis_commands_latencies_usec histogram\n")
  expect((await read(metrics, "/"))[0]).toBe(404)
  client.close()
  expect((await program.stop()).code).toBe(0)
})

it("a port in use keeps the program from starting, in one line", async () => {
  const [port, metrics] = [await freePort(), await freePort()]
  const taking = ["--port", `${port}`, "--save", "", "--metrics-port", `${metrics}`]
  const first = new Program({ args: taking, inside: true })
  await first.ready()
  const args = ["--port", `${await freePort()}`, "--save", "", "--metrics-port", `${metrics}`]
  const second = await new Program({ args, inside: true }).ended
  expect(second.code).toBe(1)
  expect(second.stdout).toContain(`Could not listen on 127.0.0.1:${metrics}`)
  expect((await first.stop()).code).toBe(0)
})
