/**
 * The rules of the house, as functions from a file's path and text to what is wrong with it. `House.test.ts` runs them
 * over the repository; `Rules.test.ts` shows each one catching, and not catching, a small example.
 *
 * Every message says what to do instead. A rule that has an exception names the file and the reason here, in the open.
 */
import { strip } from "./Strip.js"

export interface SourceFile {
  /** Relative to the repository's root, with forward slashes: `src/store/Store.ts`. */
  readonly path: string
  readonly text: string
}

export interface Offence {
  readonly path: string
  readonly line: number
  readonly message: string
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length

const matches = (
  file: SourceFile,
  text: string,
  pattern: RegExp,
  message: (found: RegExpMatchArray) => string | undefined,
): Offence[] => {
  const offences: Offence[] = []
  for (const found of text.matchAll(pattern)) {
    const said = message(found)
    if (said !== undefined) offences.push({ path: file.path, line: lineAt(text, found.index), message: said })
  }
  return offences
}

// Layering ------------------------------------------------------------------------------------------------------------

/**
 * The rooms of src/, and which others each may import from, beside itself. A folder inside a room is of that room unless
 * it stands here with a row of its own: among the commands those families that ask for a service of a higher room. The
 * files at the top of src/ may import everything.
 */
const base: ReadonlyArray<string> = ["store", "memory", "resp", "bytes"]
const family: ReadonlyArray<string> = ["commands", "engine", ...base]

export const layers: Readonly<Record<string, ReadonlyArray<string>>> = {
  bytes: [],
  memory: ["bytes"],
  resp: ["bytes"],
  config: ["bytes"],
  lua: ["bytes"],
  store: ["memory", "bytes"],
  rdb: ["store", "memory", "bytes"],
  engine: base,
  commands: family,
  aof: ["rdb", "engine", ...base],
  replication: ["rdb", "aof", "engine", ...base],
  net: ["config", "engine", ...base],
  client: ["engine", "resp", "bytes"],
  server: ["replication", "net", "aof", "rdb", "config", "engine", ...base],
  program: ["server", "net", "aof", "rdb", "engine", "bytes"],
  testing: ["server", "replication", "net", "rdb", "config", "engine", ...base],
  "commands/client": ["commands/shared", "commands/spec", "server", ...family],
  "commands/config": ["commands/debug", "config", ...family],
  "commands/debug": ["config", "rdb", "server", ...family],
  "commands/info": ["server", "config", ...family],
  "commands/persistence": ["commands/debug", "aof", "rdb", "server", ...family],
  "commands/scripting": ["lua", "rdb", ...family],
  "commands/replication": ["commands/debug", "config", "replication", "server", ...family],
}

/**
 * Folders that are plain data structures and codecs, without Effect and without Node, with the packages they may import
 * all the same: resp/ is a service to the rest of the house, so its layer needs a tag and a Layer.
 */
const pureFolders: Readonly<Record<string, ReadonlyArray<string>>> = {
  bytes: [],
  memory: [],
  resp: ["effect/Context", "effect/Layer"],
}

export const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\bnew URL\(\s*)(["'])([^"'\n]+)\1/g

export const resolve = (from: string, specifier: string): string => {
  const parts = from.split("/").slice(0, -1)
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== ".") parts.push(part)
  }
  return parts.join("/")
}

/** `src/store/types/x.ts` is in the room `store`; `src/index.ts` is in none. The longest row that fits counts. */
const roomOf = (path: string): string | undefined => {
  const parts = path.split("/").slice(1)
  for (let n = parts.length; n > 0; n--) {
    const name = parts.slice(0, n).join("/")
    if (layers[name] !== undefined) return name
  }
  return parts.length > 1 ? parts[0] : undefined
}

export const layering = (file: SourceFile): Offence[] => {
  const room = roomOf(file.path)
  if (!file.path.startsWith("src/") || room === undefined) return []
  const allowed = layers[room]
  if (allowed === undefined) {
    return [
      {
        path: file.path,
        line: 1,
        message: `src/${room} is not a room of the house; see layers in Rules.ts`,
      },
    ]
  }
  return matches(file, strip(file.text, { keepStrings: true }), IMPORT, (found) => {
    const specifier = found[2] ?? ""
    if (!specifier.startsWith(".")) {
      const packages = pureFolders[room]
      return packages === undefined || packages.includes(specifier)
        ? undefined
        : `${room} is pure, but imports ${specifier}: pass in what it needs`
    }
    const target = resolve(file.path, specifier)
    if (!target.startsWith("src/")) return `imports ${specifier}, which is outside of src/`
    const other = roomOf(target)
    if (other === room || (other !== undefined && allowed.includes(other))) return undefined
    const may = allowed.length === 0 ? "no other folder" : allowed.join(", ")
    return `${room} may import ${may}; it imports ${target}: move the code down, or pass it in as a service`
  })
}

// Banned calls --------------------------------------------------------------------------------------------------------

interface Ban {
  readonly pattern: RegExp
  readonly instead: string
  /** Folders of src/ where it holds; default: everywhere. */
  readonly within?: ReadonlyArray<string>
  /** Paths (or folders, ending in a slash) of src/ where it is allowed. */
  readonly except: ReadonlyArray<string>
}

/** The programs and their parts: what stands in no layer. */
const programs: ReadonlyArray<string> = [
  "src/main.ts",
  "src/Program.ts",
  "src/check-rdb.ts",
  "src/check-aof.ts",
  "src/run.ts",
  "src/program/",
]

const bans: ReadonlyArray<Ban> = [
  {
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)/g,
    instead: "take the time from Effect's Clock, so that a test can set it",
    except: [],
  },
  {
    pattern: /\bperformance\.now\b|\bprocess\.hrtime\b/g,
    instead: "take the time from Effect's Clock, so that a test can set it",
    // The service through which the fine clock comes.
    except: [...programs, "src/engine/world/Turn.ts", "src/rdb/snapshot/snapshotWorker.ts"],
  },
  {
    pattern: /\bMath\.random\b/g,
    instead: "take random numbers from Effect's Random, so that a test can seed it",
    except: [],
  },
  {
    pattern: /(?<![\w.$])process\s*[.[]/g,
    instead: "pass it in from main.ts (argv, environment, pid, memory) or use a service",
    except: programs,
  },
  {
    pattern: /(?<![\w.$])console\s*\./g,
    instead: "log through Effect's Logger (Effect.log, Effect.logWarning)",
    // A suite has no log of the server's, and is to hear of what it asked for in vain.
    except: [...programs, "src/testing/TestServer.ts"],
  },
  {
    pattern: /(?<![\w.$])(?:setTimeout|setInterval)\s*\(/g,
    instead: "use Effect.sleep, Effect.repeat or a Schedule in a scope",
    // A method that sockets have.
    except: [...programs, "src/net/memory/MemorySocket.ts"],
  },
  {
    pattern: /(?<![\w.$])(?:setImmediate|queueMicrotask)\s*\(/g,
    instead: "use the service Turn, which fake timers do not stop",
    except: [...programs, "src/engine/world/Turn.ts", "src/rdb/snapshot/snapshotWorker.ts"],
  },
  {
    pattern: /\bEffect\.(?:sleep|delay|timeout\w*)\b/g,
    instead: "the other end is on the network: wait in real time, by Turn, which no test can fake",
    within: ["src/net/", "src/replication/", "src/server/replication/"],
    // Times that clients name (of WAIT, of FAILOVER) are the Clock's, as all of theirs.
    except: ["src/replication/master/WaitList.ts", "src/server/replication/Failover.ts"],
  },
  {
    pattern: /\bFiberSet\.make\w*|\bEffect\.(?:forkScoped|forkDetach|forkIn|runFork\w*)/g,
    instead: "start it through Background, so that no defect in it is lost",
    // A read that is always joined, a shutdown that all wait for who asked, and the sink of the log itself.
    except: [
      ...programs,
      "src/engine/Background.ts",
      "src/rdb/load/RdbLoadFile.ts",
      "src/server/LogSinks.ts",
      "src/engine/Lifecycle.ts",
    ],
  },
  {
    pattern: /\binterface \w*Host\b|^ {2}(?:readonly )?\w+: (?:Array|ReadonlyArray|Set)<\([^\n]*=>/gm,
    instead: "no bag of callbacks, no list of functions: services, constructor arguments, a typed list",
    except: [],
  },
  {
    pattern:
      /\b(?:Effect|Exit|Stream|Deferred|Config)\.fail\(\s*(?:["'`{]|String\()|\b(?:Effect\.Effect|Deferred\.Deferred|Stream\.Stream|Fiber\.Fiber|Exit\.Exit|Layer\.Layer)<(?:[^<>;=]|<[^<>;=]*>)*?,\s*(?:string|unknown|\{[^}]*\})\s*[,>]|\bCause\.Cause<\s*(?:string|\{)|\bData\.TaggedError\([^)]*\)<\{\s*readonly (?:message|reason): string;?\s*\}>/g,
    instead: "the world's failure is a tagged error with facts",
    except: [],
  },
  {
    pattern: /\b(?:const|static readonly) \w+(?:\s*:\s*Layer\.Layer<[^=;]*>)?\s*=\s*Layer\.\w+\(/g,
    instead:
      "make it a function: one layer object is built once for a whole app, so two servers would share it",
    // Makers of parsers and writers, which hold nothing.
    except: [...programs, "src/resp/RespCodec.ts"],
  },
  {
    pattern:
      /^ {2}\w+: [^\n]*? = \([^()\n]*\) => (?:\{\}?|undefined|\w+)$|^ {2}(?:public )?on[A-Z]\w*(?:: [^\n=]*(?:=>[^\n=]*)*)? = /gm,
    instead:
      "no function slot that somebody may forget to fill: a constructor argument, a service, or a list of listeners",
    except: [],
  },
]

/** Modules of the platform, but for those that are functions of their input (paths, bytes). */
const PLATFORM =
  /(?:\bfrom\s*|\b(?:import|getBuiltinModule)\s*\(\s*|\bimport\s+)(["'])((?:node:)?(?:net|tls|dgram|process|fs|os|v8|vm|crypto|perf_hooks|timers|worker_threads|child_process|dns|http2?|https|cluster|readline|repl|inspector|async_hooks|diagnostics_channel)(?:\/\w+)?|@effect\/platform-node[\w/-]*)\1/g

/**
 * Where the world comes in: the files that may import modules of the platform. Each is a service, as a reference with the
 * platform's own as default, or a program.
 */
export const worldly: Readonly<Record<string, string>> = {
  "src/main.ts": "the program",
  "src/run.ts": "the program that lends a server, and runs a command",
  "src/check-aof.ts": "the program's standard input",
  "src/program/CheckRdb.ts": "what the program redix-check-rdb does",
  "src/program/CheckAof.ts": "what the program redix-check-aof does",
  "src/program/Signals.ts": "the program's signals",
  "src/program/MetricsServer.ts": "the program's metrics by HTTP",
  "src/program/RawStart.ts": "the program's command line as bytes",
  "src/program/StandardSink.ts": "the program's standard output",
  "src/rdb/snapshot/snapshotWorker.ts": "the program of the thread that writes snapshots",
  "src/engine/world/Turn.ts": "the service Turn: turns of the event loop, and real time",
  "src/engine/world/ProcessInfo.ts": "the service ProcessInfo",
  "src/engine/world/SecureRandom.ts": "the service SecureRandom",
  "src/rdb/snapshot/Threads.ts": "the service Threads",
  "src/net/ListeningSocket.ts": "listening",
  "src/server/Files.ts": "the service FileSystem",
  "src/server/replication/MasterDial.ts": "the service Dial",
  "src/vitest.ts": "REDIS_URL, for the processes of a run",
  "src/testing/Intercept.ts": "replaces what the process's clients connect with",
}

/** Entries of `worldly` whose files are gone or import nothing of the platform: the list may only shrink. */
export const tooWorldly = (files: ReadonlyArray<SourceFile>): Offence[] =>
  Object.keys(worldly).flatMap((path) => {
    const file = files.find((one) => one.path === path)
    if (file !== undefined && strip(file.text, { keepStrings: true }).search(PLATFORM) >= 0) return []
    return [{ path, line: 1, message: "imports nothing of the platform: remove it from worldly" }]
  })

const lineUpTo = (text: string, index: number): string => text.slice(text.lastIndexOf("\n", index) + 1, index)

const isExcepted = (path: string, except: ReadonlyArray<string>): boolean =>
  except.some((entry) => (entry.endsWith("/") ? path.startsWith(entry) : path === entry))

export const bannedCalls = (file: SourceFile): Offence[] => {
  if (!file.path.startsWith("src/")) return []
  const code = strip(file.text)
  const offences = bans
    .filter((ban) => ban.within === undefined || isExcepted(file.path, ban.within))
    .filter((ban) => !isExcepted(file.path, ban.except))
    .flatMap((ban) => matches(file, code, ban.pattern, (found) => `${found[0].trim()}: ${ban.instead}`))
  if (worldly[file.path] !== undefined) return offences
  const whole = strip(file.text, { keepStrings: true })
  const imports = matches(file, whole, PLATFORM, (found) =>
    /\bimport type\b/.test(lineUpTo(whole, found.index ?? 0))
      ? undefined
      : `${found[2]}: the world comes in through services; see worldly in Rules.ts`,
  )
  return [...offences, ...imports]
}

// Unfinished work and escapes from the type checker -------------------------------------------------------------------

const MARKERS = /\b(TODO|FIXME|HACK|not (?:yet )?implemented|unimplemented)\b/gi
const ANY = /\bas\s+any\b|:\s*any\b|<any>|\bas\s+unknown\s+as\b/g
const SUPPRESSIONS = /@ts-(?:ignore|nocheck|expect-error)/g

/** `XXX` is absent on purpose: sample keys are called that. Markers count in comments and strings as well. */
export const unfinished = (file: SourceFile): Offence[] => [
  ...matches(file, file.text, MARKERS, (found) =>
    /^(hack|todo)$/i.test(found[0]) && found[0] !== found[0].toUpperCase()
      ? undefined
      : `"${found[0]}": finish it, or state the limit plainly where users read it`,
  ),
  ...matches(
    file,
    strip(file.text),
    ANY,
    (found) => `"${found[0].trim()}": give it its type, or narrow an unknown`,
  ),
  ...matches(file, file.text, SUPPRESSIONS, (found) => `${found[0]}: fix the type instead`),
]

// Tests ---------------------------------------------------------------------------------------------------------------

const SKIPS = /\b(?:it|test|describe|layer|suite)(?:\.\w+)*\.(skip|only|skipIf|runIf|todo|fails)\b/g
const SLEEPS = /\bEffect\.sleep\([^)]*\)|\bsetTimeout\(\s*(?:resolve|done|r)\b/g

/** Vitest's own waits, which give up after a second. */
const IMPATIENT = /\b(vi\.waitFor|vi\.waitUntil|expect\.poll)\(.*/g

/** Tests that stand in no suite, whole. */
const OUTSIDE_SUITES = /^it\b.*?^\}\)/gms

export const testHabits = (file: SourceFile): Offence[] => {
  if (!file.path.endsWith(".test.ts")) return []
  const code = strip(file.text)
  const offences = matches(
    file,
    code,
    SKIPS,
    (found) => `.${found[1]}: every test runs, everywhere; fix or remove it`,
  )
  offences.push(
    ...matches(file, code, IMPATIENT, (found) =>
      /\b(?:PATIENCE_MS|WAIT)\b/.test(found[0])
        ? undefined
        : `${found[1]}: waits a second at most, too short for a busy machine: untilTrue, or with PATIENCE_MS`,
    ),
    ...matches(file, strip(file.text, { keepStrings: true }), OUTSIDE_SUITES, (found) =>
      found[0].includes("withNodes(") && found[0].includes('"redis"')
        ? "starts a redis-server, which may not be there: put it into a describeOracle"
        : undefined,
    ),
  )
  // One that runs another suite in other circumstances asserts what that one does.
  const runsAnother = /^import "[^"]+\.test\.js"$/m.test(file.text)
  if (!runsAnother && !/\b(?:expect|expectTypeOf|assert)\b|\bassert\w*\(/.test(code)) {
    offences.push({ path: file.path, line: 1, message: "asserts nothing" })
  }
  if (!/\bit\.effect\b/.test(code)) {
    offences.push(
      ...matches(
        file,
        code,
        SLEEPS,
        (found) => `${found[0]}: wait for the condition, not for a time to pass`,
      ),
    )
  }
  return offences
}

// Length --------------------------------------------------------------------------------------------------------------

export const FILE_LINES_MAX = 400

/** Folders of tables, read by looking up and not from top to bottom: one entry after another, without logic. */
const tableLinesMax: Readonly<Record<string, number>> = { "src/commands/spec/": 900 }

const linesMaxOf = (path: string): number =>
  Object.entries(tableLinesMax).find(([folder]) => path.startsWith(folder))?.[1] ?? FILE_LINES_MAX

/** Lines of code: comments and blank lines are free, so that nobody saves on a header. */
export const codeLines = (text: string): number =>
  strip(text)
    .split("\n")
    .filter((line) => line.trim() !== "").length

/**
 * One file, one concept. `allowed` holds the files that were too long when the rule came, with the length each may not
 * pass. An entry only ever goes down: one that is looser than its file is an offence too.
 */
export const fileLength = (file: SourceFile, allowed: Readonly<Record<string, number>>): Offence[] => {
  const lines = codeLines(file.text)
  const max = allowed[file.path]
  const limit = linesMaxOf(file.path)
  const at = (message: string): Offence[] => [{ path: file.path, line: 1, message }]
  if (max === undefined) {
    return lines > limit ? at(`${lines} lines of code, ${limit} at most: split it by concept`) : []
  }
  if (lines > max) return at(`${lines} lines of code, and its allowance of ${max} may only shrink: split it`)
  if (lines <= limit) return at("short enough now: remove it from the allowances")
  return lines < max - 20 ? at(`${lines} lines of code now: lower its allowance from ${max}`) : []
}

// Package -------------------------------------------------------------------------------------------------------------

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null

const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

const CARET_VERSION = /^\^\d+\.\d+\.\d+$/

/**
 * Effect's modules change between minor releases while they are unstable, so versions are pinned exactly; what an app
 * installs itself (a peer) it may have newer.
 */
export const packageManifest = (text: string): Offence[] => {
  const manifest: unknown = JSON.parse(text)
  if (!isObject(manifest)) return [{ path: "package.json", line: 1, message: "is no object" }]
  const offences: Offence[] = []
  for (const group of ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"]) {
    const dependencies = manifest[group]
    if (!isObject(dependencies)) continue
    for (const [name, version] of Object.entries(dependencies)) {
      const form = group === "peerDependencies" ? CARET_VERSION : EXACT_VERSION
      if (typeof version === "string" && form.test(version)) continue
      offences.push({
        path: "package.json",
        line: 1,
        message: `${group}: ${name} must have ${group === "peerDependencies" ? "a version with a caret" : "an exact version"}`,
      })
    }
  }
  return offences
}

/** A lock file that names a registry's host binds every user to that host. */
export const lockFile = (text: string): Offence[] =>
  matches(
    { path: "package-lock.json", text },
    text,
    /"resolved":/g,
    () => 'names a registry: lock with "omit-lockfile-registry-resolved=true"',
  )
