/** Which groups wait for writers that are about to come back, and when they no longer do. */
import { describe, expect, it } from "vitest"
import { Gathering } from "../../src/aof/Gathering.js"

const SLOW_MS = 40

/** One that has seen slow syncs. */
const gatheringOn = (syncMs: number): Gathering => {
  const gathering = new Gathering()
  for (let i = 0; i < 50; i++) {
    gathering.synced(1, syncMs, 0, 0)
    expect(gathering.waits(1, 0)).toBe(false)
  }
  return gathering
}

describe("a group", () => {
  it("waits for those who were just answered, until all are there", () => {
    const gathering = gatheringOn(SLOW_MS)
    expect(gathering.synced(20, SLOW_MS, 30, 1000)).toBe(true)
    expect([30, 40, 49, 50].map((commands) => gathering.waits(commands, 1001))).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(gathering.waits(1, 1001)).toBe(false)
  })

  it("waits for a part of what a sync takes", () => {
    const gathering = gatheringOn(SLOW_MS)
    gathering.synced(20, SLOW_MS, 30, 1000)
    expect(gathering.patienceMs).toBeCloseTo(SLOW_MS / 2, 0)
    expect(gathering.waits(49, 1000 + SLOW_MS / 4)).toBe(true)
    expect(gathering.waits(49, 1000 + SLOW_MS)).toBe(false)
    gathering.synced(20, SLOW_MS, 30, 2000)
    gathering.timeIsOver()
    expect(gathering.waits(49, 2000)).toBe(false)
  })

  it("waits for nobody where there is one writer, or the disk is quick", () => {
    expect(gatheringOn(SLOW_MS).synced(1, SLOW_MS, 0, 1000)).toBe(false)
    expect(gatheringOn(0.2).synced(20, 0.2, 30, 1000)).toBe(false)
  })

  it("waits for nobody for some time where they have stayed away again and again", () => {
    const gathering = gatheringOn(SLOW_MS)
    let waited = 0
    const groups = 1000
    for (let i = 0; i < groups; i++) {
      if (gathering.synced(2, SLOW_MS, 1, 0)) waited++
      gathering.timeIsOver()
      gathering.waits(1, 0)
    }
    expect(waited).toBeGreaterThan(4)
    expect(waited).toBeLessThan(groups / 50)
    while (!gathering.synced(2, SLOW_MS, 1, 0)) expect(gathering.waits(1, 0)).toBe(false)
    expect(gathering.waits(3, 0)).toBe(false)
    expect(gathering.synced(2, SLOW_MS, 1, 0)).toBe(true)
  })
})
