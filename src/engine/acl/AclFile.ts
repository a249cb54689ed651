/**
 * The text of a file of users: a line each, its words parted by single blanks, quotes and all as they are.
 *
 *     user alice on #2d71... ~a* resetchannels -@all +@read
 *
 * Blank lines are skipped; there are no comments. A file is taken as a whole or not at all.
 */
import { joinSelectors, newUser, type User } from "./User.js"
import type { RuleTerms } from "./selectorRules.js"
import * as Errors from "../../resp/Errors.js"

const UNCHANGED = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"

/** Whether a text can name a user. */
export const isUserName = (name: string): boolean => !/[\0\t-\r ]/.test(name)

/** What is wrong in a line, each with its end. */
const readLine = (
  place: string,
  number: number,
  words: ReadonlyArray<string>,
  users: Map<string, User>,
  terms: RuleTerms,
): string => {
  const [keyword, name, ...rules] = words
  if (keyword !== "user" || name === undefined)
    return `${place} should start with user keyword followed by the username. `
  if (!isUserName(name)) return `'${place}: username '${name}' contains invalid characters. `
  if (users.has(name)) return `WARNING: Duplicate user '${name}' found on line ${number}. `
  const user = newUser(name, terms)
  users.set(name, user)
  const joined = joinSelectors(rules)
  if ("unmatched" in joined) return `${place}: Unmatched parenthesis in selector definition.`
  const error = user.setRules(joined.rules, terms)
  if (error === undefined) return ""
  const { rule, reason } = error
  return reason === Errors.aclUnknownCommand
    ? `${place}: Error in applying operation '${rule}': ${reason}. `
    : `${place}: ${reason}. `
}

/** The users of a text, or what is wrong with it. */
export const readUsers = (
  path: string,
  text: string,
  terms: RuleTerms,
): ReadonlyMap<string, User> | string => {
  const users = new Map<string, User>()
  let errors = ""
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "")
    if (line === "") continue
    const words = line.split(" ")
    errors += readLine(`${path}:${index + 1}`, index + 1, words, users, terms)
  }
  return errors === "" ? users : errors + UNCHANGED
}
