import { defineConfig } from "vitest/config"

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
const ALONE = ["test/testing/overMemory/*.test.ts", "test/rdb/snapshotThread.test.ts"]

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "alone", include: ALONE, isolate: true } },
      {
        extends: true,
        test: {
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: [...ALONE, "**/node_modules/**"],
          isolate: false,
        },
      },
    ],
    globalSetup: ["test/support/GlobalSetup.ts"],
    pool: "forks",
    // More than the two cores of a small machine: half of the files wait for processes, clocks and each other.
    maxWorkers: 4,
    // Bounds of waits in vain: tests wait for conditions, and a machine may be far slower than it is alone.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    allowOnly: false,
    passWithNoTests: false,
  },
})
