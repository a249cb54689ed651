/** What a connection's two sides need of the bytes' way to the peer: a socket of Node's, or a server's end in memory. */
export interface Transport {
  readonly writable: boolean
  readonly writableLength: number
  readonly writableNeedDrain: boolean
  readonly destroyed: boolean
  readonly closed: boolean
  readonly readableEnded: boolean
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown
  on(event: "end" | "close" | "error" | "drain", listener: () => void): unknown
  once(event: "close" | "drain", listener: () => void): unknown
  off(event: "close", listener: () => void): unknown
  pause(): unknown
  resume(): unknown
  cork(): void
  uncork(): void
  write(bytes: Uint8Array): boolean
  /** Ends the writing side once everything written has gone out. */
  end(): unknown
  destroySoon(): void
  destroy(error?: Error): unknown
}
