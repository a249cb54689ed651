/** Flags of a server of a test or a bench: where it listens, on loopback only, and where its files are. */
export const placeFlags = (port: number, dir: string): ReadonlyArray<string> => [
  "--port",
  String(port),
  "--bind",
  "127.0.0.1",
  "--dir",
  dir,
]
