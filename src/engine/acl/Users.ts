/**
 * The users of one server, and whose commands its clients run.
 *
 * There is always one called "default", which new clients are; it is changed in place. Whoever changes a user ends the
 * clients that may no longer be what they are: those of a user that has gone, and those that listen to a channel their
 * user may no longer listen to.
 */
import * as Redacted from "effect/Redacted"
import { quoteWord } from "../../bytes/Words.js"
import type { CommandSpec } from "../declare/CommandSpec.js"
import * as Errors from "../../resp/Errors.js"
import type { Log } from "../world/Log.js"
import type { Session } from "../clients/Session.js"
import { type AclCommand, AclCommands, type NumberedCommands } from "./AclCommands.js"
import { isUserName, readUsers } from "./AclFile.js"
import { Selector } from "./Selector.js"
import type { RuleTerms } from "./selectorRules.js"
import { almighty, DEFAULT_USER, joinSelectors, newUser, superuser, User } from "./User.js"

interface UsersNeeds {
  readonly table: NumberedCommands
  /** Declarations of commands that rules may name and the table lacks. */
  readonly declared: ReadonlyArray<CommandSpec>
  readonly settings: {
    readonly aclPubsubDefault: "allchannels" | "resetchannels"
    readonly requirepass: Redacted.Redacted
  }
  readonly logger: Log
  readonly sessions: ReadonlyMap<number, Session>
}

/** A user as a line of the configuration has it. */
interface DeclaredUser {
  readonly name: string
  readonly rules: ReadonlyArray<string>
}

const DUPLICATE = "Duplicate user found. A user can only be defined once in config files"

/** Error texts end at a zero byte. */
const upToZero = (text: string): string => text.split("\0", 1).join("")

export class Users {
  /** Whose commands a client runs that has not said who it is. */
  readonly default = almighty(DEFAULT_USER)
  private readonly byName = new Map<string, User>([[DEFAULT_USER, this.default]])
  /** Has no password and is never logged in as. */
  private readonly nobody = new User("", [new Selector(false)])
  private madeCommands: AclCommands | undefined = undefined

  constructor(private readonly needs: UsersNeeds) {
    this.setDefaultPassword()
  }

  /** The commands that rules can name; asked for when the table is complete. */
  get commands(): AclCommands {
    return (this.madeCommands ??= new AclCommands(this.needs.table, this.needs.declared))
  }

  private readonly allCommands = (): ReadonlyArray<AclCommand> => this.commands.all

  private get terms(): RuleTerms {
    const { settings, logger } = this.needs
    return {
      commands: this.commands,
      allChannels: settings.aclPubsubDefault === "allchannels",
      deprecated: (text) => logger.warning(text),
    }
  }

  /** Clients have to say who they are before anything else. */
  get loginRequired(): boolean {
    return !this.default.anyPassword || !this.default.enabled
  }

  find(name: string): User | undefined {
    return this.byName.get(name)
  }

