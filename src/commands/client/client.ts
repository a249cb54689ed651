/** CLIENT: what can be known of connections, and done to them. */
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { replyHelp } from "../shared/Help.js"
import { ReplyBit, type Session } from "../../engine/clients/Session.js"
import * as spec from "../spec/connection.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"
import { clientType, describeClient, parseClientType } from "../../engine/clients/clientDescribe.js"
import { clientKill } from "./clientKill.js"
import { isClientName } from "./connection.js"
import { clientCaching, clientGetRedir, clientTracking, clientTrackingInfo } from "./clientTracking.js"

const HELP: ReadonlyArray<string> = [
  "CACHING (YES|NO)",
  "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
  "GETREDIR",
  "    Return the client ID we are redirecting to when tracking is enabled.",
  "GETNAME",
  "    Return the name of the current connection.",
  "ID",
  "    Return the ID of the current connection.",
  "INFO",
  "    Return information about the current client connection.",
  "KILL <ip:port>",
  "    Kill connection made from <ip:port>.",
  "KILL <option> <value> [<option> <value> [...]]",
  "    Kill connections. Options are:",
  "    * ADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made from the specified address",
  "    * LADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made to specified local address",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Kill connections by type.",
  "    * USER <username>",
  "      Kill connections authenticated by <username>.",
  "    * SKIPME (YES|NO)",
  "      Skip killing current connection (default: yes).",
  "LIST [options ...]",
  "    Return information about client connections. Options:",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Return clients of specified type.",
  "UNPAUSE",
  "    Stop the current client pause, resuming traffic.",
  "PAUSE <timeout> [WRITE|ALL]",
  "    Suspend all, or just write, clients for <timeout> milliseconds.",
  "REPLY (ON|OFF|SKIP)",
  "    Control the replies sent to the current connection.",
  "SETNAME <name>",
  "    Assign the name <name> to the current connection.",
  "UNBLOCK <clientid> [TIMEOUT|ERROR]",
  "    Unblock the specified blocked client.",
  "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
  "         [OPTIN] [OPTOUT] [NOLOOP]",
  "    Control server assisted client side caching.",
  "TRACKINGINFO",
  "    Report tracking status for the current connection.",
  "NO-EVICT (ON|OFF)",
  "    Protect current client connection from eviction.",
]

/** The purpose of pauses asked for by CLIENT PAUSE. */
const PAUSE_PURPOSE = "client"

const replyLines = (c: CommandContext, sessions: Iterable<Session>): void => {
  let text = ""
  for (const session of sessions) text += `${describeClient(c, session)}\n`
  c.out.verbatim("txt", text)
}

const listOptions = options(spec.CLIENT_LIST)
const [TYPE, ID] = listOptions.bits("TYPE", "ID")

/** The sessions the words of CLIENT LIST name, or the error they met. */
const listed = (c: CommandContext, engine: Engine): Iterable<Session> | string => {
  const sessions = [...engine.sessions.values()]
  if (c.argc === 2) return sessions
  const by = listOptions.at(c, 2)
  if (by === TYPE && c.argc === 4) {
    const type = parseClientType(c.text(3))
    return type === undefined ? Errors.clientType(c.text(3)) : sessions.filter((s) => clientType(s) === type)
  }
  if (by !== ID) return Errors.syntax
  const named: Array<Session> = []
  for (let i = 3; i < c.argc; i++) {
    const id = c.integer(i)
    if (id !== id) return Errors.invalidClientId
    const session = engine.sessions.get(id)
    if (session !== undefined) named.push(session)
  }
  return named
}

const setName = (c: CommandContext): void => {
  const name = c.text(2)
  if (!isClientName(name)) return c.fail(Errors.clientName)
  c.session.name = name
  c.out.ok()
}

const pauseModes = options(spec.CLIENT_PAUSE)
const [ALL] = pauseModes.bits("ALL")

