/** Servers in processes of their own check themselves before they are ended in peace. */
import type { Argument } from "../RawClient.js"

/** Not allowed to ask, or not at a time at which it answers. */
const UNASKED = /^-(?:NOAUTH|NOPERM|LOADING|BUSY|ERR DEBUG command not allowed|ERR unknown command)/

/** Has a Redix check its data, its memory and its clients; where DEBUG is allowed. */
export const checkItself = async (
  name: string,
  ask: (...words: ReadonlyArray<Argument>) => Promise<string>,
): Promise<void> => {
  const reply = (await ask("DEBUG", "CHECK-INVARIANTS")).trim()
  if (!/^\+?OK$/.test(reply) && !UNASKED.test(reply)) throw new Error(`${name}: ${reply}`)
}