  /** All of them, by the bytes of their names. */
  get all(): ReadonlyArray<User> {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Who logs in with a name and a password; undefined where that does not fit, or the user is off. */
  login(name: string, password: Uint8Array): User | undefined {
    const user = this.byName.get(name)
    // Also where there is no such user, or it is off: how long it takes tells nobody.
    const accepted = (user ?? this.nobody).accepts(password)
    return accepted && user?.enabled === true ? user : undefined
  }

  /** The default user has the password that the configuration says, and no other. */
  setDefaultPassword(): void {
    const password = Redacted.value(this.needs.settings.requirepass)
    this.default.setOnlyPassword(password)
    this.defaultChanged()
  }

  /** ACL SETUSER: makes a user or changes one, by all of the rules or none; answers the error. */
  set(name: string, words: ReadonlyArray<string>, running: Session): string | undefined {
    if (!isUserName(name)) return Errors.aclUserName
    const joined = joinSelectors(words)
    if ("unmatched" in joined) return Errors.aclUnmatched(upToZero(joined.unmatched))
    const { terms } = this
    const known = this.byName.get(name)
    const changed = known === undefined ? newUser(name, terms) : known.copy()
    const error = changed.setRules(joined.rules, terms)
    if (error !== undefined) return Errors.aclSetUser(upToZero(error.rule), error.reason)
    this.put(changed)
    if (known !== undefined) this.endListeners(known, running)
    return undefined
  }

  /** ACL DELUSER: answers how many there were. The default user stays. */
  delete(names: ReadonlyArray<string>, running: Session): number {
    let count = 0
    for (const name of names) {
      const user = this.byName.get(name)
      if (user === undefined) continue
      this.byName.delete(name)
      this.endClients(running, (session) => session.user === user)
      count++
    }
    return count
  }

  /** Takes the users of a file's text in place of those there are; answers what is wrong with it. */
  load(path: string, text: string, running?: Session): string | undefined {
    const users = readUsers(path, text, this.terms)
    if (typeof users === "string") return users
    this.byName.clear()
    this.byName.set(DEFAULT_USER, this.default)
    for (const user of users.values()) this.put(user)
    if (!users.has(DEFAULT_USER)) this.put(almighty(DEFAULT_USER))
    this.endClients(running, ({ user }) => user !== this.default && user !== superuser)
    return undefined
  }

  /** The file's text. */
  get fileText(): string {
    return this.textOf(this.all)
  }

  /** These users as a file's text. */
  textOf(users: ReadonlyArray<User>): string {
    return users.map((user) => `${this.line(user, true)}\n`).join("")
  }

  /** A user's line, as ACL LIST has it. */
  describe(user: User): string {
    return this.line(user, false)
  }

  private line(user: User, quoted: boolean): string {
    return ["user", user.name, ...user.rules(this.commands, quoted)].join(" ")
  }

  /** The words after "user" in the lines of a configuration file. */
  get configLines(): ReadonlyArray<string> {
    const quoted = (word: string): string => (/^[!#-&(-[\]-~]+$/.test(word) ? word : quoteWord(word))
    return this.all.map((user) => [user.name, ...user.rules(this.commands, true)].map(quoted).join(" "))
  }

  /** Makes the users of a configuration, at the start; answers what is wrong with the first that is none, and its place. */
  declare(
    users: ReadonlyArray<DeclaredUser>,
  ): { readonly line: number; readonly reason: string } | undefined {
    // The terms are of all commands, which take a while to gather.
    if (users.length === 0) return undefined
    const { terms } = this
    const names = new Set<string>()
    for (const [line, { name, rules }] of users.entries()) {
      const failed = (text: string) => ({ line, reason: `Error in user declaration '${name}': ${text}` })
      if (!isUserName(name)) return { line, reason: "Spaces not allowed in ACL usernames" }
      if (names.has(name)) return failed(DUPLICATE)
      names.add(name)
      const joined = joinSelectors(rules)
      if ("unmatched" in joined) return failed(Errors.aclUnmatched(joined.unmatched).slice("ERR ".length))
      const user = newUser(name, terms)
      const error = user.setRules(name === DEFAULT_USER ? ["reset", ...joined.rules] : joined.rules, terms)
      // Which password is wrong is nobody else's business.
      if (error !== undefined)
        return failed(/^[><#!]/.test(error.rule) ? error.reason : `'${error.rule}': ${error.reason}`)
      this.put(user)
      if (!user.enabled)
        this.needs.logger.notice(
          `The user '${name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.`,
        )
    }
    return undefined
  }

  private put(user: User): void {
    const known = this.byName.get(user.name)
    if (known === undefined) {
      user.findRights(this.allCommands)
      this.byName.set(user.name, user)
      return
    }
    known.become(user, this.allCommands)
    if (known === this.default) this.defaultChanged()
  }

  /** Who has not logged in may have to now, or no more. */
  private defaultChanged(): void {
    for (const session of this.needs.sessions.values()) {
      session.limits.authenticated = session.authenticated || !this.loginRequired
      session.control.limitsChanged()
    }
  }

  /** Ends the clients of a user that listen to what it may not listen to any more. */
  private endListeners(user: User, running: Session): void {
    if (user.selectors.some(({ allChannels }) => allChannels)) return
    const forbidden = (names: ReadonlySet<string>, literal: boolean): boolean =>
      [...names].some((name) => !user.allowsChannel(name, literal))
    this.endClients(
      running,
      (session) =>
        session.user === user &&
        (forbidden(session.channels, false) ||
          forbidden(session.shardChannels, false) ||
          forbidden(session.patterns, true)),
    )
  }

  private endClients(running: Session | undefined, concerned: (session: Session) => boolean): void {
    for (const session of [...this.needs.sessions.values()]) {
      if (!concerned(session)) continue
      if (session !== running) session.control.kill()
      // Its reply goes out first.
      else session.closing = true
    }
  }
}
