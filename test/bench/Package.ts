/**
 * What the package costs before it does anything: its size, the processor time of an import, and how long it is from the
 * import to the first reply. Each is the least of several fresh processes, beside the most it is to be.
 */
import { spawnSync } from "node:child_process"
import { type Figure, measured, root } from "./Figures.js"

const ROUNDS = 8
const runNode = (script: string): number => measured(script)[0] ?? 0

const least = (script: string): number => Math.min(...Array.from({ length: ROUNDS }, () => runNode(script)))

/** Node resolves the package's own name from within. */
const importCpu = (specifier: string): number =>
  least(`const before = process.cpuUsage()
await import(${JSON.stringify(specifier)})
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000)`)

const FIRST_REPLY = `const begun = performance.now()
const { startRedix } = await import("redix/testing")
const server = await startRedix()
await server.call("PING")
console.log(performance.now() - begun)
await server.close()`

/** Median of starts to the first reply: of the first twenty of a process but one, or of the forty after them, when it is warm. */
const startsTo = (listen: string, from: number, to: number): string => `import { connect } from "node:net"
const { startRedix } = await import("redix/testing")
const times = []
for (let i = 0; i < ${to}; i++) {
  const begun = performance.now()
  const server = await startRedix({ listen: ${listen} })
  const socket = ${listen} === true ? connect(server.port, "127.0.0.1") : server.connect()
  socket.write("PING\\r\\n")
  await new Promise((resolve) => socket.once("data", resolve))
  if (i >= ${from}) times.push(performance.now() - begun)
  socket.destroy()
  await server.close()
}
console.log(times.sort((a, b) => a - b)[${(to - from) >> 1}])`

const packed = (): { readonly packed: number; readonly unpacked: number } => {
  const done = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  })
  const listed: unknown = JSON.parse(done.stdout)
  const [first] = Array.isArray(listed) ? listed : Object.values(Object(listed))
  return {
    packed: Number(Reflect.get(Object(first), "size")) / 1e6,
    unpacked: Number(Reflect.get(Object(first), "unpackedSize")) / 1e6,
  }
}

export const packageFigures = (): ReadonlyArray<Figure> => {
  const size = packed()
  return [
    { name: "packed", value: size.packed, most: 0.7, unit: "MB" },
    { name: "unpacked", value: size.unpacked, most: 2.5, unit: "MB" },
    { name: "import redix/testing", value: importCpu("redix/testing"), most: 100, unit: "ms CPU" },
    { name: "import redix", value: importCpu("redix"), most: 400, unit: "ms CPU" },
    { name: "import redix/rdb", value: importCpu("redix/rdb"), most: 200, unit: "ms CPU" },
    { name: "import redix/resp", value: importCpu("redix/resp"), most: 100, unit: "ms CPU" },
    { name: "import to reply", value: least(FIRST_REPLY), most: 120, unit: "ms" },
    { name: "2nd to 20th, in memory", value: least(startsTo('"memory"', 1, 20)), most: 3, unit: "ms" },
    { name: "2nd to 20th, by a port", value: least(startsTo("true", 1, 20)), most: 5, unit: "ms" },
    { name: "warm, in memory", value: least(startsTo('"memory"', 20, 60)), most: 2, unit: "ms" },
    { name: "warm, by a port", value: least(startsTo("true", 20, 60)), most: 4, unit: "ms" },
  ]
}
