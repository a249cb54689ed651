/**
 * Which commands a user may run: one bit for each id in the command table, 1 = allowed, in words of 32. Dispatch tests the
 * bit of every command along with the gates, so that a user with fewer rights costs nothing more.
 *
 *     const rights = everyCommand()
 *     deny(rights, id)                     id 70 is bit 6 of word 2
 *     allows(rights, id)                   false
 */
import { COMMANDS_MAX } from "../CommandInfo.js"

export type Rights = Int32Array

export const everyCommand = (): Rights => new Int32Array(COMMANDS_MAX >>> 5).fill(-1)

/** Shifts count modulo 32. */
export const allows = (rights: Rights, id: number): boolean => ((rights[id >>> 5] >>> id) & 1) !== 0

export const allow = (rights: Rights, id: number): void => {
  rights[id >>> 5] |= 1 << id
}

export const deny = (rights: Rights, id: number): void => {
  rights[id >>> 5] &= ~(1 << id)
}

/** Of the user who may do everything: all sessions of it share this, and nobody changes it. */
export const fullRights: Rights = everyCommand()
