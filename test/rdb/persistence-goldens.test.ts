/** Every golden file, loaded and saved again, is to redis-server what the golden is. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { describeOracle } from "../support/Oracle.js"
import { goldenBytes, goldenDescription, goldenNames } from "./Goldens.js"
import { checkRdb, compiledWorker, openPersistence, oracleView, withTempDir } from "./PersistenceSupport.js"

/** Names whose access clocks are the point: saved under the policy they were captured with. */
const policyOf = (name: string): string =>
  name.includes("lfu") ? "allkeys-lfu" : name.includes("lru") ? "allkeys-lru" : "noeviction"

describeOracle("golden files, loaded and saved", () => {
  for (const name of goldenNames) {
    for (const worker of ["inline", compiledWorker] as const) {
      it(`${name}, ${worker === "inline" ? "on this thread" : "by the worker"}`, async () => {
        await withTempDir(async (dir) => {
          const file = `${dir}/dump.rdb`
          fs.writeFileSync(file, goldenBytes(name))
          const open = await openPersistence({ maxmemoryPolicy: policyOf(name) }, worker)
          const { keyspace, persistence } = open
          keyspace.frequencies = policyOf(name).endsWith("lfu")
          // Nothing expires here: the goldens have keys of long ago.
          keyspace.expiryMode = "ignore"
          const loaded = await Effect.runPromise(persistence.loadFile(file))
          const golden = goldenDescription(name)
          const keys = Object.values(golden.databases).reduce((n, db) => n + Object.keys(db).length, 0)
          expect(loaded.keys).toBe(keys)
          const saved = await Effect.runPromise(persistence.saveFile(file))
          expect(saved.keys).toBe(keys)
          expect(fs.statSync(file).size).toBe(saved.bytes)
          expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
          keyspace.arena.checkInvariants()
          keyspace.flushAll()
          await open.close()
          const check = checkRdb(file)
          expect(check.output).toContain("\\o/ RDB looks OK!")
          expect(check.ok).toBe(true)
          const wanted = Object.entries(golden.databases).flatMap(([db, keysOf]) =>
            Object.entries(keysOf).map(
              ([key, k]) => `${db} ${JSON.stringify(key)} ${k.type} ${k.digest} ${k.expireAt ?? -1}`,
            ),
          )
          const seen = (await oracleView(dir)).map((line) => {
            const m = /^(\d+ ".*") \+(\w+)  \$\d+ \w+  \*1 \+(\w+)  :(-?\d+) $/.exec(line)
            return m === null ? line : `${m[1]} ${m[2]} ${m[3]} ${m[4]}`
          })
          expect(seen).toEqual(wanted.sort())
        })
      })
    }
  }
})
