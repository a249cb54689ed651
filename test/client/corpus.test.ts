/**
 * The commands that are compared with redis-server elsewhere, here through the client in the process and through a socket:
 * both must answer the same, text or bytes, in RESP2 and RESP3, and what the types of the methods say.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as EffectRandom from "effect/Random"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { isReplyFailure } from "../../src/client/Failures.js"
import { RedixClient, type Value, type Word } from "../../src/client.js"
import { Redix, TcpServer } from "../../src/index.js"
import {
  hashCommandsOf,
  setCommandsOf,
  stepsOf as collectionSteps,
} from "../differential/steps/collectionSteps.js"
import { adminMistakes, adminScript } from "../differential/steps/adminSteps.js"
import { genericSteps } from "../differential/steps/genericSteps.js"
import { geoSteps } from "../differential/steps/geoSteps.js"
import { listSteps } from "../differential/steps/listSteps.js"
import { mixedSteps } from "../differential/steps/mixedSteps.js"
import { sortCommandsOf } from "../differential/steps/sortSteps.js"
import { sortedSetSteps } from "../differential/steps/sortedSetSteps.js"
import { streamSteps } from "../differential/steps/streamSteps.js"
import {
  bitmapCommandsOf,
  hyperloglogCommandsOf,
  stepsOf,
  stringCommandsOf,
} from "../differential/steps/stringSteps.js"
import { effort } from "../support/Effort.js"
import { exact, type Step, type StepLike } from "../support/Differential.js"
import { Random } from "../support/Random.js"
import { formatCommand, RawClient } from "../support/RawClient.js"
import { parseReply, type ReplyNode } from "../support/RespFrames.js"
import { replyTypeOf, typedCommands } from "./ReplyTypes.js"
import { typeTest } from "./TypeTexts.js"

const COMMANDS = effort(600)
const BATCH = 200

/** Where both servers answer the same in any case: the same seed, the same commands, a clock that stands. */
const same = new Set(["exact", "sorted", "sorted pairs", "sorted at every depth"])

/** What a reply's bytes are to the client. */
const expectedOf = (node: ReplyNode, bytes: boolean): unknown => {
  const { type, payload, isNull, items } = node
  if (isNull) return null
  const last = items?.at(-1)
  if (type === "|" && last !== undefined) return expectedOf(last, bytes)
  if (items !== undefined) {
    const values = items.map((item) => expectedOf(item, bytes))
    if (type !== "%") return values
    return new Map(values.flatMap((value, i) => (i % 2 === 0 ? [[value, values[i + 1]] as const] : [])))
  }
  const text = payload.toString("latin1")
  if (type === "-" || type === "!") return { error: text }
  if (type === ":") return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)
  if (type === ",") return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text)
  if (type === "(") return BigInt(text)
  if (type === "#") return text === "t"
  if (type === "+") return text
  const string = type === "=" ? payload.subarray(4) : payload
  return bytes ? Uint8Array.from(string) : string.toString()
}

/** The same, of a value: failures by their texts. */
const comparable = (value: Value<string | Uint8Array>): unknown => {
  if (isReplyFailure(value)) return { error: value.message }
  if (Array.isArray(value)) return value.map(comparable)
  if (value instanceof Map)
    return new Map([...value].map(([key, item]) => [comparable(key), comparable(item)]))
  return value
}

const isArguments = (step: StepLike): step is Step["args"] => Array.isArray(step)

const stepOf = (step: StepLike): Step => (isArguments(step) ? { args: step, comparison: exact } : step)

/** Commands whose replies tell of the server's own time, wait for time to go on, or are refused in the process. */
const apart = /^(?:slowlog|latency|bl|br|bz|replconf|sync|psync|wait)/i

const isComparable = ({ args: [name] }: Step): boolean => !apart.test(String(name))

const wordsOf = ({ args }: Step): readonly [string, ...Array<Word>] => {
  const [name = "", ...words] = args
  return [name instanceof Uint8Array ? Buffer.from(name).toString("latin1") : String(name), ...words]
}

const subcommands = new Set(typedCommands.filter((name) => name.includes("|")))
const tests = new Map<string, (value: unknown) => boolean>()

