/** The same clients on redis-server and on Redix, step by step; what they are answered must be the same. */
import { expect } from "vitest"
import { PATIENCE_MS } from "../support/Patience.js"
import type { OracleServer } from "../support/Oracle.js"
import { RawClient } from "../support/RawClient.js"
import { parseReply, type ReplyNode } from "../support/RespFrames.js"

const CUT = "cut off"

/** Words as in a shell: parted by blanks, in double quotes where a blank is meant, with JSON's escapes. */
const wordsOf = (line: string): Array<string> =>
  (line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map((word) =>
    word.startsWith('"') ? String(JSON.parse(word)) : word,
  )

/** Single commands come in the order of a hash table of redis-server's. */
export const orderedRules = (text: string): string =>
  text.replace(/(?:[+-](?!@)[a-z_|-]+\S*)(?: [+-](?!@)[a-z_|-]+\S*)*/g, (singles) =>
    singles.split(" ").sort().join(" "),
  )

/** What a reply says: times and the figures of a connection aside. */
const said = (node: ReplyNode): unknown => {
  if (node.isNull) return null
  if (node.items === undefined) {
    const text = node.payload.toString("latin1")
    return node.type + (text.includes(" laddr=") ? shown(text) : orderedRules(text))
  }
  const items = node.items.map(said)
  for (const [i, item] of items.entries())
    if (item === "$id") items[i + 1] = "an id"
    else if (item === "$age-seconds" || item === "$client-info") items[i + 1] = shown(items[i + 1])
  return [node.type, ...items]
}

/** Of a line of CLIENT INFO the fields that do not depend on the server's memory and ports; of an age nothing. */
const shown = (value: unknown): unknown => {
  const kept = String(value).match(/\b(?:flags|db|sub|psub|ssub|multi|cmd|user|resp|name)=\S*/g)
  return kept?.join(" ") ?? "an age"
}

export interface TwoClients {
  readonly theirs: RawClient
  readonly ours: RawClient
}

export class TwoServers {
  private readonly clients = new Map<string, TwoClients>()

  constructor(
    private readonly oracle: OracleServer,
    private readonly subject: { readonly connect: () => Promise<RawClient> },
  ) {}

  private async client(name: string): Promise<TwoClients> {
    const known = this.clients.get(name)
    if (known !== undefined) return known
    const made = {
      theirs: await RawClient.connect({ port: this.oracle.port }),
      ours: await this.subject.connect(),
    }
    this.clients.set(name, made)
    return made
  }

  /**
   * Runs lines of "client: command"; a client is connected when it first says something. "client> command" does not wait
   * for the reply, which "client<" reads; "blocked n" waits until so many clients wait. Answers what was said.
   */
  async play(script: string): Promise<Array<unknown>> {
    const all: Array<unknown> = []
    for (const line of script.trim().split("\n")) {
      const [, waiting] = /^\s*blocked (\d+)$/.exec(line) ?? []
      if (waiting !== undefined) {
        await this.untilBlocked(waiting)
        continue
      }
      const [, name = "", how, command = ""] = /^\s*(\w+)([:<>])\s?(.*)$/.exec(line) ?? []
      const { theirs, ours } = await this.client(name)
      if (how === ">") {
        for (const one of [theirs, ours]) one.sendRaw(`${command}\r\n`)
        continue
      }
      const [expected, actual] = await Promise.all(
        [theirs, ours].map(async (one) => {
          try {
            return said(parseReply(await (how === "<" ? one.readReply() : one.command(...wordsOf(command)))))
          } catch {
            return CUT
          }
        }),
      )
      expect({ line: line.trim(), said: actual }).toEqual({ line: line.trim(), said: expected })
      all.push(actual)
    }
    return all
  }

  private async untilBlocked(count: string): Promise<void> {
    const { theirs, ours } = await this.client("z")
    for (const one of [theirs, ours]) {
      const blocked = async (): Promise<string | undefined> =>
        /blocked_clients:(\d+)/.exec(await one.text("INFO", "clients"))?.[1]
      await expect.poll(blocked, { timeout: PATIENCE_MS }).toBe(count)
    }
  }

  /** Sends a command that pushes answer, one for the clients each. */
  async push(names: ReadonlyArray<string>, command: string): Promise<void> {
    for (const name of names) {
      const { theirs, ours } = await this.client(name)
      for (const one of [theirs, ours]) {
        one.sendRaw(`${command}\r\n`)
        await one.readPush()
      }
    }
  }

  /** Ends all clients; the next script has others. */
  reset(): void {
    for (const { theirs, ours } of this.clients.values()) {
      theirs.close()
      ours.close()
    }
    this.clients.clear()
  }
}
