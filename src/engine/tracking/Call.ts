/** A command with its words, as far as finding its keys goes. */
import type { CommandInfo } from "../CommandInfo.js"

export interface Call {
  readonly command: CommandInfo | undefined
  readonly buf: Uint8Array
  readonly argc: number
  readonly argOff: Int32Array
  readonly argLen: Int32Array
}

/** One whose words were copied. */
export const keptCall = (command: CommandInfo | undefined, words: ReadonlyArray<Uint8Array>): Call => {
  const argLen = Int32Array.from(words, ({ length }) => length)
  const argOff = new Int32Array(words.length)
  for (let i = 1; i < words.length; i++) argOff[i] = argOff[i - 1] + argLen[i - 1]
  return { command, buf: Buffer.concat(words), argc: words.length, argOff, argLen }
}
