/** The server's own hand: commands that no rule, right or gate keeps from running, and no client sees. */
import { superuser } from "../engine/acl/User.js"
import * as Effect from "effect/Effect"
import type { Peer } from "../engine/clients/Peer.js"
import type { Session } from "../engine/clients/Session.js"
import type { Engine } from "../engine/Engine.js"
import { encodeCommand } from "../resp/CommandEncoder.js"
import { ParseStatus } from "../resp/RequestParser.js"

/** What the replies go to that nobody reads. */
const nobody: Peer = {
  noted: false,
  until: 0,
  queued: 0,
  pendingCount: 0,
  pendingBytes: 0,
  pendingWithQueue: 0,
  congested: false,
  drained: Effect.void,
  descriptor: -1,
  write: () => true,
  enqueue: () => {},
  writeQueue: () => {},
  end: () => {},
  destroy: () => {},
}

const ERROR_MARK = 45

export class OwnClient {
  readonly session: Session

  constructor(
    private readonly engine: Engine,
    private readonly runEffect: (effect: Effect.Effect<Uint8Array>) => Promise<Uint8Array>,
  ) {
    this.session = engine.openSession()
    this.session.authenticated = this.session.limits.authenticated = true
    this.session.actAs(superuser)
  }

  /** Runs a command, by its own name whatever it was renamed to. */
  async run(name: string, ...words: ReadonlyArray<string>): Promise<void> {
    const reply = this.begin(name, words)
    const text = typeof reply === "string" ? reply : await this.wait(reply)
    if (text.charCodeAt(0) === ERROR_MARK) throw new Error(`${name}: ${text.slice(1, -2)}`)
  }

  private begin(name: string, words: ReadonlyArray<string>): string | Effect.Effect<Uint8Array> {
    const { engine, session } = this
    const { dispatcher, context } = engine
    const command = dispatcher.table.byId.find((one) => one.name === name)
    if (command === undefined) throw new Error(`the configuration has taken the command '${name}' away`)
    const parser = engine.codec.makeParser(session.limits)
    parser.feed(encodeCommand([name, ...words]))
    if (parser.next() !== ParseStatus.Command) throw new Error("the parser found no command")
    engine.beginBatch(session)
    const { out } = context
    const mark = out.pos
    const { interceptor } = dispatcher
    dispatcher.interceptor = undefined
    try {
      return dispatcher.runNamed(parser, session, command) ?? out.buf.toString("latin1", mark, out.pos)
    } finally {
      dispatcher.interceptor = interceptor
      out.truncate(mark)
      engine.endBatch(session, nobody)
    }
  }

  private async wait(reply: Effect.Effect<Uint8Array>): Promise<string> {
    const bytes = await this.runEffect(reply)
    this.engine.dispatcher.held.finished(this.session, bytes)
    return Buffer.from(bytes).toString("latin1")
  }
}
