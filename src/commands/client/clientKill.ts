/** CLIENT KILL: which connections its words name, and their end. */
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { CLIENT_KILL } from "../spec/connection.js"
import type { User } from "../../engine/acl/User.js"
import type { Session } from "../../engine/clients/Session.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"
import { type ClientType, clientType, parseClientType } from "../../engine/clients/clientDescribe.js"

interface Filter {
  id: number | undefined
  type: ClientType | undefined
  user: User | undefined
  address: string | undefined
  localAddress: string | undefined
  skipMe: boolean
}

const declared = options(CLIENT_KILL)
const [ID, TYPE, USER, ADDR, LADDR] = declared.bits("ID", "TYPE", "USER", "ADDR", "LADDR")

/** The filter in the words from the third on, or the error they met. */
const parseFilter = (c: CommandContext, engine: Engine): Filter | string => {
  const filter: Filter = {
    id: undefined,
    type: undefined,
    user: undefined,
    address: undefined,
    localAddress: undefined,
    skipMe: true,
  }
  for (let i = 2, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === 0) return Errors.syntax
    const value = c.text(i + 1)
    if (option === ID) {
      const id = c.integer(i + 1)
      if (!(id > 0)) return Errors.clientIdNotPositive
      filter.id = id
    } else if (option === TYPE) {
      filter.type = parseClientType(value)
      if (filter.type === undefined) return Errors.clientType(value)
    } else if (option === ADDR) filter.address = value
    else if (option === LADDR) filter.localAddress = value
    else if (option === USER) {
      filter.user = engine.users.find(value)
      if (filter.user === undefined) return Errors.noSuchUser(value)
    } else if (c.is(i + 1, "YES")) filter.skipMe = true
    else if (c.is(i + 1, "NO")) filter.skipMe = false
    else return Errors.syntax
  }
  return filter
}

const matches = (filter: Filter, session: Session): boolean =>
  (filter.id === undefined || session.id === filter.id) &&
  (filter.type === undefined || clientType(session) === filter.type) &&
  (filter.user === undefined || session.user === filter.user) &&
  (filter.address === undefined || session.address === filter.address) &&
  (filter.localAddress === undefined || session.localAddress === filter.localAddress)

/** Ends the connections the filter names; the caller's own after its reply. Answers how many there were. */
const kill = (c: CommandContext, engine: Engine, filter: Filter): number => {
  let count = 0
  for (const session of [...engine.sessions.values()]) {
    if (!matches(filter, session)) continue
    if (session !== c.session) session.control.kill()
    else if (filter.skipMe) continue
    else session.closing = true
    count++
  }
  return count
}

export const clientKill = (c: CommandContext, engine: Engine): void => {
  if (c.argc === 3) {
    const old: Filter = {
      id: undefined,
      type: undefined,
      user: undefined,
      address: c.text(2),
      localAddress: undefined,
      skipMe: false,
    }
    if (kill(c, engine, old) > 0) c.out.ok()
    else c.fail(Errors.noSuchClient)
    return
  }
  const filter = parseFilter(c, engine)
  if (typeof filter === "string") c.fail(filter)
  else c.out.int(kill(c, engine, filter))
}
