/**
 * Connections that this process makes to an address go to a server in this process: for code that has its address built in,
 * and for clients that take nothing but an address.
 *
 * `net.connect`, `net.createConnection` and `tls.connect` are replaced as long as any address is taken, in the modules
 * themselves: whoever imported them before is served, too. The latest taker of an address gets its connections. So is
 * `lookup` of `node:dns/promises`, by which node-redis asks where a host is that may have no place but this.
 */
import node from "node:process"
import type { MemorySocket } from "../net/memory/MemorySocket.js"
import type { Open } from "../net/memory/MemoryListener.js"

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1", "[::1]", ""])

const taken = new Map<string, Array<Open>>()

/** The names of this machine are one address. */
const addressOf = (host: string, port: number | string): string =>
  `${LOOPBACK.has(host) ? "localhost" : host}:${port}`

const field = (options: object, name: string): string | number | undefined => {
  const value: unknown = Reflect.get(options, name)
  return typeof value === "string" || typeof value === "number" ? value : undefined
}

/** Where a call of connect goes to: (options), (port, host) or (path), each with a callback at the end. */
const target = ([first, second]: ReadonlyArray<unknown>): string | undefined => {
  if (typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first)))
    return addressOf(typeof second === "string" ? second : "", first)
  if (typeof first !== "object" || first === null) return undefined
  const port = field(first, "port")
  return port === undefined || field(first, "path") !== undefined
    ? undefined
    : addressOf(String(field(first, "host") ?? ""), port)
}

const listenerIn = (args: ReadonlyArray<unknown>): (() => void) | undefined => {
  const last = args.at(-1)
  return typeof last === "function" ? () => Reflect.apply(last, undefined, []) : undefined
}

const openFor = (
  args: ReadonlyArray<unknown>,
  event: "connect" | "secureConnect",
): MemorySocket | undefined => {
  const address = target(args)
  const open = address === undefined ? undefined : taken.get(address)?.at(-1)
  if (open === undefined) return undefined
  const socket = open()
  const listener = listenerIn(args)
  if (event === "secureConnect") socket.once("connect", () => socket.emit("secureConnect"))
  if (listener !== undefined) socket.once(event, listener)
  return socket
}

/** What a look-up of a host that is taken answers. */
const placeOf = ([host, options]: ReadonlyArray<unknown>): Promise<unknown> | undefined => {
  const isTaken = [...taken.keys()].some((address) => address.slice(0, address.lastIndexOf(":")) === host)
  if (!isTaken || (typeof host === "string" && LOOPBACK.has(host))) return undefined
  const here = { address: "127.0.0.1", family: 4 }
  const all = typeof options === "object" && options !== null && Reflect.get(options, "all") === true
  return Promise.resolve(all ? [here] : here)
}

/** A function of a module of Node that is replaced, and what it answers where an address is taken. */
interface Replaced {
  readonly module: object
  readonly name: string
  readonly answer: (args: ReadonlyArray<unknown>) => unknown
}

/** Few suites intercept, and the modules take long to load. */
const replaced = (): ReadonlyArray<Replaced> => {
  const net = node.getBuiltinModule("node:net")
  return [
    { module: net, name: "connect", answer: (args) => openFor(args, "connect") },
    { module: net, name: "createConnection", answer: (args) => openFor(args, "connect") },
    {
      module: node.getBuiltinModule("node:tls"),
      name: "connect",
      answer: (args) => openFor(args, "secureConnect"),
    },
    { module: node.getBuiltinModule("node:dns/promises"), name: "lookup", answer: placeOf },
  ]
}

let restore: (() => void) | undefined

const replace = (): (() => void) => {
  const { syncBuiltinESMExports } = node.getBuiltinModule("node:module")
  const replacements = replaced().map(({ module, name, answer }) => {
    const original: unknown = Reflect.get(module, name)
    const ours = (...args: ReadonlyArray<unknown>): unknown =>
      answer(args) ?? (typeof original === "function" ? Reflect.apply(original, module, args) : undefined)
    Reflect.set(module, name, ours)
    return { module, name, original, ours }
  })
  syncBuiltinESMExports()
  return () => {
    // What somebody else has put over it stays.
    for (const { module, name, original, ours } of replacements)
      if (Reflect.get(module, name) === ours) Reflect.set(module, name, original)
    syncBuiltinESMExports()
  }
}

/** Takes the connections to `host:port` until it is disposed. */
export const intercept = (address: string, open: Open): Disposable => {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? []
  if (host === undefined || port === undefined)
    throw new TypeError(`${JSON.stringify(address)} is no address: it is "host:port"`)
  const key = addressOf(host, port)
  // One of its own: the same server may take an address twice.
  const mine: Open = () => open()
  taken.set(key, [...(taken.get(key) ?? []), mine])
  restore ??= replace()
  return {
    [Symbol.dispose]: () => {
      const left = (taken.get(key) ?? []).filter((other) => other !== mine)
      if (left.length > 0) taken.set(key, left)
      else taken.delete(key)
      if (taken.size > 0) return
      restore?.()
      restore = undefined
    },
  }
}
