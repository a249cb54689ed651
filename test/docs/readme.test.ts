/** README.md is true: every block of code runs, and the generated parts are up to date. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { entries } from "../../src/config/Directives.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { oracleAvailable } from "../support/Oracle.js"
import { Program, root } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"
import { startRedix } from "../support/Redix.js"
import {
  type Block,
  blocksUnder,
  commandTable,
  configurationTable,
  generatedPart,
  readme,
  readmeBlock,
  readmeBlocks,
  replacePart,
} from "./Readme.js"
import { consoleSteps, linesOf, Ports, runStep, shell } from "./Shell.js"
import { supervised } from "../support/children/Supervised.js"

const update = process.env["REDIX_UPDATE_README"] === "1"

const children: Array<ChildProcess> = []
afterEach(async () => {
  await Promise.all(
    children.splice(0).map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) return resolve()
          child.once("exit", () => resolve())
          child.kill("SIGKILL")
        }),
    ),
  )
})

/** Waits until a server answers PING with PONG. */
const answering = async (port: number): Promise<void> => {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until;) {
    const client = await RawClient.connect({ port }).catch(() => undefined)
    const reply = await client?.text("PING").catch(() => "")
    client?.close()
    if (reply === "+PONG\r\n") return
  }
  throw new Error(`nothing answers on port ${port}`)
}

/** Starts every line of a block as a server of its own, in `cwd`. */
const startServers = async (block: string, ports: Ports, cwd = root): Promise<void> => {
  await ports.learn(block)
  for (const line of linesOf(block)) {
    const words = ports.apply(line).replace("dist/", `${root}dist/`)
    children.push(supervised(spawn("bash", ["-c", `exec ${words}`], { cwd, stdio: "ignore" })))
    const named = /--port (\d+)/.exec(line)?.[1]
    if (named !== undefined) await answering(ports.free(named))
  }
}

const runConsole = async (block: Block, ports: Ports): Promise<void> => {
  await ports.learn(block.text)
  for (const step of consoleSteps(block.text)) {
    expect(await runStep(step, ports), `line ${block.line}: ${step.command}`).toEqual(step.expected)
  }
}

/** Blocks with real Redis programs in them run where the oracle is; elsewhere they are only read. */
const runnable = (block: Block): boolean =>
  oracleAvailable || !/redis-(?:server|cli|sentinel)/.test(block.text)

/** Tags, and which test runs their blocks. */
const runBy: Readonly<Record<string, string>> = {
  start: "test/package",
  test: "test/package",
  embed: "test/package",
  rdb: "test/package",
  changes: "test/package",
  "commands-of-your-own": "test/package",
  client: "test/docs/embed.test.ts",
  "it-layer": "test/docs/embed.test.ts",
  persistence: "test/docs/embed.test.ts",
  module: "test/docs/embed.test.ts",
  "src/commands/strings/initial.ts": "test/package",
  vitest: "test/docs/suites.test.ts",
  jest: "test/docs/suites.test.ts",
  "node-test": "test/docs/suites.test.ts",
  bullmq: "test/docs/suites.test.ts",
  cache: "test/docs/suites.test.ts",
  usage: "here",
  session: "here",
  servers: "here",
  commands: "here",
  "sentinel.conf": "here",
  check: "here",
  bench: "here",
}

