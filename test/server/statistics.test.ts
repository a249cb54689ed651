import * as Layer from "effect/Layer"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { InfoRegistry } from "../../src/engine/InfoRegistry.js"
import { LatencyMonitor } from "../../src/engine/measures/LatencyMonitor.js"
import { liveProcessInfo, ProcessInfo } from "../../src/engine/world/ProcessInfo.js"
import { liveTurns, Turn } from "../../src/engine/world/Turn.js"
import { latencyGraph } from "../../src/server/LatencyReport.js"
import { startRedix as startTestServer } from "../../src/testing.js"
import { encodeCommand, type RawClient } from "../support/RawClient.js"
import { untilTrue } from "../support/Patience.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
let client: RawClient
beforeAll(async () => {
  redix = await startRedix()
  client = await redix.connect()
})
afterAll(() => redix.stop())
beforeEach(async () => {
  await client.command("FLUSHALL")
  await client.command("CONFIG", "RESETSTAT")
})

const info = async (section: string): Promise<ReadonlyMap<string, string>> =>
  new Map(
    (await client.text("INFO", section)).split("\r\n").flatMap((line) => {
      const colon = line.indexOf(":")
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
    }),
  )

const set = (...pairs: ReadonlyArray<string>): Promise<string> => client.text("CONFIG", "SET", ...pairs)

describe("INFO", () => {
  it("counts calls, failures and refusals of each command", async () => {
    await client.pipeline([
      ["SET", "s", "x"],
      ["LPUSH", "s", "x"],
      ["GET"],
      ["NOSUCH"],
      ["CONFIG", "GET", "port"],
    ])
    const stats = await info("commandstats")
    expect(stats.get("cmdstat_set")).toMatch(
      /^calls=1,usec=\d+,usec_per_call=[\d.]+,rejected_calls=0,failed_calls=0$/,
    )
    expect(stats.get("cmdstat_lpush")).toMatch(/^calls=1,.*failed_calls=1$/)
    expect(stats.get("cmdstat_get")).toMatch(/^calls=0,.*rejected_calls=1,failed_calls=0$/)
    expect(stats.get("cmdstat_config|get")).toMatch(/^calls=1,/)
    const errors = await info("errorstats")
    expect([...errors]).toEqual([
      ["errorstat_ERR", "count=2"],
      ["errorstat_WRONGTYPE", "count=1"],
    ])
    expect((await info("stats")).get("total_error_replies")).toBe("3")
  })

  it("does not blame EXEC for what its commands got wrong", async () => {
    await client.pipeline([["SET", "s", "x"], ["MULTI"], ["LPUSH", "s", "x"], ["EXEC"]])
    const stats = await info("commandstats")
    expect(stats.get("cmdstat_exec")).toMatch(/^calls=1,.*failed_calls=0$/)
    expect(stats.get("cmdstat_lpush")).toMatch(/^calls=1,.*failed_calls=1$/)
  })

  it("counts every call of a deep pipeline in the latencies, though it times a few", async () => {
    await client.pipeline(Array.from({ length: 1000 }, (_, i) => ["SET", `k${i}`, "v"]))
    const histogram = await client.text("LATENCY", "HISTOGRAM", "set")
    expect(histogram).toContain("$5\r\ncalls\r\n:1000\r\n")
    expect(histogram).toMatch(/:1000\r\n$/)
    expect((await info("latencystats")).get("latency_percentiles_usec_set")).toMatch(
      /^p50=[\d.]+,p99=[\d.]+,p99\.9=[\d.]+$/,
    )
    const stats = (await info("commandstats")).get("cmdstat_set") ?? ""
    expect(stats).toMatch(/^calls=1000,/)
    expect(Number(/usec=(\d+)/.exec(stats)?.[1])).toBeGreaterThan(0)
  })

  it("shows memory that follows the data", async () => {
    const before = Number((await info("memory")).get("used_memory_dataset"))
    await client.command("DEBUG", "POPULATE", 2000, "key", 1000)
    const after = await info("memory")
    expect(Number(after.get("used_memory_dataset")) - before).toBeGreaterThan(2_000_000)
    expect(Number(after.get("used_memory_rss"))).toBeGreaterThan(Number(after.get("used_memory_dataset")))
    expect(Number(after.get("used_memory_peak"))).toBeGreaterThanOrEqual(Number(after.get("used_memory")))
  })

  it("shows fields behind those of other owners, each once", async () => {
    const { info: registry } = redix.engine
    registry.add("stats", () => [["an_apps_own", 7]], "sync_full")
    const names = [...(await info("stats")).keys()]
    expect(names.slice(names.indexOf("sync_full"), names.indexOf("expired_keys"))).toEqual([
      "sync_full",
      "an_apps_own",
      "sync_partial_ok",
      "sync_partial_err",
    ])
    for (const section of ["server", "memory", "stats", "replication", "persistence"]) {
      const fields = registry.lines(section).map(([name]) => name)
      expect(fields.filter((name, i) => fields.indexOf(name) !== i)).toEqual([])
    }
    const other = new InfoRegistry()
    other.add("stats", () => [["lost", 1]], "no_such_field")
    expect(() => other.lines("stats")).toThrow("there is no no_such_field")
  })

  it("shows the largest buffers that clients had in the last seconds", async () => {
    await using server = await startTestServer({ clock: "manual" })
    const recent = async (): Promise<ReadonlyArray<number>> =>
      [...String(await server.call("INFO", "clients")).matchAll(/_max_\w+_buffer:(\d+)/g)].map(([, n]) =>
        Number(n),
      )
    expect(await recent()).toEqual([0, 0])
    const value = "x".repeat(3 << 20)
    const stream = server.connect()
    stream.write(encodeCommand(["SET", "k", value]))
    await new Promise((resolve) => stream.once("data", resolve))
    // It was run and answered before anything looked: what counts is what there was.
    const [input = 0, none] = await recent()
    expect(input).toBeGreaterThan(value.length)
    expect(input).toBeLessThan(value.length + 100)
    expect(none).toBe(0)
    stream.write(Buffer.concat(Array.from({ length: 10 }, () => encodeCommand(["GET", "k"]))))
    stream.pause()
    await untilTrue(async () => ((await recent())[1] ?? 0) > value.length)
    stream.destroy()
    await server.advance(5000)
    const [kept, output = 0] = await recent()
    expect(kept).toBe(input)
    expect(output).toBeGreaterThan(value.length)
    await server.advance(2000)
    expect(await recent()).toEqual([0, 0])
  })

  it("shows databases and expiry", async () => {
    await client.pipeline([
      ["SET", "a", "1"],
      ["SET", "b", "1", "PX", "100000"],
    ])
    expect((await info("keyspace")).get("db0")).toMatch(/^keys=2,expires=1,avg_ttl=(9\d{4}|100000)$/)
    expect((await info("server")).get("tcp_port")).toBe(String(redix.port))
  })
})

