/** The commands of replication: REPLICAOF, ROLE, REPLCONF, PSYNC, SYNC, WAIT, WAITAOF, FAILOVER. */
import * as Effect from "effect/Effect"
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as generic from "../spec/generic.js"
import * as spec from "../spec/server.js"
import { splitWords } from "../../bytes/Words.js"
import type { ReplicaLink } from "../../replication/master/ReplicaLink.js"
import { PHASE_NAMES } from "../../replication/ReplicaState.js"
import type { WaitEnd } from "../../replication/master/WaitList.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"
import type { Replication } from "../../server/replication/Replication.js"
import { describeClient } from "../../engine/clients/clientDescribe.js"
import type { DebugSubcommand } from "../debug/DebugSubcommand.js"
import { failover } from "./failover.js"

export const replicationCommands = (engine: Engine, replication: Replication): ReadonlyArray<Command> => [
  command(spec.REPLICAOF, (c) => replicaof(c, engine, replication)),
  command(spec.SLAVEOF, (c) => replicaof(c, engine, replication)),
  command(spec.ROLE, (c) => role(c, replication)),
  command(spec.REPLCONF, (c) => replconf(c, replication)),
  command(spec.PSYNC, (c) => psync(c, replication)),
  command(spec.SYNC, (c) => {
    if (c.session.kind === "replica" || refusesSync(c, replication)) return
    replication.master.linkOf(c.session).plainSync = true
    replication.master.psync(c, "?", -1)
  }),
  command(generic.WAIT, (c) => wait(c, replication)),
  command(generic.WAITAOF, (c) => waitaof(c, engine, replication)),
  command(spec.FAILOVER, (c) => failover(c, replication)),
]

/** SLAVEOF takes the same words. */
const noOne = options(spec.REPLICAOF)
const [NO, ONE] = noOne.bits("NO", "ONE")
/** DEBUG CHANGE-REPL-ID. */
export const debugChangeId = ({ log }: Replication): DebugSubcommand => ({
  name: "CHANGE-REPL-ID",
  arguments: [0, 0],
  help: [
    "CHANGE-REPL-ID",
    "    Change the replication IDs of the instance.",
    "    Dangerous: should be used only for testing the replication subsystem.",
  ],
  run: (c) => {
    log.changeId()
    c.out.ok()
  },
})

const replicaof = (c: CommandContext, engine: Engine, replication: Replication): void => {
  const { replica } = replication
  const log = (text: string): void =>
    engine.logger.notice(`${text} (user request from '${describeClient(c, c.session)}')`, {
      client: c.session.id,
    })
  if (replication.failover.running) return c.fail(Errors.replicaofInFailover)
  if (noOne.at(c, 1) === NO && noOne.at(c, 2) === ONE) {
    if (replica.master !== undefined) {
      replication.promote()
      log("MASTER MODE enabled")
    }
    return c.out.ok()
  }
  if (c.session.kind === "replica") return c.fail(Errors.replicaofByReplica)
  const port = c.integer(2)
  if (!(port >= 0 && port <= 65535)) return c.fail(Errors.invalidMasterPort)
  const host = c.utf8(1)
  if (replica.master?.host === host && replica.master.port === port) {
    engine.logger.notice(
      "REPLICAOF would result into synchronization with the master we are already connected with. No operation performed.",
    )
    return c.out.simple("OK Already connected to specified master")
  }
  replication.follow(host, port)
  log(`REPLICAOF ${host}:${port} enabled`)
  c.out.ok()
}

