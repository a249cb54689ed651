import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import type { SourceFile } from "./Rules.js"
import { effectful } from "./WithoutEffect.js"

const root = fileURLToPath(new URL("../../", import.meta.url))

const sources: ReadonlyArray<SourceFile> = fs
  .readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
  .map((entry) => `src/${entry.replaceAll(path.sep, "/")}`)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ path: file, text: fs.readFileSync(path.join(root, file), "utf8") }))

/** What runs commands, and what they run on. */
const rooms = ["bytes", "memory", "lua", "resp", "store", "engine", "commands"]

/** Layers and services, what waits for Effects, and the commands that ask for either. */
const allowed = [
  ...["acl", "aclFiles"].map((name) => `acl/${name}`),
  "config/config",
  ...["debug", "debugControl", "debugInside"].map((name) => `debug/${name}`),
  "index",
  ...["databases", "keys"].map((name) => `keys/${name}`),
  ...["dump", "persistence", "shutdown"].map((name) => `persistence/${name}`),
  "replication/replication",
  ...["LuaRun", "RedisCalls", "eval", "function", "functionDump", "index"].map((name) => `scripting/${name}`),
  "transactions/transactions",
]
  .map((name) => `src/commands/${name}.ts`)
  .concat(
    [
      ...["Background", "Blocking", "Commands", "Engine", "EngineService", "Lifecycle", "Settings"],
      "acl/Users",
      "clients/ClientPause",
      "scripts/ScriptRuns",
      ...["Log", "ProcessInfo", "SecureRandom", "Turn", "WorkAlarm"].map((name) => `world/${name}`),
    ].map((name) => `src/engine/${name}.ts`),
  )
  .concat("src/resp/RespCodec.ts", "src/store/Store.ts")

describe("Effect at run time", () => {
  const found = (
    texts: Readonly<Record<string, string>>,
    ...listed: ReadonlyArray<string>
  ): ReadonlyArray<string> =>
    effectful(
      Object.entries(texts).map(([file, text]) => ({ path: file, text })),
      ["engine"],
      listed,
    ).map(({ message }) => message)

  it("is found however far away it is", () => {
    expect(
      found({
        "src/engine/A.ts": 'import { type X, b } from "./B.js"',
        "src/engine/B.ts": 'export { c } from "../net/C.js"',
        "src/net/C.ts": 'import * as Effect from "effect/Effect"',
      }),
    ).toEqual([
      "leads to Effect when it runs: src/engine/B.ts > src/net/C.ts > effect",
      "leads to Effect when it runs: src/engine/A.ts > src/engine/B.ts > src/net/C.ts > effect",
    ])
  })

  it("is not in types", () => {
    expect(
      found(
        {
          "src/engine/A.ts":
            'import type * as Effect from "effect/Effect"\nimport type {\n  B,\n} from "./B.js"\nexport type { D } from "./B.js"',
          "src/engine/B.ts": 'import * as Effect from "effect/Effect"',
        },
        "src/engine/B.ts",
      ),
    ).toEqual([])
  })

  it("is listed for those who lead there, and for nobody else", () => {
    expect(found({ "src/engine/A.ts": "" }, "src/engine/A.ts")).toEqual([
      "does not lead to Effect: take it off the list",
    ])
  })

  it("is in what runs commands only where it must be", () => {
    const offences = effectful(sources, rooms, allowed)
    expect(offences.map((one) => `${one.path}: ${one.message}`)).toEqual([])
  })
})
