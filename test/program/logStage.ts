/** What the scenes of the log have in common: their stage, and waiting. */
import * as path from "node:path"
import { type Node, type Place, until } from "../support/Nodes.js"
import type { RawClient } from "../support/RawClient.js"
import type { MasterScript, ScriptedMaster } from "../support/ScriptedMaster.js"

export interface Stage {
  /** @param place Where Redix plays it; "apart", to be paused */
  start(config?: Readonly<Record<string, string>>, place?: Place): Promise<Node>
  /** Notes a server whose start fails. */
  startsNot(node: Node): Promise<void>
  /** A master under script, stopped at the end. */
  master(script: MasterScript): Promise<ScriptedMaster>
}

export type Scene = (stage: Stage) => Promise<void>

export const logged = (node: Node, words: RegExp): Promise<void> =>
  until(
    () => words.test(node.log),
    () => `${node.name} logs ${words}\n${node.log}`,
  )

export const ended = (node: Node): Promise<void> =>
  until(
    () => !node.alive,
    () => `${node.name} ends\n${node.log}`,
  )

export const waitForSave = (node: Node): Promise<void> =>
  until(
    async () => (await node.field("rdb_bgsave_in_progress")) === "0",
    () => `${node.name} has saved`,
  )

export const withClient = async (node: Node, use: (client: RawClient) => Promise<void>): Promise<void> => {
  const client = await node.connect()
  try {
    await use(client)
  } finally {
    client.close()
  }
}

/** Loses the connection before an answer, or gets one: both are fine. */
export const shutdown = (node: Node, ...words: ReadonlyArray<string>): Promise<unknown> =>
  node.ask("SHUTDOWN", ...words).catch(() => undefined)

export const savedFile = async (node: Node): Promise<string> => {
  await node.ask("SET", "key", "value")
  await node.ask("RPUSH", "list", "a", "b", "c")
  await node.ask("SAVE")
  await node.kill()
  return path.join(node.dir, "dump.rdb")
}
