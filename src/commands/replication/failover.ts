/** FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds] */
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { FAILOVER } from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import type { FailoverRequest } from "../../server/replication/Failover.js"
import type { Replication } from "../../server/replication/Replication.js"

type Words = FailoverRequest & { readonly abort: boolean; readonly timed: boolean }

const declared = options(FAILOVER)
const [TO, FORCE, ABORT, TIMEOUT] = declared.bits("TO", "FORCE", "ABORT", "TIMEOUT")

/** The words of the command, or the error they meet. */
const parse = (c: CommandContext): Words | string => {
  let to: FailoverRequest["to"]
  let timeoutMs = 0
  let timed = false
  let force = false
  let abort = false
  for (let i = 1, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === ABORT && c.argc === 2) abort = true
    else if (option === TIMEOUT && !timed) {
      timeoutMs = c.integer(i + 1)
      if (Number.isNaN(timeoutMs)) return Errors.notInteger
      if (timeoutMs <= 0) return "ERR FAILOVER timeout must be greater than 0"
      timed = true
    } else if (option === TO && to === undefined) {
      const port = c.integer(i + 2)
      if (Number.isNaN(port)) return Errors.notInteger
      to = { host: c.utf8(i + 1), port }
    } else if (option === FORCE && !force) force = true
    else return Errors.syntax
  }
  return { to, timeoutMs, timed, force, abort }
}

export const failover = (c: CommandContext, replication: Replication): void => {
  const words = parse(c)
  if (typeof words === "string") return c.fail(words)
  const { failover: handing, replica, master } = replication
  if (words.abort) {
    return handing.abort("Failover manually aborted") ? c.out.ok() : c.fail(Errors.failoverNone)
  }
  if (replica.master !== undefined) return c.fail(Errors.failoverOnReplica)
  if (handing.running) return c.fail("ERR FAILOVER already in progress.")
  if (master.attached.length === 0) return c.fail(Errors.failoverNoReplicas)
  if (words.force && (words.to === undefined || !words.timed)) {
    return c.fail("ERR FAILOVER with force option requires both a timeout and target HOST and IP.")
  }
  const { to } = words
  if (to !== undefined) {
    const target = master.attached.find((link) => link.ip === to.host && link.listeningPort === to.port)
    if (target === undefined) return c.fail("ERR FAILOVER target HOST and PORT is not a replica.")
    if (target.state !== "online") return c.fail("ERR FAILOVER target replica is not online.")
  }
  handing.begin(words)
  c.out.ok()
}
