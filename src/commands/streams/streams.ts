/** The stream commands, as the command table has them. */
import { command, container } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import * as spec from "../spec/streams.js"
import { xadd, xdel, xlen, xsetid } from "./streamsAdd.js"
import { xautoclaim, xclaim } from "./streamsClaim.js"
import * as group from "./streamsGroup.js"
import * as info from "./streamsInfo.js"
import { xack, xpending } from "./streamsPending.js"
import { xrange, xread, xreadgroup, xrevrange } from "./streamsRead.js"
import { xtrim } from "./streamsTrim.js"

export const streamCommands: ReadonlyArray<Command> = [
  command(spec.XADD, xadd),
  command(spec.XLEN, xlen),
  command(spec.XRANGE, xrange),
  command(spec.XREVRANGE, xrevrange),
  command(spec.XDEL, xdel),
  command(spec.XTRIM, xtrim),
  command(spec.XREAD, xread),
  command(spec.XREADGROUP, xreadgroup),
  command(spec.XACK, xack),
  command(spec.XPENDING, xpending),
  command(spec.XCLAIM, xclaim),
  command(spec.XAUTOCLAIM, xautoclaim),
  command(spec.XSETID, xsetid),
  container(spec.XGROUP, [
    command(spec.XGROUP_CREATE, group.create),
    command(spec.XGROUP_CREATECONSUMER, group.createConsumerCommand),
    command(spec.XGROUP_DELCONSUMER, group.deleteConsumerCommand),
    command(spec.XGROUP_DESTROY, group.destroy),
    command(spec.XGROUP_SETID, group.setId),
    command(spec.XGROUP_HELP, group.help),
  ]),
  container(spec.XINFO, [
    command(spec.XINFO_STREAM, info.stream),
    command(spec.XINFO_GROUPS, info.groups),
    command(spec.XINFO_CONSUMERS, info.consumers),
    command(spec.XINFO_HELP, info.help),
  ]),
]
