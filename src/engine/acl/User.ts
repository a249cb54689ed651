/**
 * A user: its name, how it logs in, and what it may do.
 *
 * Rules change it one after another; `setRules` takes all of them or none. Passwords are kept as their SHA-256, in hex.
 *
 * `rights` follows from the selectors: the commands that are allowed whatever their arguments are. Sessions hold the array
 * itself, which is changed in place.
 */
import { sha256Hex } from "../../bytes/Sha256.js"
import { quoteWord, splitWords } from "../../bytes/Words.js"
import * as Errors from "../../resp/Errors.js"
import type { AclCommand, AclCommands } from "./AclCommands.js"
import { selectorRules } from "./describeRules.js"
import { allow, allows, everyCommand, noCommand, type Rights } from "./Rights.js"
import { READ, Selector } from "./Selector.js"
import { applySelectorRule, type RuleTerms } from "./selectorRules.js"

export const DEFAULT_USER = "default"

/** Why a list of rules is refused. */
interface RuleError {
  readonly rule: string
  readonly reason: string
}

const hashOf = (password: string | Uint8Array): string =>
  sha256Hex(typeof password === "string" ? Buffer.from(password, "latin1") : password)

const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

/** Compares in a time that tells nothing of where they differ. */
const sameHash = (a: string, b: string): boolean => {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

export class User {
  enabled = false
  /** Any password will do. */
  anyPassword = false
  /** Whether payloads of RESTORE are looked into; undefined where nobody has said. */
  sanitizes: boolean | undefined = undefined
  passwords: ReadonlyArray<string> = []
  readonly rights: Rights

  constructor(
    readonly name: string,
    /** The root selector and those in parentheses. */
    public selectors: readonly [Selector, ...Array<Selector>],
    rights: Rights = noCommand(),
  ) {
    this.rights = rights
  }

  get root(): Selector {
    return this.selectors[0]
  }

  /** Whether the password is one of its own. */
  accepts(password: Uint8Array): boolean {
    const given = hashOf(password)
    let found = this.anyPassword
    for (const hash of this.passwords) found = sameHash(given, hash) || found
    return found
  }

  /** Has one password and no other; "" = any will do. */
  setOnlyPassword(password: string): void {
    this.anyPassword = password === ""
    this.passwords = password === "" ? [] : [hashOf(password)]
  }

  /** Whether one of the selectors allows to listen to a channel, or to a pattern of channels. */
  allowsChannel(name: string, pattern: boolean): boolean {
    const bytes = Buffer.from(name, "latin1")
    return this.selectors.some((selector) => selector.allowsChannel(bytes, 0, bytes.length, pattern))
  }

  /** Whether one of the selectors allows a command, and to read every key there is. */
  readsAllKeys(command: number): boolean {
    return this.selectors.some(
      ({ commands, allKeys, keys }) =>
        allows(commands, command) &&
        (allKeys || keys.some(({ text, flags }) => text === "*" && (flags & READ) !== 0)),
    )
  }

  copy(): User {
    const [root, ...others] = this.selectors
    const copy = new User(this.name, [root.copy(), ...others.map((one) => one.copy())])
    copy.takeLogin(this)
    return copy
  }

  private takeLogin(user: User): void {
    this.enabled = user.enabled
    this.anyPassword = user.anyPassword
    this.sanitizes = user.sanitizes
    this.passwords = user.passwords
  }

  /** Becomes what another user is, but for its name. */
  become(user: User, commands: () => ReadonlyArray<AclCommand>): void {
    this.takeLogin(user)
    this.selectors = user.selectors
    this.findRights(commands)
  }

  /** Works out `rights`. */
  findRights(commands: () => ReadonlyArray<AclCommand>): void {
    const { rights, selectors } = this
    if (selectors.some(allowsEverything)) {
      rights.fill(-1)
      return
    }
    rights.fill(0)
    for (const command of commands()) {
      const { spec } = command
      if (spec.noAuth || selectors.some((selector) => allowsAlways(selector, command)))
        allow(rights, command.id)
    }
  }

  /** Applies the words of a line, those in parentheses put together. */
  setRules(words: ReadonlyArray<string>, terms: RuleTerms): RuleError | undefined {
    for (const rule of words) {
      const reason = this.setRule(rule, terms)
      if (reason !== undefined) return { rule, reason }
    }
    return undefined
  }

  private setRule(rule: string, terms: RuleTerms): string | undefined {
    if (rule.startsWith("(") && rule.endsWith(")")) return this.addSelector(rule.slice(1, -1), terms)
    switch (rule[0]) {
      case ">":
        return this.addPassword(hashOf(rule.slice(1)))
      case "#":
        return isHash(rule.slice(1)) ? this.addPassword(rule.slice(1)) : Errors.aclHash
      case "<":
        return this.removePassword(hashOf(rule.slice(1)))
      case "!":
        return isHash(rule.slice(1)) ? this.removePassword(rule.slice(1)) : Errors.aclHash
      default:
        return this.setPlainRule(rule, terms)
    }
  }

  private setPlainRule(rule: string, terms: RuleTerms): string | undefined {
    switch (rule.toLowerCase()) {
      case "on":
      case "off":
        this.enabled = rule.length === 2
        return undefined
      case "nopass":
      case "resetpass":
        this.anyPassword = rule.length === 6
        this.passwords = []
        return undefined
      case "sanitize-payload":
        this.sanitizes = true
        return undefined
      case "skip-sanitize-payload":
        this.sanitizes = false
        return undefined
      case "clearselectors":
        this.selectors = [this.root]
        return undefined
      case "reset":
        this.reset(terms)
        return undefined
      default:
        return applySelectorRule(this.root, rule, terms)
    }
  }

  private reset({ allChannels }: RuleTerms): void {
    this.enabled = false
    this.anyPassword = false
    this.passwords = []
    this.sanitizes = true
    this.selectors = [new Selector(allChannels)]
  }

  private addPassword(hash: string): undefined {
    this.anyPassword = false
    if (!this.passwords.includes(hash)) this.passwords = [...this.passwords, hash]
  }

  private removePassword(hash: string): string | undefined {
    if (!this.passwords.includes(hash)) return Errors.aclNoSuchPassword
    this.passwords = this.passwords.filter((one) => one !== hash)
    return undefined
  }

  /** What stands in parentheses is a line of its own, which a zero byte ends; one with open quotes says nothing. */
  private addSelector(text: string, terms: RuleTerms): string | undefined {
    const selector = new Selector(terms.allChannels)
    for (const word of splitWords(text.split("\0", 1).join("")) ?? []) {
      const reason = applySelectorRule(selector, word, terms)
      if (reason !== undefined) return reason
    }
    this.selectors = [...this.selectors, selector]
    return undefined
  }

  /** Its flags, as ACL GETUSER shows them. */
  get flags(): ReadonlyArray<string> {
    const flags = [this.enabled ? "on" : "off"]
    if (this.anyPassword) flags.push("nopass")
    if (this.sanitizes !== undefined)
      flags.push(this.sanitizes ? "sanitize-payload" : "skip-sanitize-payload")
    return flags
  }

  /**
   * The rules that make it what it is, a word each; those of a further selector from "(" to ")".
   * @param quoted whether they are to be read again
   */
  rules(commands: AclCommands, quoted: boolean): ReadonlyArray<string> {
    const [root, ...others] = this.selectors
    return [
      ...this.flags,
      ...this.passwords.map((hash) => `#${hash}`),
      ...selectorRules(root, commands),
      ...others.flatMap((selector) => inParentheses(selectorRules(selector, commands), quoted)),
    ]
  }
}

/** Where a rule has quotes in it, it has to be quoted to be read: what is in parentheses is a line of its own. */
const inParentheses = (rules: ReadonlyArray<string>, quoted: boolean): ReadonlyArray<string> =>
  rules.map((rule, i) => {
    const word = quoted && /["'\\]/.test(rule) ? quoteWord(rule) : rule
    return `${i === 0 ? "(" : ""}${word}${i === rules.length - 1 ? ")" : ""}`
  })

const allowsEverything = ({ commands, future, allKeys, allChannels }: Selector): boolean =>
  future && allKeys && allChannels && commands.every((word) => word === -1)

const allowsAlways = (selector: Selector, command: AclCommand): boolean => {
  const { spec } = command
  return (
    selector.allows(command) &&
    (selector.allKeys || !spec.hasKeys) &&
    (selector.allChannels || spec.channels === undefined)
  )
}

/** A user that may do everything and needs no password. */
export const almighty = (name: string): User => {
  const root = new Selector(true, everyCommand())
  root.future = true
  root.setAllKeys()
  const user = new User(name, [root], everyCommand())
  user.enabled = true
  user.anyPassword = true
  return user
}

/** Who may do everything, and cannot log in: the server's own clients. All servers share it, and nobody changes it. */
export const superuser: User = almighty("(superuser)")

/** A user as it is before any rule. */
export const newUser = (name: string, terms: RuleTerms): User =>
  new User(name, [new Selector(terms.allChannels)])

/**
 * The words of a line of rules, those from "(" to ")" put together into one; where one is not closed, the word that it
 * begins with. As in redis-server what was open when another begins is forgotten.
 */
export const joinSelectors = (
  words: ReadonlyArray<string>,
): { readonly rules: ReadonlyArray<string> } | { readonly unmatched: string } => {
  const rules: Array<string> = []
  let open: string | undefined
  let first = ""
  for (const word of words) {
    const closes = word.endsWith(")")
    if (word.startsWith("(") && !closes) first = open = word
    else if (open === undefined) rules.push(word)
    else {
      open = `${open} ${word}`
      if (!closes) continue
      rules.push(open)
      open = undefined
    }
  }
  return open === undefined ? { rules } : { unmatched: first }
}
