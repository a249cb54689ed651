/** Methods of the group hyperloglog. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Kind, Many } from "../Kind.js"
import type { Word } from "../Values.js"

export interface HyperloglogMethods<K extends Kind> {
  /** Adds elements to a HyperLogLog, creating it when missing. */
  readonly pfadd: (key: Word, element?: Many<Word>) => Gives<K, 0 | 1>

  /** Estimates how many different elements HyperLogLogs have seen together. */
  readonly pfcount: (key: Many<Word>) => Gives<K, number>

  /** Merges HyperLogLogs into one. */
  readonly pfmerge: (destkey: Word, sourcekey: Many<Word>) => Gives<K, "OK">
}
