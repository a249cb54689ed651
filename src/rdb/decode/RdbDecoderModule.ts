/**
 * Skipping over what a module wrote. The bytes mean nothing without the module, but they tell their own extent:
 *
 *     items ... | 0
 *     item: 1 or 2 + length | 3 + 4 bytes | 4 + 8 bytes | 5 + string
 *
 * A module type is named by 64 bits: nine letters of 6 bits each, then 10 bits of version.
 *
 * Example: the ID 0x81 + 00 10 83 10 51 87 20 00 reads "ABCDEFGHI" version 0 with A = 0, B = 1 and so on.
 */
import type { RdbDecoderInput, Scratch } from "./RdbDecoderInput.js"
import { corrupt } from "../format/RdbErrors.js"
import type { RdbSlice } from "../format/RdbSink.js"
import { RdbModuleOpcode } from "../format/RdbTypes.js"

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const NAME_LETTERS = 9

/** The name of a module type. */
export const moduleTypeName = (id: bigint): string => {
  let name = ""
  for (let i = NAME_LETTERS; i > 0; i--) name += LETTERS[Number((id >> BigInt(10 + 6 * (i - 1))) & 63n)]
  return name
}

/** The encoding version that the module gave its data. */
export const moduleTypeVersion = (id: bigint): number => Number(id & 1023n)

/** Skips items, each a unit, up to and with the closing one. */
export const skipModuleItems = (input: RdbDecoderInput, slice: RdbSlice, scratch: Scratch): void => {
  for (;;) {
    input.mark()
    const opcode = input.length()
    switch (opcode) {
      case RdbModuleOpcode.End:
        return
      case RdbModuleOpcode.SignedInt:
      case RdbModuleOpcode.UnsignedInt:
        input.length()
        break
      case RdbModuleOpcode.Float:
        input.skip(4)
        break
      case RdbModuleOpcode.Double:
        input.skip(8)
        break
      case RdbModuleOpcode.String:
        input.string(slice, scratch)
        break
      default:
        corrupt(`unknown module opcode ${opcode}`)
    }
  }
}