describe("SLOWLOG", () => {
  it("keeps what was slow, shortened and without secrets", async () => {
    await set("slowlog-log-slower-than", "0")
    await client.command("SLOWLOG", "RESET")
    await client.command("SET", "k", "x".repeat(200))
    await client.command("SADD", "s", ...Array.from({ length: 40 }, (_, i) => i))
    await client.command("CONFIG", "SET", "masterauth", "secret")
    await client.command("AUTH", "user", "password")
    await set("slowlog-log-slower-than", "-1")
    const log = await client.text("SLOWLOG", "GET", "-1")
    expect(log).toContain(`${"x".repeat(128)}... (72 more bytes)`)
    expect(log).toContain("... (11 more arguments)")
    expect(log).not.toContain("secret")
    expect(log).not.toContain("password")
    expect(log.match(/\(redacted\)/g)).toHaveLength(3)
    expect(await client.text("SLOWLOG", "LEN")).toBe(":5\r\n")
    await set("masterauth", "")
  })

  it("keeps commands that came in two pieces as they were", async () => {
    await set("slowlog-log-slower-than", "0")
    await client.command("SLOWLOG", "RESET")
    const watcher = await redix.connect()
    for (const key of ["first", "other"]) {
      const bytes = encodeCommand(["SET", key, key])
      client.sendRaw(bytes.subarray(0, 15))
      // What another client is answered now was read after the first piece.
      await watcher.command("PING")
      client.sendRaw(bytes.subarray(15))
      expect(await client.readReply()).toEqual(Buffer.from("+OK\r\n"))
    }
    watcher.close()
    await set("slowlog-log-slower-than", "-1")
    const log = await client.text("SLOWLOG", "GET", "-1")
    for (const key of ["first", "other"])
      expect(log).toContain(`*3\r\n$3\r\nSET\r\n$5\r\n${key}\r\n$5\r\n${key}\r\n`)
  })

  it("keeps slowlog-max-len entries", async () => {
    await set("slowlog-log-slower-than", "0", "slowlog-max-len", "3")
    for (let i = 0; i < 10; i++) await client.command("PING")
    expect(await client.text("SLOWLOG", "LEN")).toBe(":3\r\n")
    await set("slowlog-log-slower-than", "10000", "slowlog-max-len", "128")
  })

  it("sees a slow command at the end of a deep pipeline, and not the EXEC around it", async () => {
    // Time passes in DEBUG SLEEP alone: on a busy machine any command may be slow.
    let ms = 0
    const world = Layer.merge(
      Layer.succeed(Turn, { ...liveTurns, now: () => ms }),
      Layer.succeed(ProcessInfo, { ...liveProcessInfo, freeze: (sleep) => void (ms += sleep) }),
    )
    const own = await startRedix({}, {}, [], world)
    const other = await own.connect()
    await other.pipeline([
      ...Array.from({ length: 200 }, () => ["PING"]),
      ["MULTI"],
      ["DEBUG", "SLEEP", "0.015"],
      ["EXEC"],
    ])
    const log = await other.text("SLOWLOG", "GET")
    expect(log).toMatch(/^\*1\r\n\*6\r\n:0\r\n:\d+\r\n:15000\r\n/)
    expect(log).toContain("$5\r\nSLEEP\r\n")
    await own.stop()
  })
})

