/** FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds] */
import type { CommandContext } from "../../engine/CommandContext.js"
import * as Errors from "../../resp/Errors.js"
import type { FailoverRequest } from "../../server/replication/Failover.js"
import type { Replication } from "../../server/replication/Replication.js"

type Words = FailoverRequest & { readonly abort: boolean; readonly timed: boolean }

/** The words of the command, or the error they meet. */
const parse = (c: CommandContext): Words | string => {
  let to: FailoverRequest["to"]
  let timeoutMs = 0
  let timed = false
  let force = false
  let abort = false
  for (let i = 1; i < c.argc; i++) {
    if (c.is(i, "ABORT") && c.argc === 2) abort = true
    else if (c.is(i, "TIMEOUT") && i + 1 < c.argc && !timed) {
      timeoutMs = c.integer(++i)
      if (Number.isNaN(timeoutMs)) return Errors.notInteger
      if (timeoutMs <= 0) return "ERR FAILOVER timeout must be greater than 0"
      timed = true
    } else if (c.is(i, "TO") && i + 2 < c.argc && to === undefined) {
      const port = c.integer(i + 2)
      if (Number.isNaN(port)) return Errors.notInteger
      to = { host: c.utf8(i + 1), port }
      i += 2
    } else if (c.is(i, "FORCE") && !force) force = true
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
