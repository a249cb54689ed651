/** Pub/Sub: SUBSCRIBE and its kin, PUBLISH, PUBSUB. */
import * as Errors from "../../resp/Errors.js"
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { TO_REPLICAS } from "../../engine/CommandLog.js"
import { replyHelp } from "../shared/Help.js"
import type { PubSub } from "../../engine/PubSub.js"
import type { Session } from "../../engine/clients/Session.js"
import * as spec from "../spec/pubsub.js"

const HELP: ReadonlyArray<string> = [
  "CHANNELS [<pattern>]",
  "    Return the currently active channels matching a <pattern> (default: '*').",
  "NUMPAT",
  "    Return number of subscriptions to patterns.",
  "NUMSUB [<channel> ...]",
  "    Return the number of subscribers for the specified channels, excluding",
  "    pattern subscriptions(default: no channels).",
  "SHARDCHANNELS [<pattern>]",
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  "SHARDNUMSUB [<shardchannel> ...]",
  "    Return the number of subscribers for the specified shard level channel(s)",
]

/** One kind of subscription: what its confirmations say, and where it is kept. */
interface Kind {
  readonly on: string
  readonly off: string
  readonly join: (pubsub: PubSub, session: Session, name: string) => void
  readonly quit: (pubsub: PubSub, session: Session, name: string) => void
  readonly names: (session: Session) => ReadonlySet<string>
  /** The number a confirmation tells. */
  readonly count: (session: Session) => number
}

const channels: Kind = {
  on: "subscribe",
  off: "unsubscribe",
  join: (pubsub, session, name) => pubsub.subscribe(session, name),
  quit: (pubsub, session, name) => pubsub.unsubscribe(session, name),
  names: (session) => session.channels,
  count: (session) => session.subscriptions,
}

const patterns: Kind = {
  on: "psubscribe",
  off: "punsubscribe",
  join: (pubsub, session, name) => pubsub.patternSubscribe(session, name),
  quit: (pubsub, session, name) => pubsub.patternUnsubscribe(session, name),
  names: (session) => session.patterns,
  count: (session) => session.subscriptions,
}

const shardChannels: Kind = {
  on: "ssubscribe",
  off: "sunsubscribe",
  join: (pubsub, session, name) => pubsub.shardSubscribe(session, name),
  quit: (pubsub, session, name) => pubsub.shardUnsubscribe(session, name),
  names: (session) => session.shardChannels,
  count: (session) => session.shardChannels.size,
}

const confirm = (c: CommandContext, word: string, name: string | undefined, count: number): void => {
  c.out.push(3)
  c.out.bulkText(word)
  if (name === undefined) c.out.nil()
  else c.out.bulkLatin1(name)
  c.out.int(count)
}

const subscribe = (c: CommandContext, kind: Kind): void => {
  c.keepReply = true
  for (let i = 1; i < c.argc; i++) {
    const name = c.text(i)
    kind.join(c.pubsub, c.session, name)
    confirm(c, kind.on, name, kind.count(c.session))
  }
}

const unsubscribe = (c: CommandContext, kind: Kind): void => {
  c.keepReply = true
  const names =
    c.argc > 1 ? Array.from({ length: c.argc - 1 }, (_, i) => c.text(i + 1)) : [...kind.names(c.session)]
  for (const name of names) {
    kind.quit(c.pubsub, c.session, name)
    confirm(c, kind.off, name, kind.count(c.session))
  }
  if (names.length === 0) confirm(c, kind.off, undefined, kind.count(c.session))
}

/** Publishing changes no key, so that no file needs it; but replicas have subscribers, too. */
const replicate = (c: CommandContext): void => {
  if ((c.propagation.log.kinds & TO_REPLICAS) !== 0)
    c.propagation.alsoTo(TO_REPLICAS, c.db.id, c.bytes(0), c.bytes(1), c.bytes(2))
}

const replyNames = (c: CommandContext, names: ReadonlyArray<string>): void => {
  c.out.array(names.length)
  for (const name of names) c.out.bulkLatin1(name)
}

const replyCounts = (c: CommandContext, count: (channel: string) => number): void => {
  c.out.array((c.argc - 2) * 2)
  for (let i = 2; i < c.argc; i++) {
    c.out.bulk(c.buf, c.argOff[i], c.argLen[i])
    c.out.int(count(c.text(i)))
  }
}

/** The names of CHANNELS or SHARDCHANNELS, whose one argument is a pattern. */
const listNames = (
  c: CommandContext,
  names: (pattern: Uint8Array | undefined) => ReadonlyArray<string>,
): void => {
  if (c.argc > 3) return c.fail(Errors.unknownSubcommandOrArguments("pubsub", c.text(1)))
  replyNames(c, names(c.argc === 3 ? c.bytes(2) : undefined))
}

export const pubsubCommands: ReadonlyArray<Command> = [
  command(spec.SUBSCRIBE, (c) => {
    // Inside MULTI it works, for the sake of old clients, though nobody there can be sent messages in between.
    if (c.denyBlocking && c.session.queue === undefined) return c.fail(Errors.denyBlocking("SUBSCRIBE"))
    subscribe(c, channels)
  }),
  command(spec.PSUBSCRIBE, (c) => {
    if (c.denyBlocking && c.session.queue === undefined) return c.fail(Errors.denyBlocking("PSUBSCRIBE"))
    subscribe(c, patterns)
  }),
  command(spec.SSUBSCRIBE, (c) => {
    if (c.denyBlocking) return c.fail(Errors.denyBlocking("SSUBSCRIBE"))
    subscribe(c, shardChannels)
  }),
  command(spec.UNSUBSCRIBE, (c) => unsubscribe(c, channels)),
  command(spec.PUNSUBSCRIBE, (c) => unsubscribe(c, patterns)),
  command(spec.SUNSUBSCRIBE, (c) => unsubscribe(c, shardChannels)),
  command(spec.PUBLISH, (c) => {
    const receivers = c.pubsub.publish(c.text(1), c.bytes(2))
    replicate(c)
    c.out.int(receivers)
  }),
  command(spec.SPUBLISH, (c) => {
    const receivers = c.pubsub.shardPublish(c.text(1), c.bytes(2))
    replicate(c)
    c.out.int(receivers)
  }),
  container(spec.PUBSUB, [
    command(spec.PUBSUB_CHANNELS, (c) => listNames(c, (p) => c.pubsub.channelNames(p))),
    command(spec.PUBSUB_SHARDCHANNELS, (c) => listNames(c, (p) => c.pubsub.shardChannelNames(p))),
    command(spec.PUBSUB_NUMSUB, (c) => replyCounts(c, (channel) => c.pubsub.subscribers(channel))),
    command(spec.PUBSUB_SHARDNUMSUB, (c) => replyCounts(c, (channel) => c.pubsub.shardSubscribers(channel))),
    command(spec.PUBSUB_NUMPAT, (c) => c.out.int(c.pubsub.patterns)),
    command(spec.PUBSUB_HELP, (c) => replyHelp(c, "PUBSUB", HELP)),
  ]),
]
