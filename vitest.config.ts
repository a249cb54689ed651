import { existsSync } from "node:fs"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

// Vitest's reporters call Map.groupBy, which Node 20 lacks: without this a failing test would show no diff.
if (!("groupBy" in Map)) {
  Object.defineProperty(Map, "groupBy", {
    configurable: true,
    writable: true,
    value: <K, V>(items: Iterable<V>, keyOf: (item: V, index: number) => K): Map<K, V[]> => {
      const groups = new Map<K, V[]>()
      let index = 0
      for (const item of items) {
        const key = keyOf(item, index++)
        const group = groups.get(key)
        if (group === undefined) groups.set(key, [item])
        else group.push(item)
      }
      return groups
    },
  })
}

/** Files that change what all modules of a process share: each has a process of its own. The others share a few. */
const ALONE = [
  "test/acl/equalWork.test.ts",
  "test/rdb/snapshot/snapshotThread.test.ts",
  "test/support/coverage/CoverageGuard.test.ts",
]

/** In their processes nobody connects by a socket. */
const OVER_MEMORY = ["test/testing/overMemory/*.test.ts"]

/** What takes longest begins first, so that nothing is left to end alone. */
const LONG = [
  "test/program/logLines.test.ts",
  "test/package/clone.test.ts",
  "test/replication/limits.test.ts",
  "test/package/alone.test.ts",
  "test/replication/disklessLoad.test.ts",
  "test/replication/roles.test.ts",
  "test/replication/pairs.test.ts",
  "test/server/compaction.test.ts",
  "test/acl/files.test.ts",
  "test/replication/handover.test.ts",
  "test/aof/disk/powerCuts.test.ts",
  "test/package/package.test.ts",
  "test/store/compaction.test.ts",
  "test/docs/readme.test.ts",
  "test/replication/chaos.test.ts",
  "test/server/persistenceProgram.test.ts",
  "test/net/largeReplies.test.ts",
  "test/program/signals.test.ts",
  "test/program/endWhileSaving.test.ts",
]

const missing = LONG.filter((file) => !existsSync(new URL(file, import.meta.url)))
if (missing.length > 0) throw new Error(`these tests are gone: ${missing.join(", ")}`)

class LongFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((file) => moduleId.endsWith(file))
      return at < 0 ? LONG.length : at
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "alone", include: ALONE, isolate: true } },
      { extends: true, test: { name: "over memory", include: OVER_MEMORY, isolate: false } },
      {
        extends: true,
        test: {
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: [...ALONE, ...OVER_MEMORY, "**/node_modules/**"],
          isolate: false,
        },
      },
    ],
    globalSetup: ["test/support/GlobalSetup.ts"],
    pool: "forks",
    // More than the two cores of a small machine: half of the files wait for processes, clocks and each other.
    maxWorkers: 6,
    sequence: { sequencer: LongFirst },
    // Bounds of waits in vain: tests wait for conditions, and a machine may be far slower than it is alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    allowOnly: false,
    passWithNoTests: false,
  },
})
