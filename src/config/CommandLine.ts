/**
 * The command line, as redis-server takes it: an optional configuration file first, `--directive word ...` options,
 * and `-` for standard input. Pure: it looks at the arguments only.
 *
 * The word after `--directive` is its value even where it starts with "--", except after `--save`, which may stand alone.
 * One argument may hold a whole line ("--save 900 1"). Redix also takes `--directive=value`. Words that follow the file
 * without "--" are a directive and its words, too. Arguments are byte texts (see ByteText).
 */
import { fromByteText, lowerAscii } from "./ByteText.js"
import { InvalidConfigError } from "./ConfigErrors.js"
import { makeSetting, type Setting } from "./Settings.js"
import { splitWords } from "../bytes/Words.js"

type CommandLine =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "refused"; readonly error: InvalidConfigError }
  | {
      readonly kind: "run"
      /** The configuration file's path. */
      readonly file: string | undefined
      readonly stdin: boolean
      /** What the options say, in order. */
      readonly options: ReadonlyArray<Setting | Included>
    }

/** A file that `--include` names. */
export interface Included {
  readonly include: string
}

const SOURCE = "command line"

const refuse = (key: string, reason: string, value = ""): CommandLine => ({
  kind: "refused",
  error: new InvalidConfigError({ source: SOURCE, key: fromByteText(key), value, reason }),
})

const unavailable: Readonly<Record<string, string>> = {
  "--test-memory": "Redix has no memory test",
  "--check-system": "Redix has no system check",
  "--sentinel": "Redix does not run as a Sentinel",
}

interface Option {
  readonly key: string
  readonly words: Array<string>
  /** Complete in one argument: the next `--word` is an option, not its value. */
  readonly closed: boolean
}

/** `--name`, `--name=value` or a whole line in one argument. */
const openOption = (argument: string): Option | undefined => {
  const body = argument.slice(2)
  const equals = /^([A-Za-z0-9_-]+)=([^]*)$/.exec(body)
  if (equals !== null) return { key: equals[1] ?? "", words: [equals[2] ?? ""], closed: true }
  const [key, ...words] = splitWords(body) ?? []
  return key === undefined ? undefined : { key, words, closed: words.length > 0 }
}

const startsOption = (argument: string, open: Option | undefined): boolean => {
  if (!argument.startsWith("--")) return false
  return open === undefined || open.closed || open.words.length > 0 || lowerAscii(open.key) === "save"
}

/** `bare` options have no "--": only the first may be one. */
const readOptions = (args: ReadonlyArray<string>, bare: boolean): ReadonlyArray<Option> | string => {
  const options: Array<Option> = []
  for (const argument of args) {
    const open = options.at(-1)
    if (startsOption(argument, open)) {
      if (argument === "--") continue
      const option = openOption(argument)
      if (option === undefined) return argument
      options.push(option)
    } else if (open === undefined) {
      if (!bare) return argument
      options.push({ key: argument, words: [], closed: false })
    } else {
      open.words.push(argument)
    }
  }
  return options
}

const noOption = (argument: string): CommandLine =>
  refuse(argument, "not an option; options are '--directive value', see --help")

export const parseArgv = (args: ReadonlyArray<string>): CommandLine => {
  const [first] = args
  if (args.length === 1 && (first === "-h" || first === "--help")) return { kind: "help" }
  if (args.length === 1 && (first === "-v" || first === "--version")) return { kind: "version" }
  for (const argument of args) {
    const reason = unavailable[argument]
    if (reason !== undefined) return refuse(argument, reason)
  }
  let rest = args
  let file: string | undefined
  if (first !== undefined && !first.startsWith("-")) {
    file = first === "" ? undefined : first
    rest = rest.slice(1)
  }
  let stdin = false
  if (rest[0] === "-" || rest.at(-1) === "-") {
    stdin = true
    rest = rest[0] === "-" ? rest.slice(1) : rest.slice(0, -1)
  }
  const options = readOptions(rest, file !== undefined)
  if (typeof options === "string") return noOption(options)
  const given: Array<Setting | Included> = []
  for (const { key, words } of options) {
    const name = lowerAscii(key)
    if (name === "help") return { kind: "help" }
    if (name === "version") return { kind: "version" }
    const [path] = words
    if (name === "include" && words.length === 1 && path !== undefined) {
      given.push({ include: path })
      continue
    }
    const setting = makeSetting(key, words, SOURCE)
    if (setting instanceof InvalidConfigError) return { kind: "refused", error: setting }
    given.push({ ...setting, meets: "adds what is new" })
  }
  return { kind: "run", file, stdin, options: given }
}

/** `redix` is Redix's own version, `redis` that of the Redis whose behaviour it has. */
export const versionText = (versions: { readonly redix: string; readonly redis: string }): string =>
  `Redix server v=${versions.redix} compatible with Redis v=${versions.redis}`

export const helpText = `Redix: a Redis-compatible in-memory key-value server

Usage: redix-server [/path/to/redis.conf] [--directive value ...] [-]
       redix-server -                    read the configuration from standard input
       redix-server -v | --version
       redix-server -h | --help

Every directive of redis.conf is an option: --port 7000, --port=7000, --save 900 1.
Every directive is also an environment variable: REDIX_PORT=7000, REDIX_SAVE="900 1".
The command line comes before the environment, the environment before the file, the file before the defaults.

Common options (with their defaults):
  --port 6379                 TCP port; 0 listens on no TCP port
  --bind 127.0.0.1 -::1       addresses to listen on; "-" before one makes it optional
  --unixsocket <path>         also listen on a unix socket
  --tls-port 0                TLS port, with --tls-cert-file, --tls-key-file and --tls-ca-cert-file
  --requirepass <password>    clients must authenticate
  --dir .                     where the database file is
  --dbfilename dump.rdb       its name; --filename is the same
  --save 3600 1 300 100 60 10000
                              save after so many seconds if so many keys changed; --save "" never saves
  --replicaof <host> <port>   follow a master
  --databases 16              number of databases
  --maxclients 10000          number of clients
  --loglevel notice           debug, verbose, notice or warning
  --logfile <path>            log there instead of standard output
  --log-format text           text (Redis's own lines) or json
  --metrics-port 9121         metrics for Prometheus at /metrics there

Examples:
  redix-server
  redix-server /etc/redis/redis.conf --loglevel verbose
  redix-server --port 7777 --replicaof 127.0.0.1 8888
  redix-server --dir ./data --filename dump.rdb --port=8000
  echo 'databases 4' | redix-server -
`
