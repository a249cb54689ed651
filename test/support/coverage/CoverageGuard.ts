/**
 * The coverage guard: every command and subcommand a server has is compared with redis-server somewhere, or stands below with
 * the reason why it is not. It judges a whole run, in which every test passed; of a part of one it says what it has not seen.
 */
export const EXCLUDED: Readonly<Record<string, string>> = {
  psync: "turns the connection into a replication link; test/replication compares the stream it starts",
  sync: "as psync",
  shutdown: "ends the server, and answers errors only; test/program/stop.test.ts compares how it ends",
  failover: "takes a master with a replica; test/replication/handover.test.ts compares what comes of it",
  "acl|load": "test/acl/files.test.ts compares what comes of a file of users",
  "acl|save": "as acl|load",
  bgrewriteaof: "test/aof/replies.test.ts compares its replies, test/aof/live.test.ts the files it writes",
  waitaof: "of Redis 7.2: redis-server 7.0 does not have it",
  "config|rewrite": "test/config/rewriteOracle.test.ts compares the files it writes",
  "module|load": "refused with redis-server's words, as enable-module-command has it",
  "module|loadex": "refused with redis-server's words, as enable-module-command has it",
  "module|unload": "refused with redis-server's words, as enable-module-command has it",
}

export interface Verdict {
  /** In the table, neither compared nor excluded. */
  readonly missing: ReadonlyArray<string>
  /** Excluded, but compared all the same or not in the table. */
  readonly stale: ReadonlyArray<string>
}

/** What a whole run that compared the commands `seen` says of the table. */
export const judge = (
  table: ReadonlyArray<string>,
  seen: ReadonlySet<string>,
  excluded: Readonly<Record<string, string>> = EXCLUDED,
): Verdict => ({
  missing: table.filter((name) => !seen.has(name) && excluded[name] === undefined).sort(),
  stale: Object.keys(excluded).filter((name) => seen.has(name) || !table.includes(name)),
})

/** The guard's words, where it has any. */
export const complaint = ({ missing, stale }: Verdict): string | undefined => {
  const lines: string[] = []
  if (missing.length > 0) lines.push(`not compared with redis-server by any test: ${missing.join(", ")}`)
  if (stale.length > 0) lines.push(`excluded from comparison without need: ${stale.join(", ")}`)
  return lines.length === 0 ? undefined : lines.join("\n")
}
