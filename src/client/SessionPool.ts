/**
 * Sessions for a client that all share. One serves nearly everything, since a command is over when it returns; one that
 * waits has its session to itself meanwhile, and others get another.
 */
import type { Engine } from "../engine/Engine.js"
import { DirectSession } from "./DirectSession.js"

/** So many idle sessions are kept beside the first. */
const SPARE_MAX = 8

export class SessionPool {
  private readonly sessions: Array<DirectSession> = []
  private closed = false

  constructor(
    private readonly engine: Engine,
    private readonly database: number,
  ) {
    this.open()
  }

  private open(): DirectSession {
    const session = new DirectSession(this.engine, { resp: 3, database: this.database })
    this.sessions.push(session)
    return session
  }

  /** A session that nobody has to himself; undefined once the pool is closed. */
  idle(): DirectSession | undefined {
    const { sessions } = this
    for (let i = 0; i < sessions.length; i++) {
      const session = sessions[i]
      if (!session.busy && !session.closed) return session
    }
    if (this.closed) return undefined
    for (let i = sessions.length - 1; i >= 0; i--) if (sessions[i].closed) sessions.splice(i, 1)
    return this.open()
  }

  /** Lets go of sessions beyond those that are kept. */
  trim(): void {
    const { sessions } = this
    for (let i = sessions.length - 1; i > SPARE_MAX; i--)
      if (!sessions[i].busy) for (const session of sessions.splice(i, 1)) session.close()
  }

  close(): void {
    this.closed = true
    for (const session of this.sessions.splice(0)) session.close()
  }
}
