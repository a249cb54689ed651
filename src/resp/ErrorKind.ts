/**
 * What an error is, whichever entry of the package its class comes from: `redix/testing` has its own copy of what is built on
 * Effect, so that a class of the one is never the other's.
 */
export const ErrorKind = {
  reply: Symbol.for("redix/ReplyError"),
  closed: Symbol.for("redix/ClosedError"),
} as const

type Kind = (typeof ErrorKind)[keyof typeof ErrorKind]

export const isOfKind = (kind: Kind, value: unknown): boolean => value instanceof Error && kind in value

/** Says of a class what its errors are. */
export const declareKind = (kind: Kind, { prototype }: { readonly prototype: object }): void =>
  void Object.defineProperty(prototype, kind, { value: true })