const role = (c: CommandContext, { master, replica, log }: Replication): void => {
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

/** Pairs of option and value, which no declaration names, as in Redis. ACK and GETACK are never answered. */
const replconf = (c: CommandContext, replication: Replication): void => {
  if (c.argc % 2 === 0) return c.fail(Errors.syntax)
  const { master, replica } = replication
  if (c.session.kind === "master") {
    if (c.is(1, "GETACK")) replica.acknowledgements.answer()
    return
  }
  for (let i = 1; i < c.argc; i += 2) {
    if (c.is(i, "ACK")) {
      const onDisk = i + 3 < c.argc && c.is(i + 2, "FACK") ? c.integer(i + 3) : -1
      if (c.session.kind === "replica") master.acknowledge(c.session, c.integer(i + 1), onDisk)
      return
    }
    if (c.is(i, "GETACK")) return
    if (!option(c, i, replication)) return
  }
  c.out.ok()
}

/** The longest ip-address a replica may announce. */
const ADDRESS_BYTES_MAX = 255

/** rdb-filter-only: the words name what the snapshot is to hold; answers the error they meet. */
const filterSnapshot = (text: string, link: ReplicaLink): string | undefined => {
  const words = splitWords(text)
  if (words === undefined) return "ERR Missing rdb-filter-only values"
  const unknown = words.find((word) => word.toLowerCase() !== "functions")
  if (unknown !== undefined) return `ERR Unsupported rdb-filter-only option: ${unknown}`
  link.snapshotPart = words.length > 0 ? "libraries" : "nothing"
  return undefined
}

/** Takes one option; answers the error it meets. */
const setOption = (c: CommandContext, i: number, link: ReplicaLink): string | undefined => {
  if (c.is(i, "LISTENING-PORT")) {
    const port = c.integer(i + 1)
    if (Number.isNaN(port)) return Errors.notInteger
    link.listeningPort = port
  } else if (c.is(i, "IP-ADDRESS")) {
    const bytes = c.argLen[i + 1]
    if (bytes > ADDRESS_BYTES_MAX)
      return `ERR REPLCONF ip-address provided by replica instance is too long: ${bytes} bytes`
    link.announcedIp = c.text(i + 1)
  } else if (c.is(i, "CAPA")) {
    if (c.is(i + 1, "EOF")) link.acceptsMark = true
    else if (c.is(i + 1, "PSYNC2")) link.psync2 = true
  } else if (c.is(i, "RDB-ONLY")) {
    const only = c.integer(i + 1)
    if (Number.isNaN(only)) return Errors.notInteger
    if (only < 0 || only > 1) return Errors.valueOutOfBounds("0", "1")
    link.snapshotOnly = only === 1
  } else if (c.is(i, "RDB-FILTER-ONLY")) return filterSnapshot(c.text(i + 1), link)
  else return Errors.replconfOption(c.text(i))
  return undefined
}

const option = (c: CommandContext, i: number, { master }: Replication): boolean => {
  const error = setOption(c, i, master.linkOf(c.session))
  if (error !== undefined) c.fail(error)
  return error === undefined
}

/** Answers true after an error when no replica may be served now. */
const refusesSync = (c: CommandContext, { replica, failover: handing }: Replication): boolean => {
  if (handing.running) c.fail("NOMASTERLINK Can't SYNC while failing over")
  else if (replica.master !== undefined && replica.phase !== "connected") {
    c.fail("NOMASTERLINK Can't SYNC while not connected with my master")
  } else if (c.session.control.hasUnsent()) {
    c.fail("ERR SYNC and PSYNC are invalid with pending output")
  } else return false
  return true
}

const psync = (c: CommandContext, replication: Replication): void => {
  const { master, replica, log } = replication
  if (c.session.kind === "replica") return
  if (c.argc > 3 && c.is(3, "FAILOVER")) {
    // The master asks this replica to take over: it does so only for the history it follows.
    if (replica.master === undefined) return c.fail("ERR PSYNC FAILOVER can't be sent to a master.")
    if (c.text(1).toLowerCase() !== log.id) {
      return c.fail("ERR PSYNC FAILOVER replid must match my replid.")
    }
    const from = `failover request from '${describeClient(c, c.session)}'`
    const { logger } = replication.engine
    logger.warning(`Failover request received for replid ${c.text(1)}.`)
    logger.notice(`MASTER MODE enabled (${from})`)
    replication.promote()
  }
  if (refusesSync(c, replication)) return
  const offset = c.integer(2)
  if (Number.isNaN(offset)) {
    const { name } = master.linkOf(c.session)
    replication.engine.logger.warning(`Replica ${name} asks for synchronization but with a wrong offset`)
    return c.fail(Errors.notInteger)
  }
  master.psync(c, c.text(1), offset)
}

const wait = (c: CommandContext, { master, replica }: Replication): void | Effect.Effect<Uint8Array> => {
  if (replica.master !== undefined) return c.fail(Errors.waitOnReplica)
  const wanted = c.integer(1)
  if (Number.isNaN(wanted)) return c.fail(Errors.notInteger)
  const timeout = c.integer(2)
  if (Number.isNaN(timeout)) return c.fail(Errors.timeoutNotInteger)
  if (timeout < 0) return c.fail(Errors.timeoutNegative)
  const { session } = c
  const offset = session.lastWriteOffset
  session.awaitsWrites = wanted > 0
  const there = master.acknowledged(offset)
  if (there >= wanted || c.denyBlocking) return c.out.int(there)
  const reply = (end: WaitEnd): Uint8Array => brokenWait(end) ?? latin1(`:${master.acknowledged(offset)}\r\n`)
  master.askForAcks(offset)
  const arrived = (): boolean => master.acknowledged(offset) >= wanted
  return Effect.map(master.waiters.wait(session, offset, arrived, timeout), reply)
}

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** What a wait that was ended answers. */
const brokenWait = (end: WaitEnd): Uint8Array | undefined => {
  if (end === "unblocked") return latin1(`-${Errors.unblocked}\r\n`)
  return end === "demoted" ? latin1(`-${Errors.unblockedByDemotion}\r\n`) : undefined
}

/** Redis 7.2's. What this session's writes are in the file's log is what its replies stand for. */
const waitaof = (
  c: CommandContext,
  { hold: { onDisk } }: Engine,
  { master, replica }: Replication,
): void | Effect.Effect<Uint8Array> => {
  const local = c.integer(1)
  if (Number.isNaN(local)) return c.fail(Errors.notInteger)
  if (local < 0 || local > 1) return c.fail(Errors.valueOutOfBounds("0", "1"))
  const wanted = c.integer(2)
  if (Number.isNaN(wanted) || wanted < 0) return c.fail(Errors.mustBePositive)
  const timeout = c.integer(3)
  if (Number.isNaN(timeout)) return c.fail(Errors.timeoutNotInteger)
  if (timeout < 0) return c.fail(Errors.timeoutNegative)
  if (replica.master !== undefined) return c.fail(Errors.waitaofOnReplica)
  if (local > 0 && !onDisk.kept) return c.fail(Errors.waitaofWithoutFile)
  const { session } = c
  const offset = session.lastWriteOffset
  const position = session.heldUntil
  session.awaitsWrites = wanted > 0
  const here = (): number => (onDisk.kept && onDisk.position >= position ? 1 : 0)
  const arrived = (): boolean =>
    (local > 0 && !onDisk.kept) || (here() >= local && master.onDisk(offset) >= wanted)
  if (arrived() || c.denyBlocking) {
    c.out.array(2)
    c.out.int(here())
    return c.out.int(master.onDisk(offset))
  }
  const reply = (end: WaitEnd): Uint8Array => {
    if (local > 0 && !onDisk.kept) return latin1(`-${Errors.waitaofWithoutFile}\r\n`)
    return brokenWait(end) ?? latin1(`*2\r\n:${here()}\r\n:${master.onDisk(offset)}\r\n`)
  }
  if (wanted > 0) master.askForAcks(offset)
  return Effect.map(master.diskWaiters.wait(session, local > 0 ? -1 : offset, arrived, timeout), reply)
}
