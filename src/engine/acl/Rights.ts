/**
 * Sets of commands: one bit for each id, in words of 32. A user's set holds what it may run whatever the arguments are, and
 * dispatch tests the bit of every command along with the gates, so that a user with fewer rights costs nothing more.
 *
 *     const rights = everyCommand()
 *     deny(rights, id)                     id 70 is bit 6 of word 2
 *     allows(rights, id)                   false
 */
import { COMMANDS_MAX } from "../CommandInfo.js"

export type Rights = Int32Array

export const noCommand = (): Rights => new Int32Array(COMMANDS_MAX >>> 5)

export const everyCommand = (): Rights => noCommand().fill(-1)

/** Shifts count modulo 32. */
export const allows = (rights: Rights, id: number): boolean => ((rights[id >>> 5] >>> id) & 1) !== 0

export const allow = (rights: Rights, id: number): void => {
  rights[id >>> 5] |= 1 << id
}

export const deny = (rights: Rights, id: number): void => {
  rights[id >>> 5] &= ~(1 << id)
}
