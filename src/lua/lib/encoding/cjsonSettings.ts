/**
 * The settings of cjson: of the module, where they outlive a script, and of each `cjson.new()`.
 */
export const INVALID_REFUSED = 0
export const INVALID_WRITTEN = 1

export class CjsonSettings {
  /** An array with too many holes becomes an object instead of an error. */
  sparseConvert = false
  /** An array is sparse when its greatest index is more than this many times its elements; 0 turns the check off. */
  sparseRatio = 2
  /** Indices up to this are never sparse. */
  sparseSafe = 10
  encodeMaxDepth = 1000
  decodeMaxDepth = 1000
  precision = 14
  keepBuffer = true
  /** What encode does with NaN and infinities: one of the constants above. */
  encodeInvalid = INVALID_REFUSED
  /** Whether decode takes hexadecimal numbers, leading zeros, NaN and infinities. */
  decodeInvalid = true
}

/** Nesting that is refused whatever the settings say: deeper, the JavaScript stack would end first. */
export const NESTING_MAX = 2_500