describe("LATENCY", () => {
  it("records commands above the threshold", async () => {
    await set("latency-monitor-threshold", "5")
    await client.command("DEBUG", "SLEEP", "0.02")
    await set("latency-monitor-threshold", "3600000")
    const latest = await client.text("LATENCY", "LATEST")
    // Any command may take longer than it sleeps.
    const [, , most] = /^\*1\r\n\*4\r\n\$7\r\ncommand\r\n:\d+\r\n:(\d+)\r\n:(\d+)\r\n$/.exec(latest) ?? []
    expect(Number(most)).toBeGreaterThanOrEqual(20)
    const history = await client.text("LATENCY", "HISTORY", "command")
    expect(history).toMatch(/^\*\d\r\n(\*2\r\n:\d+\r\n:\d+\r\n)+$/)
    expect(history).toContain(`:${most}\r\n`)
    expect(await client.text("LATENCY", "DOCTOR")).toMatch(/1\. command: \d latency spikes/)
    expect(await client.text("LATENCY", "RESET", "command", "none")).toBe(":1\r\n")
    expect(await client.text("LATENCY", "LATEST")).toBe("*0\r\n")
    await set("latency-monitor-threshold", "0")
  })

  it("draws samples as Redis does", () => {
    const monitor = new LatencyMonitor()
    monitor.add("command", 100, 10)
    monitor.add("command", 100, 30)
    monitor.add("command", 101, 20)
    const event = monitor.event("command")
    expect(event).toBeDefined()
    if (event === undefined) return
    expect(latencyGraph(event, 101)).toBe(
      `command - high 30 ms, low 20 ms (all time high 30 ms)\n${"-".repeat(80)}\n# \n| \n| \n|_\n\n10\nss\n`,
    )
  })
})

