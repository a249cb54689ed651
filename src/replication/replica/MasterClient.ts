/** The connection to the master stands in CLIENT LIST as any other, as the client that the stream's commands run as. */
import { superuser } from "../../engine/acl/User.js"
import { detached } from "../../engine/clients/Session.js"
import type { Engine } from "../../engine/Engine.js"
import type { ReplicationLog } from "../ReplicationLog.js"
import type { MasterConnection } from "./MasterStream.js"

/** The link is up over this connection; `end` ends it. */
export const linkMaster = (
  engine: Engine,
  log: ReplicationLog,
  connection: MasterConnection,
  end: () => void,
): void => {
  const before = log.masterSession
  const session = engine.openSession()
  session.kind = "master"
  session.actAs(superuser)
  session.authenticated = true
  session.database = before.database
  session.limits.maxBulkLength = Infinity
  session.address = connection.address
  session.localAddress = connection.localAddress
  session.fileDescriptor = connection.descriptor
  session.control = { ...detached, close: end, kill: end }
  engine.sessions.set(session.id, session)
  log.masterSession = session
}

/** The connection is gone: forgets it, and a transaction that was cut. */
export const unlinkMaster = (engine: Engine, log: ReplicationLog): void => {
  engine.sessions.delete(log.masterSession.id)
  log.masterSession.dropQueue()
}
