/** Commands that read and write every part of a value, whatever its type: for values made of bytes that lie. */
import type { Random } from "../support/Random.js"

type Words = ReadonlyArray<string>

/** The key the commands use; "k2" and "k3" hold results and copies. */
export const KEY = "k"

const LONG = "y".repeat(100)

const lines = (text: string): ReadonlyArray<Words> =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(" "))
    .map((words) => words.map((word) => (word === "LONG" ? LONG : word)))

/** By the type that TYPE answers. */
export const usesOf: Readonly<Record<string, ReadonlyArray<Words>>> = {
  string: lines(`
    GET k
    APPEND k tail
    SETRANGE k 3 xyz
    GETRANGE k 0 -1
    INCR k
    INCRBYFLOAT k 1.5
    BITCOUNT k
    BITPOS k 1
    BITPOS k 0
    SETBIT k 7 1
    BITFIELD k INCRBY u8 0 1 GET i16 #1
    BITOP NOT k2 k
    BITOP XOR k2 k k
    LCS k k LEN
    PFADD k a b
    PFCOUNT k
    PFMERGE k2 k
    PFCOUNT k2 k
    PFDEBUG GETREG k
    PFDEBUG TODENSE k
    GEODIST k a b
  `),
  list: lines(`
    LRANGE k 0 -1
    LINDEX k 1
    LINDEX k -1
    LLEN k
    LSET k 0 new
    LSET k -1 LONG
    LINSERT k BEFORE a mid
    LINSERT k AFTER 12345 LONG
    LREM k 0 a
    LREM k -2 12345
    LTRIM k 1 -2
    LPOS k a COUNT 0
    LPOS k 12345 RANK -1
    LMOVE k k LEFT RIGHT
    RPOPLPUSH k k2
    LPOP k 2
    RPOP k
    LPUSH k LONG 1
    RPUSH k 2 LONG
    SORT k ALPHA
    SORT k ALPHA DESC STORE k2
    LMPOP 1 k RIGHT COUNT 3
    DEBUG QUICKLIST k
  `),
  set: lines(`
    SMEMBERS k
    SCARD k
    SISMEMBER k 1
    SMISMEMBER k a 1 -5 70000
    SRANDMEMBER k 5
    SRANDMEMBER k -5
    SPOP k 1
    SPOP k
    SADD k more 1
    SADD k 9223372036854775807
    SADD k LONG
    SREM k 1 a
    SMOVE k k2 70000
    SINTER k k
    SUNIONSTORE k2 k k
    SDIFFSTORE k2 k k3
    SINTERCARD 1 k
    SSCAN k 0 COUNT 100
    SORT k ALPHA
  `),
  hash: lines(`
    HGETALL k
    HLEN k
    HGET k f
    HMGET k f g h
    HSET k f changed
    HSET k more 1
    HSET k f LONG
    HSET k LONG 1
    HSETNX k f 1
    HDEL k f
    HDEL k g h
    HINCRBY k f 1
    HINCRBYFLOAT k g 1.5
    HRANDFIELD k 3 WITHVALUES
    HRANDFIELD k -3 WITHVALUES
    HSCAN k 0 COUNT 100
    HSTRLEN k f
    HEXISTS k g
    HKEYS k
    HVALS k
  `),
  zset: lines(`
    ZRANGE k 0 -1 WITHSCORES
    ZRANGE k -inf +inf BYSCORE WITHSCORES
    ZRANGE k +inf -inf BYSCORE REV LIMIT 1 2
    ZRANGE k - + BYLEX
    ZRANGE k + - BYLEX REV
    ZCARD k
    ZCOUNT k -inf +inf
    ZCOUNT k (1 2.5
    ZLEXCOUNT k [a (c
    ZSCORE k a
    ZMSCORE k a b c
    ZRANK k b
    ZREVRANK k c
    ZADD k 5 a
    ZADD k XX GT CH 7 b
    ZADD k 3 LONG
    ZADD k nan a
    ZADD k INCR 1 a
    ZINCRBY k -inf c
    ZINCRBY k inf c
    ZREM k a
    ZREM k b c
    ZREMRANGEBYRANK k 0 0
    ZREMRANGEBYSCORE k 2 3
    ZREMRANGEBYLEX k [a [b
    ZPOPMIN k
    ZPOPMAX k 2
    ZRANDMEMBER k 3 WITHSCORES
    ZRANDMEMBER k -3 WITHSCORES
    ZUNIONSTORE k2 2 k k WEIGHTS 1 2
    ZINTERSTORE k2 2 k k AGGREGATE MAX
    ZDIFFSTORE k2 2 k k3
    ZRANGESTORE k2 k 0 -1
    ZSCAN k 0 COUNT 100
    GEOPOS k a b
    GEOSEARCH k FROMLONLAT 0 0 BYRADIUS 30000 km WITHCOORD WITHDIST
    GEOHASH k a
    SORT k ALPHA
  `),
  stream: lines(`
    XRANGE k - +
    XREVRANGE k + -
    XRANGE k 1-1 5-0 COUNT 2
    XLEN k
    XADD k * a b
    XADD k 99999999999999-1 f v g w
    XADD k MAXLEN 2 * LONG LONG
    XADD k NOMKSTREAM MAXLEN ~ 1 * f v
    XDEL k 1-1
    XDEL k 5-0 1-2
    XTRIM k MAXLEN 1
    XTRIM k MINID 3
    XTRIM k MINID ~ 5
    XREAD COUNT 10 STREAMS k 0
    XREADGROUP GROUP g c STREAMS k >
    XREADGROUP GROUP g d COUNT 1 STREAMS k >
    XREADGROUP GROUP g c STREAMS k 0
    XREADGROUP GROUP g c NOACK STREAMS k >
    XACK k g 1-1 5-0
    XPENDING k g
    XPENDING k g - + 10
    XPENDING k g IDLE 0 - + 10 c
    XCLAIM k g d 0 1-1 1-2 5-0
    XCLAIM k g d 0 1-1 FORCE JUSTID
    XAUTOCLAIM k g d 0 0 COUNT 10
    XINFO STREAM k
    XINFO STREAM k FULL
    XINFO GROUPS k
    XINFO CONSUMERS k g
    XSETID k 99999999999999-9
    XSETID k 5-0 ENTRIESADDED 10 MAXDELETEDID 4-0
    XGROUP SETID k g 0
    XGROUP SETID k g $ ENTRIESREAD 2
    XGROUP CREATE k h $
    XGROUP CREATECONSUMER k g e
    XGROUP DELCONSUMER k g c
    XGROUP DESTROY k g
  `),
}

/** Commands for any type. */
const common = lines(`
  TYPE k
  OBJECT ENCODING k
  OBJECT FREQ k
  DEBUG DIGEST-VALUE k
  DEBUG LISTPACK k
  DEBUG OBJECT k
  MEMORY USAGE k SAMPLES 0
  DUMP k
  COPY k k2 REPLACE
  RENAME k k
  EXPIRE k 1000
  PERSIST k
  MOVE k 1
`)

const types = Object.keys(usesOf)

/** `n` commands for a value of `type`, some for other types among them. */
export const randomUses = (r: Random, type: string, n: number): ReadonlyArray<Words> =>
  r.times(n, () => {
    if (r.chance(0.12)) return r.pick(common)
    const of = r.chance(0.03) ? r.pick(types) : type
    return r.pick(usesOf[of] ?? common)
  })
