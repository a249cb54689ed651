/**
 * Arenas and keyspaces for tests: each is checked whole when its test is over, whatever the test itself looked at.
 *
 *     const arena = checkedArena()
 *     const keyspace = checkedKeyspace({ databases: 1, now: 0, random: () => 0 })
 */
import { onTestFinished } from "vitest"
import { Arena } from "../../src/memory/Arena.js"
import { Keyspace, type KeyspaceOptions } from "../../src/store/Keyspace.js"

export const checkedArena = (...args: ConstructorParameters<typeof Arena>): Arena => {
  const arena = new Arena(...args)
  onTestFinished(() => arena.checkInvariants())
  return arena
}

/** Checks at the end every structure in it, and that no block was lost. */
export const checkedKeyspace = (options: KeyspaceOptions): Keyspace => {
  const keyspace = new Keyspace(options)
  onTestFinished(() => keyspace.checkInvariants())
  return keyspace
}
