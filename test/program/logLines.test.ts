/**
 * Lines of the log that name an event, with their level, as redis-server words them: each scene is played on both servers,
 * and each must say every line that logLines.txt lists for it. The list is what both said; where redis-server says another
 * thing today, the list is wrong.
 *
 *     == scene
 *     -- number of the server, in the order in which the scene starts them
 *     level and words, masked by logEvents.ts
 */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { Node, type NodeKind, until } from "../support/Nodes.js"
import { oracleAvailable } from "../support/Oracle.js"
import { ScriptedMaster } from "../support/ScriptedMaster.js"
import { eventsOf } from "./logEvents.js"
import { serverScenes } from "./logScenes.js"
import type { Scene } from "./logStage.js"
import { replicationScenes } from "./replicationLogScenes.js"

type Expected = ReadonlyMap<number, ReadonlyArray<string>>

const scenes: Readonly<Record<string, Scene>> = { ...serverScenes, ...replicationScenes }
const SCENE_MS_MAX = 120_000

const expectations = (): ReadonlyMap<string, Expected> => {
  const text = fs.readFileSync(new URL("logLines.txt", import.meta.url), "utf8")
  const sections = text.split(/^== /m).slice(1)
  return new Map(
    sections.map((section) => {
      const [head, ...nodes] = section.split(/^-- /m)
      const lines = nodes.map((node) => node.trimEnd().split("\n"))
      return [String(head).trim(), new Map(lines.map(([number, ...rest]) => [Number(number), rest]))] as const
    }),
  )
}

/** Plays a scene and waits until every server has said its lines. */
const play = async (kind: NodeKind, scene: Scene, expected: Expected): Promise<void> => {
  const nodes: Array<Node> = []
  const masters: Array<ScriptedMaster> = []
  try {
    await scene({
      start: async (config, place) => {
        const node = await Node.start(kind, { ...config, loglevel: "verbose" }, place)
        nodes.push(node)
        return node
      },
      // The start may be seen to be under way before it fails.
      startsNot: (node) => node.launch().catch(() => undefined),
      master: async (script) => {
        const master = await ScriptedMaster.start(script)
        masters.push(master)
        return master
      },
    })
    for (const [i, lines] of expected) {
      const node = nodes[i]
      if (node === undefined) throw new Error(`no server ${i}`)
      const missing = (): ReadonlyArray<string> => {
        const said = eventsOf(node.log)
        return lines.filter((line) => !said.includes(line))
      }
      await until(
        () => missing().length === 0,
        () => `${kind} ${i} says\n${missing().join("\n")}\n--- it said\n${eventsOf(node.log).join("\n")}`,
      )
    }
  } finally {
    await Promise.all([...nodes.map((node) => node.remove()), ...masters.map((master) => master.stop())])
  }
}

describe("the log names events as redis-server does", () => {
  const all = expectations()

  it("in every scene that is listed, and no other", () => {
    expect([...all.keys()].sort()).toEqual(Object.keys(scenes).sort())
  })

  for (const [name, expected] of all) {
    const scene = scenes[name]
    if (scene === undefined) continue
    it.concurrent(
      name,
      async () => {
        if (oracleAvailable) await play("redis", scene, expected)
        await play("redix", scene, expected)
        expect(expected.size).toBeGreaterThan(0)
      },
      SCENE_MS_MAX,
    )
  }
})
