/**
 * Reads all plain connections into one buffer.
 *
 * Node gives each piece of input memory of its own, 64 KiB that it then shrinks, and passes it through a stream with an
 * event and a tick of its own. Its sockets can read into a buffer of the caller's instead (`onread` of net.connect), but a
 * listening server cannot be asked for that, so it is set here the way the socket's constructor does it. 1 us a chunk
 * less, of 10 us for a chunk of one command (CPU time, kernel included).
 *
 * Where a runtime's sockets look different, and for TLS, everything goes through the stream as usual: `readShared` answers
 * false.
 */
import { forgetForeseen } from "../memory/table/Foresight.js"

/** As much as Node reads at once. */
const BUFFER_BYTES = 64 * 1024

/** No Buffer, whose `slice` copies nothing. */
const shared = new Uint8Array(BUFFER_BYTES)

const symbolOf = (socket: object, name: string): symbol | undefined =>
  Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === name)

/**
 * From now on the socket's input goes to `take`: the first `length` bytes of the shared buffer, valid until `take` returns.
 * It is the buffer itself, no view of it: references to young objects would have to be noted for the collector wherever
 * the parser keeps them, 3 % of a deep pipeline. What was read before still comes as "data" events, before anything else.
 */
export const readShared = (socket: object, take: (chunk: Uint8Array, length: number) => void): boolean => {
  const handle: unknown = Reflect.get(socket, "_handle")
  const buffer = symbolOf(socket, "kBuffer")
  const callback = symbolOf(socket, "kBufferCb")
  const generator = symbolOf(socket, "kBufferGen")
  if (buffer === undefined || callback === undefined || generator === undefined) return false
  if ("encrypted" in socket || typeof handle !== "object" || handle === null) return false
  if (Reflect.get(socket, buffer) !== null || Reflect.get(socket, generator) !== null) return false
  const useUserBuffer: unknown = Reflect.get(handle, "useUserBuffer")
  if (typeof useUserBuffer !== "function") return false
  Reflect.set(socket, buffer, shared)
  Reflect.set(socket, callback, (length: number) => {
    forgetForeseen()
    take(shared, length)
    return true
  })
  Reflect.apply(useUserBuffer, handle, [shared])
  return true
}