describe("settings that take effect at once", () => {
  it("maxmemory refuses writes, not reads or deletions", async () => {
    await client.command("SET", "k", "v")
    await set("maxmemory", "1")
    expect(await client.text("SET", "k", "w")).toBe(
      "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    )
    expect(await client.text("GET", "k")).toBe("$1\r\nv\r\n")
    expect(await client.text("DEL", "k")).toBe(":1\r\n")
    // What MULTI queues uses memory, whatever it is.
    const [, refused] = await client.pipeline([["MULTI"], ["GET", "k"]])
    expect(String(refused)).toBe("-OOM command not allowed when used memory > 'maxmemory'.\r\n")
    expect(await client.text("EXEC")).toMatch(/^-EXECABORT /)
    await set("maxmemory", "0")
    expect(await client.text("SET", "k", "w")).toBe("+OK\r\n")
  })

  it("memory that waits to be freed does not refuse a write", async () => {
    const { keyspace } = redix.engine
    const before = keyspace.arena.usedBytes
    for (let i = 0; i < 200; i++)
      await client.command("SADD", "big", ...Array.from({ length: 1000 }, (_, k) => `member:${i}:${k}`))
    const size = keyspace.arena.usedBytes - before
    const used = Number((await info("memory")).get("used_memory"))
    await set("maxmemory", String(Math.floor(used - size / 2)))
    const replies = await client.pipeline([
      ["SET", "k", "v"],
      ["UNLINK", "big"],
      ["SET", "k", "w"],
      ["GET", "k"],
    ])
    expect(replies.map(String)).toEqual([
      "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
      ":1\r\n",
      "+OK\r\n",
      "$1\r\nw\r\n",
    ])
    await set("maxmemory", "0")
  })

  it("notify-keyspace-events", async () => {
    const listener = await redix.connect()
    await listener.command("SUBSCRIBE", "__keyevent@0__:set")
    await set("notify-keyspace-events", "KEA")
    await client.command("SET", "k", "v")
    expect((await listener.readReply()).toString("latin1")).toContain("$1\r\nk\r\n")
    await set("notify-keyspace-events", "")
    listener.close()
  })

  it("proto-max-bulk-len, also for clients that are connected", async () => {
    const other = await redix.connect()
    await other.command("PING")
    await set("proto-max-bulk-len", "1048576")
    other.sendRaw("*2\r\n$4\r\nECHO\r\n$1048577\r\n")
    expect((await other.readReply()).toString("latin1")).toBe("-ERR Protocol error: invalid bulk length\r\n")
    await set("proto-max-bulk-len", "536870912")
    other.close()
  })
})

describe("ACL LOG", () => {
  it("counts failed logins", async () => {
    await client.command("ACL", "LOG", "RESET")
    await client.command("AUTH", "nobody", "x")
    await client.command("AUTH", "nobody", "x")
    await client.command("HELLO", "2", "AUTH", "default2", "x")
    const log = await client.text("ACL", "LOG")
    expect(log).toMatch(/^\*2\r\n\*14\r\n\$5\r\ncount\r\n:1\r\n/)
    expect(log).toContain("$5\r\ncount\r\n:2\r\n$6\r\nreason\r\n$4\r\nauth\r\n")
    expect(log).toContain("$6\r\nobject\r\n$5\r\nHELLO\r\n")
  })
})

describe("DEBUG", () => {
  it("is refused as enable-debug-command says, before anything else", async () => {
    for (const allowed of ["no", "local"] as const) {
      const server = await startRedix({}, { "enable-debug-command": allowed })
      const other = await server.connect()
      const reply = await other.text("DEBUG", "SLEEP", "0")
      if (allowed === "no") {
        expect(reply).toMatch(/^-ERR DEBUG command not allowed\. If the enable-debug-command option/)
        await other.command("MULTI")
        await other.command("DEBUG", "SLEEP", "0")
        expect(await other.text("EXEC")).toMatch(/^-EXECABORT/)
      } else expect(reply).toBe("+OK\r\n")
      await server.stop()
    }
  })

  it("does not end a process that is not the server's own, and says what it has not", async () => {
    expect(await client.text("DEBUG", "SEGFAULT")).toMatch(/^-ERR this server is part of another program/)
    expect(await client.text("DEBUG", "RESTART")).toMatch(/^-ERR DEBUG RESTART: /)
    expect(await client.text("DEBUG", "STRUCTSIZE")).toMatch(/^-ERR DEBUG STRUCTSIZE: /)
    expect(await client.text("DEBUG", "STRINGMATCH-LEN", "a*", "abc")).toBe(":1\r\n")
    expect(await client.text("DEBUG", "STRINGMATCH-LEN", "b*", "abc")).toBe(":0\r\n")
    expect(await client.text("DEBUG", "HELP")).toContain("+DIGEST-VALUE <key> [<key> ...]\r\n")
  })

  it("SET-SKIP-CHECKSUM-VALIDATION lets RESTORE take a payload with a wrong checksum", async () => {
    await client.command("SET", "k", "v")
    const payload = Buffer.from([0, 1, 118, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(await client.text("RESTORE", "c", 0, payload)).toContain(
      "DUMP payload version or checksum are wrong",
    )
    await client.command("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
    expect(await client.text("RESTORE", "c", 0, payload)).toBe("+OK\r\n")
    await client.command("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 0)
    expect(await client.text("GET", "c")).toBe("$1\r\nv\r\n")
  })

  it("SET-ACTIVE-EXPIRE 0 leaves expired keys in place until they are asked for", async () => {
    await client.command("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    await client.command("SET", "k", "v", "PX", 1)
    await client.command("DEBUG", "SLEEP", "0.3")
    expect(await client.text("DBSIZE")).toBe(":1\r\n")
    expect(await client.text("GET", "k")).toBe("$-1\r\n")
    expect(await client.text("DBSIZE")).toBe(":0\r\n")
    await client.command("DEBUG", "SET-ACTIVE-EXPIRE", 1)
  })
})

describe("TIME", () => {
  it("has microseconds and goes on", async () => {
    const read = async (): Promise<bigint> => {
      const words = (await client.text("TIME")).split("\r\n")
      return BigInt(words[2] ?? "") * 1_000_000n + BigInt(words[4] ?? "")
    }
    const times: Array<bigint> = []
    for (let i = 0; i < 50; i++) times.push(await read())
    expect(times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0n))).toBe(true)
    expect(times.some((time) => time % 1000n !== 0n)).toBe(true)
  })
})
