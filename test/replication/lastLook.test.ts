/**
 * Work that ends when a last look finds nothing to do must not overlook what comes right behind that look: its fiber may
 * be made to yield between any two of its steps, and what comes then is served.
 */
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import { afterEach, expect, it, vi } from "vitest"
import { guarded, type Run } from "../../src/engine/Background.js"
import { detached } from "../../src/engine/clients/Session.js"
import { Heartbeat } from "../../src/replication/Heartbeat.js"
import type { ReplicaLink } from "../../src/replication/master/ReplicaLink.js"
import { type LocalClient, localClient } from "../support/Local.js"
import { until } from "../support/Nodes.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const MARK_CHARS = 40

let redix: TestRedix | undefined
afterEach(async () => {
  vi.restoreAllMocks()
  await redix?.stop()
})

/** Has `meanwhile` run, and the fiber yield for it, before one step of any fiber. */
class Interruption {
  private steps = -1
  done = false

  constructor(at: number, meanwhile: () => void) {
    vi.spyOn(Scheduler.MixedScheduler.prototype, "shouldYield").mockImplementation(() => {
      if (this.steps < 0 || this.steps++ !== at) return false
      this.done = true
      queueMicrotask(meanwhile)
      return true
    })
  }

  /** Steps count from now on. */
  begin(): void {
    this.steps = 0
  }
}

interface Replica {
  readonly client: LocalClient
  readonly link: ReplicaLink
}

/** One that wants its snapshot through its connection. */
const replicaOf = ({ engine, replication }: TestRedix): Replica => {
  const client = localClient(engine)
  client.run("REPLCONF", "capa", "eof")
  return { client, link: replication.master.linkOf(client.session) }
}

const served = ({ link }: Replica, at: number): Promise<void> =>
  until(
    () => link.awaitingAck,
    () => `a snapshot for who asks at step ${at}: it is ${link.state}`,
  )

it("a replica that asks while the last snapshot's work ends gets one", async () => {
  const server = (redix = await startRedix({}, { "repl-diskless-sync-delay": 0 }))
  let asked = 0
  for (let at = 0; asked === at; at++) {
    const [first, second] = [replicaOf(server), replicaOf(server)]
    const interruption = new Interruption(at, () => void second.client.run("PSYNC", "?", "-1"))
    first.client.session.control = {
      ...detached,
      push: (bytes) => {
        // The mark behind the snapshot: it is out.
        if (bytes.length === MARK_CHARS) interruption.begin()
      },
    }
    first.client.run("PSYNC", "?", "-1")
    await served(first, at)
    await until(
      () => interruption.done || server.persistence.state.save === undefined,
      () => "the work ends",
    )
    if (interruption.done) {
      asked++
      await served(second, at)
    }
    vi.restoreAllMocks()
    for (const { client } of [first, second]) server.replication.detached(client.session)
  }
  expect(asked).toBeGreaterThan(3)
})

it("what there is to do when the heart has beaten for the last time makes it beat again", async () => {
  const { engine } = (redix = await startRedix())
  const background: Run = (effect, lost) => Effect.runFork(guarded(effect, lost))
  let begun = 0
  for (let at = 0; begun === at; at++) {
    let left = 1
    let beats = 0
    const heartbeat = new Heartbeat(engine, background)
    const interruption = new Interruption(at, () => {
      left = 1
      heartbeat.begin()
    })
    heartbeat.add({
      get busy() {
        return left > 0
      },
      beat: () => {
        left--
        if (++beats === 1) interruption.begin()
      },
    })
    heartbeat.begin()
    await until(
      () => beats > 0,
      () => "the first beat",
    )
    await new Promise(setImmediate)
    if (interruption.done) {
      begun++
      await until(
        () => beats > 1,
        () => `a beat after there was something to do at step ${at}`,
      )
    }
    vi.restoreAllMocks()
  }
  expect(begun).toBeGreaterThan(1)
})
