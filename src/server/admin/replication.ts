/** The commands of replication: REPLICAOF, ROLE, REPLCONF, PSYNC, SYNC, WAIT. */
import * as Effect from "effect/Effect"
import { type Command, command } from "../../commands/Command.js"
import type { CommandContext } from "../../commands/CommandContext.js"
import * as generic from "../../commands/spec/generic.js"
import * as spec from "../../commands/spec/server.js"
import * as Errors from "../../resp/Errors.js"
import { PHASE_NAMES } from "../../replication/ReplicaState.js"
import type { Engine } from "../Engine.js"
import type { Replication } from "../Replication.js"

export const replicationCommands = (
  engine: Engine,
  replication: () => Replication,
): ReadonlyArray<Command> => {
  const replicaof = (c: CommandContext): void => {
    const { replica } = replication()
    if (c.is(1, "NO") && c.is(2, "ONE")) {
      if (replica.master !== undefined) {
        replication().promote()
        engine.background(Effect.logInfo(`MASTER MODE enabled (user request from '${c.session.address}')`))
      }
      return c.out.ok()
    }
    const port = c.integer(2)
    if (!(port >= 0 && port <= 65535)) return c.fail("ERR Invalid master port")
    const host = c.utf8(1)
    if (replica.master?.host === host && replica.master.port === port) {
      return c.out.simple("OK Already connected to specified master")
    }
    replication().follow(host, port)
    engine.background(
      Effect.logInfo(`REPLICAOF ${host}:${port} enabled (user request from '${c.session.address}')`),
    )
    c.out.ok()
  }

  const role = (c: CommandContext): void => {
    const { master, replica, log } = replication()
    if (replica.master !== undefined) {
      c.out.array(5)
      c.out.bulkText("slave")
      c.out.bulkText(replica.master.host)
      c.out.int(replica.master.port)
      c.out.bulkText(PHASE_NAMES[replica.phase])
      c.out.int(replica.phase === "connected" ? log.offset : -1)
      return
    }
    const online = master.attached.filter((link) => link.state === "online")
    c.out.array(3)
    c.out.bulkText("master")
    c.out.int(log.offset)
    c.out.array(online.length)
    for (const link of online) {
      c.out.array(3)
      c.out.bulkText(link.ip)
      c.out.bulkText(String(link.listeningPort))
      c.out.bulkText(String(link.ackOffset))
    }
  }

  return [
    command(spec.REPLICAOF, replicaof),
    command(spec.SLAVEOF, replicaof),
    command(spec.ROLE, role),
    command(spec.REPLCONF, (c) => replconf(c, replication())),
    command(spec.PSYNC, (c) => psync(c, replication())),
    command(spec.SYNC, (c) => {
      replication().master.linkOf(c.session).plainSync = true
      replication().master.psync(c, "?", -1)
    }),
    command(generic.WAIT, (c) => wait(c, replication())),
  ]
}

/** Pairs of option and value. ACK and GETACK are never answered. */
const replconf = (c: CommandContext, replication: Replication): void => {
  if (c.argc % 2 === 0) return c.fail(Errors.syntax)
  const { master, replica } = replication
  if (c.session.kind === "master") {
    if (c.is(1, "GETACK")) replica.sendAck()
    return
  }
  for (let i = 1; i < c.argc; i += 2) {
    if (c.is(i, "ACK")) {
      if (c.session.kind === "replica") master.acknowledge(c.session, c.integer(i + 1))
      return
    }
    if (c.is(i, "GETACK")) return
    if (!option(c, i, replication)) return
  }
  c.out.ok()
}

const option = (c: CommandContext, i: number, { master }: Replication): boolean => {
  const link = master.linkOf(c.session)
  if (c.is(i, "LISTENING-PORT")) {
    const port = c.integer(i + 1)
    if (Number.isNaN(port)) {
      c.fail(Errors.notInteger)
      return false
    }
    link.listeningPort = port
  } else if (c.is(i, "IP-ADDRESS")) link.announcedIp = c.text(i + 1)
  else if (c.is(i, "CAPA")) {
    if (c.is(i + 1, "EOF")) link.acceptsMark = true
    else if (c.is(i + 1, "PSYNC2")) link.psync2 = true
  } else if (c.is(i, "RDB-ONLY")) link.snapshotOnly = c.integer(i + 1) === 1
  else if (c.is(i, "RDB-FILTER-ONLY")) {
    c.fail("ERR Unsupported filter: only a whole RDB can be sent")
    return false
  } else {
    c.fail(`ERR Unrecognized REPLCONF option: ${c.text(i)}`)
    return false
  }
  return true
}

const psync = (c: CommandContext, { master, replica }: Replication): void => {
  if (c.session.kind === "replica") return
  if (replica.master !== undefined && replica.phase !== "connected") {
    return c.fail("NOMASTERLINK Can't SYNC while not connected with my master")
  }
  const offset = c.integer(2)
  if (Number.isNaN(offset)) return c.fail(Errors.notInteger)
  master.psync(c, c.text(1), offset)
}

const wait = (c: CommandContext, { master, replica }: Replication): void | Effect.Effect<Uint8Array> => {
  if (replica.master !== undefined) return c.fail(Errors.waitOnReplica)
  const wanted = c.integer(1)
  if (Number.isNaN(wanted)) return c.fail(Errors.notInteger)
  const timeout = c.integer(2)
  if (Number.isNaN(timeout)) return c.fail(Errors.timeoutNotInteger)
  if (timeout < 0) return c.fail(Errors.timeoutNegative)
  const offset = c.session.lastWriteOffset
  const there = master.acknowledged(offset)
  if (there >= wanted || c.denyBlocking) return c.out.int(there)
  master.askForAcks()
  const reply = Effect.sync(() => Buffer.from(`:${master.acknowledged(offset)}\r\n`, "latin1"))
  const waiting = Effect.andThen(master.waiters.wait(offset, wanted), reply)
  return timeout === 0 ? waiting : Effect.timeoutOrElse(waiting, { duration: timeout, orElse: () => reply })
}