const pause = (c: CommandContext, engine: Engine): void => {
  if (c.argc > 4) return c.fail(Errors.unknownSubcommandOrArguments("client", c.text(1)))
  const given = c.argc === 4 ? pauseModes.at(c, 3) : ALL
  if (given === 0) return c.fail(Errors.clientPauseMode)
  const ms = c.integer(2)
  if (ms !== ms) return c.fail(Errors.timeoutNotInteger)
  if (ms < 0) return c.fail(Errors.timeoutNegative)
  const mode = given === ALL ? "all" : "write"
  const until = c.keyspace.now + ms
  // Beyond 64 bits the end lies in the past, as in Redis: there is no pause.
  if (until < 2 ** 63) engine.pause.pause(PAUSE_PURPOSE, mode, until)
  c.out.ok()
}

const unblockReasons = options(spec.CLIENT_UNBLOCK)
const [TIMEOUT] = unblockReasons.bits("TIMEOUT")

const unblock = (c: CommandContext, engine: Engine): void => {
  if (c.argc > 4) return c.fail(Errors.unknownSubcommandOrArguments("client", c.text(1)))
  const given = c.argc === 4 ? unblockReasons.at(c, 3) : TIMEOUT
  if (given === 0) return c.fail(Errors.clientUnblockReason)
  const id = c.integer(2)
  if (id !== id) return c.fail(Errors.notInteger)
  const how = given === TIMEOUT ? "timeout" : "error"
  const session = engine.sessions.get(id)
  if (session?.blocked?.unblock(how) !== true) return c.out.int(0)
  engine.dispatcher.held.unblocked(session, how === "error" ? Errors.unblocked : undefined)
  c.out.int(1)
}

const replyModes = options(spec.CLIENT_REPLY).choice("on_off_skip")
const [ON, OFF] = replyModes.bits("ON", "OFF")

const reply = (c: CommandContext): void => {
  const { session } = c
  const mode = replyModes.at(c, 2)
  if (mode === 0) c.fail(Errors.syntax)
  else if (mode === ON) {
    session.replies &= ReplyBit.skipNext
    c.out.ok()
  } else if (mode === OFF) session.replies |= ReplyBit.off
  else if ((session.replies & ReplyBit.off) === 0) session.replies |= ReplyBit.skipNext
}

const evictModes = options(spec.CLIENT_NO_EVICT).choice("enabled")
const [NO_EVICT] = evictModes.bits("ON")

const noEvict = (c: CommandContext): void => {
  const mode = evictModes.at(c, 2)
  if (mode === 0) return c.fail(Errors.syntax)
  c.session.noEvict = mode === NO_EVICT
  c.out.ok()
}

export const clientCommands = (engine: Engine): ReadonlyArray<Command> => [
  container(spec.CLIENT, [
    command(spec.CLIENT_CACHING, clientCaching),
    command(spec.CLIENT_GETNAME, (c) => {
      const { name } = c.session
      if (name === "") c.out.nil()
      else c.out.bulkText(name)
    }),
    command(spec.CLIENT_GETREDIR, clientGetRedir),
    command(spec.CLIENT_HELP, (c) => replyHelp(c, "CLIENT", HELP)),
    command(spec.CLIENT_ID, (c) => c.out.int(c.session.id)),
    command(spec.CLIENT_INFO, (c) => replyLines(c, [c.session])),
    command(spec.CLIENT_KILL, (c) => clientKill(c, engine)),
    command(spec.CLIENT_LIST, (c) => {
      const sessions = listed(c, engine)
      if (typeof sessions === "string") c.fail(sessions)
      else replyLines(c, sessions)
    }),
    command(spec.CLIENT_NO_EVICT, noEvict),
    command(spec.CLIENT_PAUSE, (c) => pause(c, engine)),
    command(spec.CLIENT_REPLY, reply),
    command(spec.CLIENT_SETNAME, setName),
    command(spec.CLIENT_TRACKING, (c) => clientTracking(c, engine)),
    command(spec.CLIENT_TRACKINGINFO, clientTrackingInfo),
    command(spec.CLIENT_UNBLOCK, (c) => unblock(c, engine)),
    command(spec.CLIENT_UNPAUSE, (c) => {
      engine.pause.unpause(PAUSE_PURPOSE)
      c.out.ok()
    }),
  ]),
]
