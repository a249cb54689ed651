/** Connections: PING, ECHO, AUTH, HELLO, SELECT, RESET, QUIT, MONITOR. */
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import type { Session } from "../../engine/clients/Session.js"
import * as spec from "../spec/connection.js"
import { MONITOR } from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import { DEFAULT_USER, type User } from "../../engine/acl/User.js"
import type { Engine } from "../../engine/Engine.js"
import { REDIS_VERSION } from "../../server/version.js"

const ping = (c: CommandContext): void => {
  if (c.argc > 2) return c.fail(Errors.wrongArguments("ping"))
  if (c.session.subscribed && c.session.resp === 2) {
    c.out.array(2)
    c.out.bulkText("pong")
    if (c.argc === 2) c.out.bulk(c.buf, c.argOff[1], c.argLen[1])
    else c.out.bulkText("")
  } else if (c.argc === 2) c.out.bulk(c.buf, c.argOff[1], c.argLen[1])
  else c.out.simple("PONG")
}

/** Whether a text, one character a byte, may name a connection: printable ASCII without blanks. */
export const isClientName = (name: string): boolean => /^[!-~]*$/.test(name)

const login = (session: Session, user: User, authenticated: boolean): void => {
  session.actAs(user)
  session.authenticated = authenticated
  if (session.limits.authenticated === authenticated) return
  session.limits.authenticated = authenticated
  session.control.limitsChanged()
}

/** Logs the session in if user and password are right; a failure goes to the ACL log. */
const tryLogin = (c: CommandContext, engine: Engine, username: string, password: Uint8Array): boolean => {
  const user = engine.users.login(username, password)
  if (user !== undefined) {
    login(c.session, user, true)
    return true
  }
  const context = c.denyBlocking ? "multi" : "toplevel"
  engine.aclLog.add(c, { reason: "auth", context, object: c.text(0), username })
  return false
}

const auth = (c: CommandContext, engine: Engine): void => {
  if (c.argc > 3) return c.fail(Errors.syntax)
  if (c.argc === 2 && engine.users.default.anyPassword) return c.fail(Errors.authWithoutPassword)
  const user = c.argc === 3 ? c.text(1) : DEFAULT_USER
  if (tryLogin(c, engine, user, c.bytes(c.argc - 1))) c.out.ok()
  else c.fail(Errors.wrongPass)
}

const helloDeclared = options(spec.HELLO)
const [AUTH, SETNAME] = helloDeclared.bits("AUTH", "SETNAME")

/** Does what HELLO's options ask for, one after another as Redis does; answers the error they met, if any. */
const helloOptions = (c: CommandContext, engine: Engine): string | undefined => {
  for (let i = 2, option = 0; i < c.argc; i += helloDeclared.words(option)) {
    option = helloDeclared.at(c, i)
    if (option === AUTH) {
      if (!tryLogin(c, engine, c.text(i + 1), c.bytes(i + 2))) return Errors.wrongPass
    } else if (option === SETNAME) {
      const name = c.text(i + 1)
      if (!isClientName(name)) return Errors.clientName
      c.session.name = name
    } else return Errors.helloOption(c.text(i))
  }
  return undefined
}

const hello = (c: CommandContext, engine: Engine): void => {
  const { session, out } = c
  let resp = session.resp
  if (c.argc > 1) {
    const version = c.integer(1)
    if (version !== version) return c.fail(Errors.protoNotInteger)
    if (version !== 2 && version !== 3) return c.fail(Errors.noProto)
    resp = version
  }
  const problem = helloOptions(c, engine)
  if (problem !== undefined) return c.fail(problem)
  if (!session.authenticated && engine.users.loginRequired) return c.fail(Errors.noAuthHello)
  session.resp = out.resp = resp
  out.map(7)
  out.bulkText("server")
  out.bulkText("redis")
  out.bulkText("version")
  out.bulkText(REDIS_VERSION)
  out.bulkText("proto")
  out.int(resp)
  out.bulkText("id")
  out.int(session.id)
  out.bulkText("mode")
  out.bulkText("standalone")
  out.bulkText("role")
  out.bulkText(engine.role)
  out.bulkText("modules")
  out.emptyArray()
}

const select = (c: CommandContext): void => {
  const id = c.integer(1)
  if (id !== id) return c.fail(Errors.notInteger)
  if (id !== (id | 0)) return c.fail(Errors.valueOutOfBounds("-2147483648", "2147483647"))
  if (id < 0 || id >= c.keyspace.present.count) return c.fail(Errors.dbIndexOutOfRange)
  c.session.database = id
  c.out.ok()
}

const reset = (c: CommandContext, engine: Engine): void => {
  const { session } = c
  if (session.kind !== "normal") return c.fail(Errors.resetNormalOnly)
  engine.monitors.leave(session)
  session.dropQueue()
  c.events.unwatchAll(session)
  c.pubsub.leave(session)
  engine.tracking.stop(session)
  session.name = ""
  session.database = 0
  session.resp = c.out.resp = 2
  session.replies = 0
  session.readOnly = false
  login(session, engine.users.default, !engine.users.loginRequired)
  c.out.simple("RESET")
}

export const connectionCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.PING, ping),
  command(spec.ECHO, (c) => c.out.bulk(c.buf, c.argOff[1], c.argLen[1])),
  command(spec.AUTH, (c) => auth(c, engine)),
  command(spec.HELLO, (c) => hello(c, engine)),
  command(spec.SELECT, select),
  command(spec.RESET, (c) => reset(c, engine)),
  command(spec.QUIT, (c) => {
    c.session.closing = true
    c.out.ok()
  }),
  command(MONITOR, (c) => {
    if (c.denyBlocking) return c.fail(Errors.monitorDenyBlocking)
    // A replica's link carries the stream and nothing else; and who looks already is told nothing.
    if (c.session.kind !== "normal" || c.session.monitor) return
    engine.monitors.join(c.session)
    c.out.ok()
  }),
]
