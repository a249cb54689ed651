/** Whoever waits for what the writer of the append-only file does hears also of what happened just before the wait. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { AofLog } from "../../src/aof/AofLog.js"
import { AofWriter } from "../../src/aof/AofWriter.js"
import { OpenIncrement } from "../../src/aof/OpenIncrement.js"
import { ReplyHold } from "../../src/engine/clients/ReplyHold.js"
import { liveTurns, type Turns } from "../../src/engine/world/Turn.js"
import { encodeCommand } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

/** A file that takes everything at once, and tells of it at once, too. */
const quickFile = (path: string): OpenIncrement => {
  const file = {
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    stat: Effect.die("not asked for"),
    seek: () => Effect.die("not asked for"),
    sync: Effect.void,
    read: () => Effect.die("not asked for"),
    readAlloc: () => Effect.die("not asked for"),
    truncate: () => Effect.void,
    write: (bytes) => Effect.succeed(bytes.length),
    writeAll: () => Effect.void,
  } satisfies FileSystem.File
  const present = FileSystem.makeNoop({ stat: () => Effect.die("not looked for") })
  return new OpenIncrement(path, present, file, Effect.runSync(Scope.make()), 0)
}

interface Writing {
  readonly log: AofLog
  readonly writer: AofWriter
  readonly set: () => void
  /** What is to be done at the end of the turn is done now. */
  readonly endTurn: () => void
}

/** A writer whose fiber lets others run after so many operations. */
const withWriter = async (
  { engine }: TestRedix,
  appendfsync: string,
  operations: number,
  use: (writing: Writing) => Promise<void>,
): Promise<void> => {
  const ends: Array<() => void> = []
  const turns: Turns = { ...liveTurns, atEnd: (run) => void ends.push(run), now: () => -1 }
  const hold = new ReplyHold()
  const log: AofLog = new AofLog(engine.context, hold, {
    logged: () => writer.logged(),
    seal: () => writer.seal(),
    comment: (line) => writer.comment(line),
    brokenOff: () => {},
    replaced: () => {},
  })
  const writer: AofWriter = new AofWriter(log, { appendfsync, aofChecksum: false }, hold, turns, {
    syncsPaused: () => false,
    diskIdle: () => true,
    statusChanged: () => {},
    distrusted: () => {},
    lessPending: () => {},
    sealing: () => {},
    synced: () => {},
    slowSync: () => {},
  })
  const command = encodeCommand(["SET", "k", "v"])
  writer.switchTo(quickFile("increment"))
  const fiber = Effect.runFork(Effect.provideService(writer.writing, MaxOpsBeforeYield, operations))
  await use({
    log,
    writer,
    set: () => log.take(0, command, 0, command.length),
    endTurn: () => {
      for (const end of ends.splice(0)) end()
    },
  })
  await Effect.runPromise(Fiber.interrupt(fiber))
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const untilOver = async (isOver: () => boolean): Promise<void> => {
  for (let i = 0; i < 50 && !isOver(); i++) await turn()
}

describe.each(["always", "everysec", "no"])("%s", (policy) => {
  it("what is written in the very turn in which it is waited for", async () => {
    const server = await startRedix()
    await withWriter(server, policy, 2048, async ({ writer, set }) => {
      await turn()
      set()
      const fiber = Effect.runFork(writer.settled)
      await untilOver(() => fiber.pollUnsafe() !== undefined)
      expect(fiber.pollUnsafe()).toEqual(Exit.succeed(true))
    })
    await server.stop()
  })

  it("what is logged between the writer's look and its wait", async () => {
    const server = await startRedix()
    const missed: Array<string> = []
    for (let operations = 4; operations < 40; operations++)
      for (let turns = 0; turns < 6; turns++)
        await withWriter(server, policy, operations, async ({ log, writer, set, endTurn }) => {
          for (let i = 0; i < turns; i++) await turn()
          set()
          endTurn()
          await untilOver(() => writer.written === log.position)
          if (writer.written < log.position) missed.push(`${operations} operations, ${turns} turns`)
        })
    expect(missed).toEqual([])
    await server.stop()
  })
})
