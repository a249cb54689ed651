/** Sizes at which values change their encoding; the server's settings satisfy it. */
export interface PackingLimits {
  /** Fields up to which a hash is one packed block. */
  readonly hashMaxListpackEntries: number
  /** Bytes of a field or value up to which a hash is one. */
  readonly hashMaxListpackValue: number
  /** Members up to which a set of integers is one packed block. */
  readonly setMaxIntsetEntries: number
  /** Members up to which a sorted set is one packed block. */
  readonly zsetMaxListpackEntries: number
  /** Bytes of a member up to which a sorted set is one. */
  readonly zsetMaxListpackValue: number
  /** Elements of a list's node, or, from -1 to -5, 4 to 64 kB a node. */
  readonly listMaxListpackSize: number
}
