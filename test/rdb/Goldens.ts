/** The golden files under testdata/golden with their descriptions, and how a decoded file compares with one. */
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { RdbDecoder, type RdbDecoderOptions } from "../../src/rdb/decode/RdbDecoder.js"
import { type Collected, CollectingSink, type CollectedStream, scoreOf } from "./CollectingSink.js"

const dir = fileURLToPath(new URL("../../testdata/golden/", import.meta.url))

interface GoldenGroup {
  readonly name: string
  readonly lastId: string
  readonly entriesRead: number | null
  readonly pending: ReadonlyArray<[id: string, consumer: string, time: number, count: number]>
  readonly consumers: ReadonlyArray<{ name: string; seenTime: number; pending: ReadonlyArray<string> }>
}

interface GoldenStream {
  readonly entries: ReadonlyArray<[string, ReadonlyArray<string>]>
  readonly length: number
  readonly lastId: string
  readonly maxDeletedId: string
  readonly entriesAdded: number
  readonly firstId: string
  readonly groups: ReadonlyArray<GoldenGroup>
}

type GoldenKey = { readonly encoding: string; readonly expireAt?: number; readonly digest: string } & (
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "list" | "set"; readonly value: ReadonlyArray<string> }
  | { readonly type: "hash" | "zset"; readonly value: ReadonlyArray<[string, string]> }
  | { readonly type: "stream"; readonly value: GoldenStream }
)

export interface Golden {
  readonly source: string
  readonly rdbVersion: number
  readonly databases: Readonly<Record<string, Readonly<Record<string, GoldenKey>>>>
  readonly functions: ReadonlyArray<string>
}

export const goldenNames: ReadonlyArray<string> = fs
  .readdirSync(dir)
  .filter((name) => name.endsWith(".rdb"))
  .map((name) => name.slice(0, -".rdb".length))
  .sort()

export const goldenBytes = (name: string): Uint8Array => new Uint8Array(fs.readFileSync(`${dir}${name}.rdb`))

export const goldenDescription = (name: string): Golden =>
  JSON.parse(fs.readFileSync(`${dir}${name}.json`, "utf8")) as Golden

/** Decodes a whole file given in chunks of `chunkBytes`. */
export const decode = (
  bytes: Uint8Array,
  chunkBytes = bytes.length,
  options: Partial<RdbDecoderOptions> = {},
): CollectingSink => {
  const sink = new CollectingSink()
  const decoder = new RdbDecoder(sink, { path: "test.rdb", ...options })
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // A copy that is wiped afterwards: nothing may be read from a chunk once `feed` has returned.
    const chunk = bytes.slice(at, at + chunkBytes)
    expect(decoder.feed(chunk)).toBe(chunk.length)
    chunk.fill(0xaa)
  }
  decoder.finish()
  expect(decoder.done).toBe(true)
  expect(decoder.offset).toBe(bytes.length)
  return sink
}

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1)

const byScore = (a: readonly [string, number], b: readonly [string, number]): number =>
  a[1] === b[1] ? byText(a[0], b[0]) : a[1] - b[1]

const expectStream = (actual: CollectedStream, golden: GoldenStream): void => {
  expect(actual.entries).toEqual(golden.entries)
  const info = actual.info
  expect(Number(info?.length)).toBe(golden.length)
  expect(`${info?.lastId.ms}-${info?.lastId.seq}`).toBe(golden.lastId)
  if (info?.firstId !== undefined) {
    expect(`${info.firstId.ms}-${info.firstId.seq}`).toBe(golden.firstId)
    expect(`${info.maxDeletedId?.ms}-${info.maxDeletedId?.seq}`).toBe(golden.maxDeletedId)
    expect(Number(info.entriesAdded)).toBe(golden.entriesAdded)
  }
  const groups = [...actual.groups].sort((a, b) => byText(a.name, b.name))
  expect(groups.map((group) => group.name)).toEqual(golden.groups.map((group) => group.name))
  for (const [i, group] of groups.entries()) {
    const wanted = golden.groups[i]
    expect(group.lastId).toBe(wanted.lastId)
    if (group.entriesRead !== undefined) {
      expect(group.entriesRead).toBe(wanted.entriesRead === null ? -1n : BigInt(wanted.entriesRead))
    }
    expect(group.pending).toEqual(wanted.pending.map(([id, , time, count]) => [id, time, count]))
    const consumers = [...group.consumers].sort((a, b) => byText(a.name, b.name))
    expect(consumers.map(({ name, seenTime, pending }) => ({ name, seenTime, pending }))).toEqual(
      wanted.consumers,
    )
    for (const { name, pending } of consumers) {
      expect(pending).toEqual(wanted.pending.filter((entry) => entry[1] === name).map((entry) => entry[0]))
    }
  }
}

const expectKey = (actual: Collected, golden: GoldenKey): void => {
  expect(actual.type).toBe(golden.type)
  expect(actual.expireAt).toBe(golden.expireAt)
  const value = actual.value
  if (golden.type === "stream") {
    if (typeof value === "string" || Array.isArray(value)) throw new Error("not a stream")
    expectStream(value, golden.value)
  } else if (golden.type === "zset") {
    const wanted = golden.value.map(([member, score]): [string, number] => [member, scoreOf(score)])
    expect([...(value as Array<[string, number]>)].sort(byScore)).toEqual(wanted.sort(byScore))
  } else if (golden.type === "string" || golden.type === "list") expect(value).toEqual(golden.value)
  else expect([...(value as string[])].sort(byText)).toEqual(golden.value)
}

/** Sees that a decoded file holds what its description says. */
export const expectGolden = (sink: CollectingSink, golden: Golden): void => {
  expect(sink.ended).toBe(true)
  expect(sink.rdbVersion).toBe(golden.rdbVersion)
  expect([...sink.libraries].sort()).toEqual([...golden.functions].sort())
  expect([...sink.databases.keys()].sort((a, b) => a - b)).toEqual(Object.keys(golden.databases).map(Number))
  for (const [db, keys] of sink.databases) {
    const wanted = golden.databases[db]
    expect([...keys.keys()].sort(byText)).toEqual(Object.keys(wanted).sort(byText))
    for (const [name, actual] of keys) expectKey(actual, wanted[name])
  }
}