/** Of registers that no PFADD makes PFCOUNT counts what it likes. */
const isMadeUp = (command: string, value: unknown): boolean =>
  command === "pfcount" && typeof value === "bigint"

/** Whether a reply is what the method's type says. */
const fits = ([name, first]: readonly [string, ...Array<Word>], value: unknown): boolean => {
  const own = name.toLowerCase()
  const sub = `${own}|${String(first).toLowerCase()}`
  const command = subcommands.has(sub) ? sub : own
  const test = tests.get(command) ?? typeTest(replyTypeOf(command))
  tests.set(command, test)
  return test(value) || isMadeUp(command, value)
}

const seeded = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  EffectRandom.withSeed(effect, "corpus")

const servers = () =>
  Effect.gen(function* () {
    const tcp = yield* seeded(Layer.build(Redix.layerServerWith({ "enable-debug-command": "yes" })))
    const port = (yield* Effect.provideContext(TcpServer, tcp)).ports[0] ?? 0
    const raw = yield* Effect.acquireRelease(
      Effect.promise(() => RawClient.connect({ host: "127.0.0.1", port })),
      (client) => Effect.sync(() => client.close()),
    )
    const direct = yield* seeded(
      Layer.build(
        RedixClient.layer().pipe(Layer.provideMerge(Redix.layerWith({ "enable-debug-command": "yes" }))),
      ),
    )
    const client = yield* Effect.provideContext(RedixClient, direct)
    return { raw, session: yield* client.session }
  })

const compare = (steps: Iterable<StepLike>, resp: 2 | 3) =>
  Effect.gen(function* () {
    const { raw, session } = yield* servers()
    yield* Effect.promise(() => raw.command("HELLO", String(resp)))
    yield* session.hello({ protover: resp })
    const all = [...steps].map(stepOf).filter(isComparable)
    let compared = 0
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH)
      const replies = yield* Effect.promise(() => raw.pipeline(batch.map(({ args }) => args)))
      for (const [i, step] of batch.entries()) {
        const bytes = (from + i) % 2 === 1
        const words = wordsOf(step)
        const call = bytes ? session.callBytes(...words) : session.call(...words)
        const value = yield* Effect.match(call, {
          onSuccess: comparable,
          onFailure: (failure): unknown => ({ error: failure.message }),
        })
        const said = `${from + i}: ${formatCommand(step.args)}`
        const node = parseReply(replies[i] ?? Buffer.alloc(0))
        if (same.has(step.comparison.name)) {
          assert.deepStrictEqual(value, expectedOf(node, bytes), said)
          compared++
        }
        if (resp === 3 && !bytes && node.type !== "-" && value !== "QUEUED")
          assert.isTrue(fits(words, value), `${said}: ${String(value)}`)
      }
    }
    return compared
  })

const corpus: Readonly<Record<string, (random: Random, resp: 2 | 3) => Iterable<StepLike>>> = {
  strings: (random) => stepsOf(stringCommandsOf, random, COMMANDS),
  bitmaps: (random) => stepsOf(bitmapCommandsOf, random, COMMANDS),
  HyperLogLogs: (random) => stepsOf(hyperloglogCommandsOf, random, COMMANDS),
  sets: (random) => collectionSteps(setCommandsOf, random, COMMANDS),
  hashes: (random) => collectionSteps(hashCommandsOf, random, COMMANDS),
  lists: (random) => listSteps(random, COMMANDS),
  "sorted sets": (random) => sortedSetSteps(random, COMMANDS),
  geo: (random) => geoSteps(random, COMMANDS),
  streams: (random) => streamSteps(random, COMMANDS),
  sort: (random) => collectionSteps(sortCommandsOf, random, COMMANDS),
  generic: (random) => genericSteps(random, COMMANDS, new Set()),
  mixed: (random) => mixedSteps(random, COMMANDS),
  "administration, step by step": (_, resp) => adminScript(resp),
  "administration, mistaken": (random) => adminMistakes(random, COMMANDS),
}

for (const [name, steps] of Object.entries(corpus))
  for (const resp of [2, 3] as const)
    it.effect(`${name}, RESP${resp}`, () =>
      Effect.gen(function* () {
        const compared = yield* compare(steps(Random.forTest(`${name} ${resp}`), resp), resp)
        assert.isAbove(compared, 50)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))),
    )
