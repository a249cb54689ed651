/** The log's line format, levels, JSON form and file sink. */
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { describe, expect, it } from "vitest"
import {
  formatTextLine,
  layerOf,
  layerTarget,
  type LogRole,
  type LogSettings,
  redisTimestamp,
} from "../../src/server/RedisLogger.js"
import { makeLog } from "../../src/engine/world/Log.js"
import { describeOracle, withOracle } from "../support/Oracle.js"

const LINE = /^(\d+):([MSCX]) (\d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}\.\d{3}) ([.\-*#]) (.*)$/

const everyLevel = Effect.gen(function* () {
  const log = yield* makeLog
  yield* Effect.logTrace("trace")
  yield* Effect.logDebug("debug")
  log.verbose("verbose")
  yield* Effect.logInfo("notice")
  yield* Effect.logWarning("warning")
  yield* Effect.logError("error")
})

const logged = (
  settings: LogSettings,
  program: Effect.Effect<void>,
  role: () => LogRole = () => "M",
): Array<string> => {
  const lines: Array<string> = []
  const logger = layerOf({ pid: 4711, role, settings, write: (line) => lines.push(line) })
  Effect.runSync(Effect.provide(program, logger))
  return lines
}

describe("the log", () => {
  it("writes Redis's line in local time", () => {
    const date = new Date(2026, 10, 2, 5, 1, 5, 7)
    expect(redisTimestamp(date)).toBe("02 Nov 2026 05:01:05.007")
    const entry = {
      pid: 4711,
      role: "M",
      date,
      level: "notice",
      message: "Ready",
      annotations: { db: 0 },
    } as const
    expect(formatTextLine(entry)).toBe("4711:M 02 Nov 2026 05:01:05.007 * Ready db=0")
  })

  it.each([
    ["debug", [". trace", ". debug", "- verbose", "* notice", "# warning", "# error"]],
    ["verbose", ["- verbose", "* notice", "# warning", "# error"]],
    ["notice", ["* notice", "# warning", "# error"]],
    ["warning", ["# warning", "# error"]],
  ] as const)("at loglevel %s keeps what Redis keeps", (loglevel, expected) => {
    const lines = logged({ loglevel, logFormat: "text" }, everyLevel)
    expect(lines.map((line) => LINE.exec(line.trimEnd())?.slice(4).join(" "))).toEqual(expected)
    expect(lines.every((line) => line.endsWith("\n"))).toBe(true)
  })

  it("follows loglevel and role while it runs", () => {
    const settings: { loglevel: LogSettings["loglevel"] } & LogSettings = {
      loglevel: "warning",
      logFormat: "text",
    }
    let role: LogRole = "S"
    const lines = logged(
      settings,
      Effect.gen(function* () {
        yield* Effect.logInfo("unseen")
        settings.loglevel = "notice"
        yield* Effect.logInfo("one")
        role = "M"
        yield* Effect.logInfo("two")
      }),
      () => role,
    )
    expect(
      lines.map((line) => LINE.exec(line.trimEnd())).map((match) => `${match?.[2]} ${match?.[5]}`),
    ).toEqual(["S one", "M two"])
  })

  it("has a line's facts as fields of JSON, and not twice in a text", () => {
    const program = Effect.gen(function* () {
      const log = yield* makeLog
      log.warning("Replica 127.0.0.1:7001 lost", { replica: "127.0.0.1:7001", seconds: 3 })
      log.verbose("Accepted", { client: 7 })
    }).pipe(Effect.annotateLogs({ server: "a" }))
    const [lost, accepted] = logged({ loglevel: "debug", logFormat: "json" }, program)
    expect(JSON.parse(lost ?? "")).toMatchObject({
      level: "warning",
      message: "Replica 127.0.0.1:7001 lost",
      annotations: { server: "a", replica: "127.0.0.1:7001", seconds: 3 },
    })
    expect(JSON.parse(accepted ?? "")).toMatchObject({ level: "verbose", annotations: { client: 7 } })
    const texts = logged({ loglevel: "debug", logFormat: "text" }, program)
    expect(texts.map((line) => LINE.exec(line.trimEnd())?.[5])).toEqual([
      "Replica 127.0.0.1:7001 lost server=a",
      "Accepted server=a",
    ])
  })

  it("writes causes and annotations, and JSON one object a line", () => {
    const program = Effect.logError("failed", new Error("disk full")).pipe(
      Effect.annotateLogs({ path: "dump.rdb" }),
    )
    expect(logged({ loglevel: "notice", logFormat: "text" }, program)[0]).toMatch(
      /# failed disk full path=dump\.rdb\n$/,
    )
    const [line = ""] = logged({ loglevel: "notice", logFormat: "json" }, program)
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>
    expect(new Date(String(time)).toISOString()).toBe(time)
    expect(rest).toEqual({
      pid: 4711,
      role: "M",
      level: "warning",
      message: "failed disk full",
      annotations: { path: "dump.rdb" },
    })
  })

  it("writes what JSON has no form of as plain text", () => {
    const circle: Array<unknown> = []
    circle.push(circle)
    const program = Effect.logInfo("odd", 5n).pipe(Effect.annotateLogs({ big: 7n, circle }))
    expect(logged({ loglevel: "notice", logFormat: "text" }, program)[0]).toMatch(/\* odd 5 big=7 circle=\n$/)
    const [line = ""] = logged({ loglevel: "notice", logFormat: "json" }, program)
    expect(JSON.parse(line)).toMatchObject({ message: "odd 5", annotations: { big: "7", circle: "" } })
  })

  it("appends to a file, in order, through a rotation, and loses nothing at the end", async () => {
    const dir = mkdtempSync(join(tmpdir(), "redix-log-"))
    const logfile = join(dir, "redix.log")
    const settings: LogSettings = { loglevel: "notice", logFormat: "text" }
    const stdout = () => expect.unreachable()
    const count = 500
    const target = layerTarget({ pid: 1, role: () => "M", settings, logfile, stdout })
    const program = (from: number) =>
      Effect.forEach(
        Array.from({ length: count }, (_, i) => from + i),
        (i) => Effect.logInfo(`line ${i}`),
        { discard: true },
      )
    await Effect.runPromise(program(0).pipe(Effect.provide(target), Effect.provide(NodeFileSystem.layer)))
    renameSync(logfile, `${logfile}.1`)
    await Effect.runPromise(program(count).pipe(Effect.provide(target), Effect.provide(NodeFileSystem.layer)))
    const numbers = (path: string) =>
      readFileSync(path, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => Number(line.split(" ").at(-1)))
    expect(numbers(`${logfile}.1`)).toEqual(Array.from({ length: count }, (_, i) => i))
    expect(numbers(logfile)).toEqual(Array.from({ length: count }, (_, i) => count + i))
    rmSync(dir, { recursive: true })
  })

  it("fails at the start where the file cannot be opened", async () => {
    const settings: LogSettings = { loglevel: "notice", logFormat: "text" }
    const target = layerTarget({
      pid: 1,
      role: () => "M",
      settings,
      logfile: "/nonexistent/x.log",
      stdout: () => {},
    })
    const exit = await Effect.runPromiseExit(
      Effect.void.pipe(Effect.provide(target), Effect.provide(NodeFileSystem.layer)),
    )
    expect(Exit.isFailure(exit)).toBe(true)
  })
})

describeOracle("the log against redis-server", () => {
  it("has the same shape of line", async () => {
    await withOracle({ config: { loglevel: "debug" } }, async (oracle) => {
      const client = await oracle.connect()
      await client.command("PING")
      client.close()
      const theirs = oracle.logTail.split("\n").filter((line) => /^\d+:/.test(line))
      expect(theirs.length).toBeGreaterThan(2)
      expect(theirs.filter((line) => !LINE.test(line))).toEqual([])
    })
  })
})