describe("README.md", () => {
  it("has only blocks that a test runs, and no machine's paths", () => {
    const unknown = readmeBlocks().filter(({ tag }) => runBy[tag] === undefined)
    expect(unknown.map(({ line, tag }) => `line ${line}: "${tag}"`)).toEqual([])
    const used = new Set(readmeBlocks().map(({ tag }) => tag))
    expect(Object.keys(runBy).filter((tag) => !used.has(tag))).toEqual([])
    expect(readme().match(/\/(?:work|home|tmp|root)\//g)).toBeNull()
  })

  it("names files that exist", () => {
    const named = [
      ...readme().matchAll(
        /`((?:bytes|memory|store|resp|engine|commands|net|server|rdb|replication|config)\/[\w/]*(?:\.ts)?)`/g,
      ),
    ]
    expect(named.length).toBeGreaterThan(20)
    for (const [, name = ""] of named) {
      const found = [`src/${name}`, `test/${name}`].some((file) => fs.existsSync(path.join(root, file)))
      expect(found, name).toBe(true)
    }
  })

  it("lists the commands the server runs", async () => {
    const redix = await startRedix()
    const runs = new Set<string>()
    for (const command of redix.engine.dispatcher.table.commands) {
      runs.add(command.name)
      for (const sub of command.subcommands?.values() ?? []) runs.add(sub.name)
    }
    await redix.stop()
    if (update) replacePart("commands", commandTable(runs))
    expect(generatedPart("commands"), "REDIX_UPDATE_README=1 npx vitest run test/docs").toBe(
      commandTable(runs),
    )
  })

  it("lists the directives", () => {
    if (update) replacePart("configuration", configurationTable())
    expect(generatedPart("configuration"), "REDIX_UPDATE_README=1 npx vitest run test/docs").toBe(
      configurationTable(),
    )
  })
})

describe("the table of directives", () => {
  it("claims no effect for a directive that nothing reads", () => {
    const sources = fs
      .readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.includes(`config${path.sep}directives`))
      .map((file) => fs.readFileSync(path.join(root, "src", file), "utf8"))
      .join("\n")
    const read = (entry: (typeof entries)[number]): boolean =>
      new RegExp(`\\b${entry.field}\\b`).test(sources) || sources.includes(`"${entry.name}"`)
    const idle = entries.filter((entry) => entry.support === "full" && !read(entry))
    expect(idle.map(({ name }) => name)).toEqual([])
  })
})

describe("README.md's blocks", () => {
  it("usage", async () => {
    const ports = new Ports()
    const block = readmeBlock("usage")
    await ports.learn(block)
    const [version = "", help = "", serve = ""] = linesOf(block)
    expect((await shell(version)).said).toContain("Redix server v=")
    expect((await shell(help)).said).toContain("Usage: redix-server")
    const program = new Program({ command: ["bash", "-c", ports.apply(serve)], group: true })
    await program.ready()
    const client = await RawClient.connect({ port: ports.free("6380") })
    expect(await client.text("CONFIG", "GET", "databases")).toContain("$1\r\n4\r\n")
    expect(await client.text("CONFIG", "GET", "save")).toContain("900 1 60 1000")
    expect(await client.text("CONFIG", "SET", "save", "")).toBe("+OK\r\n")
    client.close()
    await program.stop()
  })

  it("sessions", async () => {
    const blocks = readmeBlocks().filter((block) => block.tag === "session" && runnable(block))
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-readme-"))
    for (const block of blocks) {
      const ports = new Ports()
      await ports.learn(block.text)
      const program = new Program({ args: ["--port", `${ports.free("8000")}`, "--dir", dir, "--save", ""] })
      await program.ready()
      await runConsole(block, ports)
      await program.stop()
      fs.rmSync(path.join(dir, "dump.rdb"), { force: true })
    }
    fs.rmSync(dir, { recursive: true })
    expect(blocks.length).toBe(oracleAvailable ? 2 : 0)
  })

  it("replication, of Redix and of Redis", async () => {
    const blocks = blocksUnder("## Replication")
    expect(blocks.map(({ tag }) => tag)).toEqual(["servers", "commands", "servers", "commands"])
    const ports = new Ports()
    for (const block of blocks) {
      if (!oracleAvailable) continue
      if (block.tag === "servers") await startServers(block.text, ports)
      else await runConsole(block, ports)
    }
  })

  it("three nodes under Sentinel: it fails over when the master is killed", async () => {
    const [servers, conf, commands, ...others] = blocksUnder("### Three nodes under Sentinel")
    if (servers === undefined || conf === undefined || commands === undefined)
      throw new Error("blocks are gone")
    expect(others).toEqual([])
    if (!oracleAvailable || (await shell("redis-sentinel --version")).code !== 0) return
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-readme-"))
    const ports = new Ports()
    await ports.learn(servers.text + conf.text)
    fs.writeFileSync(path.join(dir, "sentinel.conf"), ports.apply(conf.text))
    await startServers(servers.text, ports, dir)
    await answering(ports.free("7300"))
    await runConsole(commands, ports)
    const sentinel = await RawClient.connect({ port: ports.free("7300") })
    const master = (): Promise<string> => sentinel.text("SENTINEL", "MASTER", "mymaster")
    while (!/num-slaves\r\n\$1\r\n2\r\n/.test(await master()));
    children[0]?.kill("SIGKILL")
    const address = (): Promise<string> => sentinel.text("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
    while ((await address()).includes(`${ports.free("7200")}`));
    const promoted = Number(/\$\d+\r\n(\d+)\r\n$/.exec(await address())?.[1])
    const client = await RawClient.connect({ port: promoted })
    while (!(await client.text("ROLE")).includes("master"));
    expect(await client.text("SET", "after", "failover")).toBe("+OK\r\n")
    client.close()
    sentinel.close()
    await new Promise<void>((resolve) => {
      children[3]?.once("exit", () => resolve())
      children[3]?.kill("SIGKILL")
    })
    fs.rmSync(dir, { recursive: true })
  })

  it("the checker", async () => {
    const [summary = "", json = ""] = linesOf(readmeBlock("check"))
    const checked = await shell(summary)
    expect(checked.code).toBe(0)
    expect(checked.said).toContain("RDB looks OK!")
    const keys = linesOf((await shell(`${json} 2>/dev/null`)).said)
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) expect(JSON.parse(key)).toHaveProperty("key")
  })

  it("the benchmark", () => {
    const scripts: unknown = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"))
    expect(scripts).toMatchObject({
      scripts: { bench: expect.stringContaining("dist-bench/test/bench/main.js") },
    })
    const options = [...readmeBlock("bench").matchAll(/--([a-z]+)(?= [^-])/g)].map((found) => found[1] ?? "")
    const program = fs.readFileSync(path.join(root, "test/bench/main.ts"), "utf8")
    expect(options.length).toBeGreaterThan(3)
    for (const option of options) expect(program).toContain(`option("${option}"`)
  })
})
