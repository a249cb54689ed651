/**
 * What each command answers in RESP3, as the text of a type; `T` stands for a string as the client asked for it. Commands
 * that are not here answer a `Value<T>`.
 */
const SCORED = "readonly [T, number]"
const ENTRY = "readonly [T, ReadonlyArray<T> | null] | null"
const ENTRIES = `ReadonlyArray<${ENTRY}>`

const repliesOf: ReadonlyArray<readonly [type: string, commands: string]> = [
  [
    '"OK"',
    "mset hmset flushall flushdb rename ltrim lset psetex setex pfmerge config|set config|resetstat config|rewrite " +
      "script|flush script|kill function|flush function|delete function|restore function|kill swapdb client|setname " +
      "client|pause client|unpause client|no-evict client|tracking client|caching xgroup|setid xgroup|create xsetid " +
      "restore multi discard watch unwatch auth save slowlog|reset acl|save acl|load replicaof acl|setuser select",
  ],
  ['"OK" | T | null', "set"],
  [
    "number",
    "append bitcount bitop bitpos dbsize del exists geoadd geosearchstore hdel hlen hset hstrlen linsert llen lpush " +
      "lpushx lrem pfcount publish rpush rpushx sadd scard sdiffstore setbit getbit setrange sinterstore sintercard " +
      "spublish srem strlen sunionstore touch unlink xack xdel xlen xtrim " +
      "xgroup|createconsumer xgroup|delconsumer xgroup|destroy zcard zcount zdiffstore zinterstore zintercard " +
      "zlexcount zrangestore zrem zremrangebylex zremrangebyrank zremrangebyscore zunionstore zincrby lastsave wait " +
      "client|id client|getredir pubsub|numpat latency|reset slowlog|len acl|deluser command|count",
  ],
  ["number | bigint", "incr incrby decr decrby hincrby ttl pttl expiretime pexpiretime"],
  ["number | null", "zrank zrevrank zscore zadd object|freq object|idletime object|refcount memory|usage"],
  [
    "0 | 1",
    "copy expire expireat hexists hsetnx move persist pexpire pexpireat renamenx setnx msetnx sismember smove pfadd " +
      "client|unblock",
  ],
  [
    "T",
    "echo getrange substr lolwut type incrbyfloat hincrbyfloat client|list client|info info script|load acl|genpass " +
      "acl|whoami function|load latency|doctor memory|doctor memory|malloc-stats",
  ],
  ["string", "bgsave"],
  ["T | string", "ping"],
  [
    "T | null",
    "get getdel getex getset hget lindex lmove blmove rpoplpush brpoplpush client|getname randomkey dump xadd " +
      "geodist object|encoding",
  ],
  [
    "ReadonlyArray<T>",
    "hkeys hvals keys lrange sdiff sinter smembers sunion zrangebylex zrevrangebylex acl|list acl|users acl|cat " +
      "pubsub|channels pubsub|shardchannels",
  ],
  ["ReadonlyArray<T | null>", "mget hmget geohash sort_ro"],
  ["ReadonlyMap<T, T>", "hgetall config|get"],
  ["readonly [T, ReadonlyArray<T>]", "scan sscan hscan zscan"],
  ["T | ReadonlyArray<T> | null", "lpop rpop spop srandmember"],
  ["readonly [T, T] | null", "blpop brpop"],
  ["readonly [T, T]", "time"],
  ["readonly [T, ReadonlyArray<T>] | null", "lmpop blmpop"],
  [`readonly [T, ReadonlyArray<${SCORED}>] | null`, "zmpop bzmpop"],
  ["readonly [T, T, number] | null", "bzpopmax bzpopmin"],
  [`${SCORED} | readonly [] | ReadonlyArray<${SCORED}>`, "zpopmax zpopmin"],
  [
    `ReadonlyArray<T> | ReadonlyArray<${SCORED}>`,
    "zrange zrangebyscore zrevrange zrevrangebyscore zdiff zinter zunion",
  ],
  [`T | ReadonlyArray<T> | ReadonlyArray<${SCORED}> | null`, "zrandmember"],
  ["T | ReadonlyArray<T> | ReadonlyArray<readonly [T, T]> | null", "hrandfield"],
  ["ReadonlyArray<number | null>", "zmscore"],
  ["ReadonlyArray<number | bigint | null>", "bitfield bitfield_ro"],
  ["number | ReadonlyArray<number> | null", "lpos"],
  ["ReadonlyArray<readonly [number, number] | null>", "geopos"],
  ["ReadonlyArray<0 | 1>", "smismember script|exists"],
  ["number | ReadonlyArray<T | null>", "sort"],
  // Null where COUNT is 0 or less.
  [`${ENTRIES} | null`, "xrange xrevrange"],
  [`ReadonlyMap<T, ${ENTRIES}> | null`, "xread xreadgroup"],
  [`${ENTRIES} | ReadonlyArray<T>`, "xclaim"],
  [`readonly [T, ${ENTRIES} | ReadonlyArray<T>, ReadonlyArray<T>]`, "xautoclaim"],
  ["number | T | ReadonlyMap<T, Value<T>>", "lcs"],
  ["ReadonlyMap<T, Value<T>>", "xinfo|stream"],
  ["ReadonlyArray<ReadonlyMap<T, Value<T>>>", "xinfo|groups xinfo|consumers function|list"],
  ["ReadonlyArray<T | number>", "pubsub|numsub pubsub|shardnumsub"],
]

const types = new Map(
  repliesOf.flatMap(([type, commands]) => commands.split(" ").map((name) => [name, type] as const)),
)

export const replyTypeOf = (command: string): string => types.get(command) ?? "Value<T>"

/** The commands that are said to answer something in particular. */
export const typedCommands: ReadonlyArray<string> = [...types.keys()]
