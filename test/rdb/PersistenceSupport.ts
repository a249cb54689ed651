/** A keyspace with persistence and no server, and what redis-server says of a file. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { defaultSettings } from "../../src/engine/Settings.js"
import {
  type PersistenceSettings,
  type RdbFiles,
  RdbPersistence,
  rdbFilesIn,
} from "../../src/rdb/RdbPersistence.js"
import { FunctionLibraries } from "../../src/rdb/load/KeptLibraries.js"
import type { Keyspace } from "../../src/store/Keyspace.js"
import { dataCommands } from "../../src/commands/index.js"
import { RespCodec } from "../../src/resp/RespCodec.js"
import { Background } from "../../src/engine/Background.js"
import type { Engine } from "../../src/engine/Engine.js"
import { EngineService, engineIn } from "../../src/engine/EngineService.js"
import { Store, keyspaceIn } from "../../src/store/Store.js"
import { withOracle } from "../support/Oracle.js"
import { root } from "../support/Program.js"

/** The built worker: the sources are not what a thread can load. */
export const compiledWorker: URL = pathToFileURL(path.join(root, "dist/snapshotWorker.js"))

export const settingsOf = (changes: Partial<PersistenceSettings> = {}): PersistenceSettings => ({
  ...defaultSettings,
  rdbcompression: true,
  rdbchecksum: true,
  rdbSaveIncrementalFsync: true,
  rdbKeySaveDelay: 0,
  keyLoadDelay: 0,
  maxmemoryPolicy: "noeviction",
  sanitizeDumpPayload: "no",
  ...changes,
})

export interface OpenPersistence {
  readonly keyspace: Keyspace
  /** Runs data commands on the keyspace. */
  readonly engine: Engine
  readonly persistence: RdbFiles
  readonly close: () => Promise<void>
}

export const openPersistence = async (
  changes: Partial<PersistenceSettings> = {},
  worker: URL | "inline" = "inline",
  files: Layer.Layer<FileSystem.FileSystem> = NodeFileSystem.layer,
): Promise<OpenPersistence> => {
  const scope = Effect.runSync(Scope.make())
  const layer = RdbPersistence.layerOf({
    settings: settingsOf(changes),
    worker,
    threadFromBytes: 0,
    id: "test",
  }).pipe(
    Layer.provideMerge(
      Layer.tap(EngineService.layerOf({ ...defaultSettings }), (context) =>
        Effect.sync(() => engineIn(context).dispatcher.table.add(dataCommands)),
      ),
    ),
    Layer.provideMerge(Store.layerOf()),
    Layer.provide(FunctionLibraries.layerKept()),
    Layer.provide(Background.layer()),
    Layer.provide(RespCodec.layer),
    Layer.provide(files),
  )
  const [keyspace, engine, persistence] = await Effect.runPromise(
    Layer.buildWithScope(layer, scope).pipe(
      Effect.map((context) => [keyspaceIn(context), engineIn(context), rdbFilesIn(context)] as const),
    ),
  )
  return { keyspace, engine, persistence, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** Runs `use` with a directory that is removed afterwards. */
export const withTempDir = async <A>(use: (dir: string) => Promise<A>): Promise<A> => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-rdb-"))
  try {
    return await use(dir)
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

/** What redis-check-rdb says of a file. */
export const checkRdb = (file: string): { readonly ok: boolean; readonly output: string } => {
  const run = spawnSync("redis-check-rdb", [file], { encoding: "utf8", timeout: 60_000 })
  return { ok: run.status === 0, output: `${run.stdout}${run.stderr}` }
}

/** One line a key: database, name, type, encoding, digest, expiry; as redis-server loads the file `dir`/dump.rdb. */
export const oracleView = (dir: string): Promise<ReadonlyArray<string>> =>
  withOracle({ dir, config: { dbfilename: "dump.rdb" } }, async (oracle) => {
    const client = await oracle.connect()
    const call = async (...args: ReadonlyArray<string | Uint8Array>): Promise<string> =>
      (await client.command(...args)).toString("latin1")
    const lines: Array<string> = []
    for (let db = 0; db < 16; db++) {
      await call("SELECT", String(db))
      const keys = /db\d+:keys=/.test(await call("INFO", "keyspace"))
        ? await bulks(await call("KEYS", "*"))
        : []
      for (const key of keys) {
        const name = Buffer.from(key, "latin1")
        const parts = [
          await call("TYPE", name),
          await call("OBJECT", "ENCODING", name),
          await call("DEBUG", "DIGEST-VALUE", name),
          await call("PEXPIRETIME", name),
        ]
        lines.push(`${db} ${JSON.stringify(key)} ${parts.join(" ").replaceAll("\r\n", " ")}`)
      }
    }
    client.close()
    return lines.sort()
  })

/** The strings of an array reply. */
const bulks = (reply: string): ReadonlyArray<string> => {
  const out: Array<string> = []
  let at = reply.indexOf("\r\n") + 2
  while (at < reply.length) {
    const eol = reply.indexOf("\r\n", at)
    const n = Number(reply.slice(at + 1, eol))
    out.push(reply.slice(eol + 2, eol + 2 + n))
    at = eol + 2 + n + 2
  }
  return out
}
