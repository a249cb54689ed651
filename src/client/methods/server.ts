/** Methods of the group server. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many, OneOf, Pairs } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface ServerMethods<T, K extends Kind> {
  /** Lists the command categories, or the commands of one. */
  readonly aclCat: (categoryname?: Word) => Gives<K, ReadonlyArray<T>>

  /** Deletes users and closes their connections. */
  readonly aclDeluser: (username: Many<Word>) => Gives<K, number>

  /** Checks whether a user may run a command, without running it. */
  readonly aclDryrun: (username: Word, command: Word, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Makes a random password of hexadecimal digits. */
  readonly aclGenpass: (bits?: Integer) => Gives<K, T>

  /** Shows the rules of one user. */
  readonly aclGetuser: (username: Word) => Gives<K, Value<T>>

  /** Lists the ACL subcommands with a line about each. */
  readonly aclHelp: () => Gives<K, Value<T>>

  /** Prints every user as a line of the ACL file. */
  readonly aclList: () => Gives<K, ReadonlyArray<T>>

  /** Replaces the users by those of the ACL file. */
  readonly aclLoad: () => Gives<K, "OK">

  /** Shows or clears the latest events refused by the ACL. */
  readonly aclLog: (operation?: Integer | "RESET") => Gives<K, Value<T>>

  /** Writes the users into the ACL file. */
  readonly aclSave: () => Gives<K, "OK">

  /** Creates a user or changes one by rules. */
  readonly aclSetuser: (username: Word, rule?: Many<Word>) => Gives<K, "OK">

  /** Lists the names of all users. */
  readonly aclUsers: () => Gives<K, ReadonlyArray<T>>

  /** Names the user this connection acts as. */
  readonly aclWhoami: () => Gives<K, T>

  /** Rewrites the append-only file in the background. */
  readonly bgrewriteaof: () => Gives<K, Value<T>>

  /** Saves the databases to disk in the background. */
  readonly bgsave: (options?: { readonly SCHEDULE?: true | undefined }) => Gives<K, string>

  /** Describes the commands of this server; groups the subcommands that do so in detail. */
  readonly command: () => Gives<K, Value<T>>

  /** Counts the commands of this server. */
  readonly commandCount: () => Gives<K, number>

  /** Prints the documentation of commands as data. */
  readonly commandDocs: (commandName?: Many<Word>) => Gives<K, Value<T>>

  /** Picks the key names out of a full command line. */
  readonly commandGetkeys: () => Gives<K, Value<T>>

  /** Picks the key names out of a full command line, each with how it is used. */
  readonly commandGetkeysandflags: () => Gives<K, Value<T>>

  /** Lists the COMMAND subcommands with a line about each. */
  readonly commandHelp: () => Gives<K, Value<T>>

  /** Describes the named commands, or all of them. */
  readonly commandInfo: (commandName?: Many<Word>) => Gives<K, Value<T>>

  /** Lists command names, all or those that pass a filter. */
  readonly commandList: (options?: {
    readonly FILTERBY?:
      | { readonly MODULE: Word }
      | { readonly ACLCAT: Word }
      | { readonly PATTERN: Word }
      | undefined
  }) => Gives<K, Value<T>>

  /** Reads the settings whose names match. */
  readonly configGet: (parameter: Many<Word>) => Gives<K, ReadonlyMap<T, T>>

  /** Lists the CONFIG subcommands with a line about each. */
  readonly configHelp: () => Gives<K, Value<T>>

  /** Sets the counters that INFO shows back to zero. */
  readonly configResetstat: () => Gives<K, "OK">

  /** Writes the current settings into the configuration file. */
  readonly configRewrite: () => Gives<K, "OK">

  /** Changes settings while the server runs. */
  readonly configSet: (parameterValue: Pairs<Word, Word>) => Gives<K, "OK">

  /** Counts the keys of the selected database. */
  readonly dbsize: () => Gives<K, number>

  /** Hands the role of master over to one of the replicas. */
  readonly failover: (options?: {
    readonly TO?:
      | { readonly host: Word; readonly port: Integer; readonly FORCE?: true | undefined }
      | undefined
    readonly ABORT?: true | undefined
    readonly TIMEOUT?: Integer | undefined
  }) => Gives<K, Value<T>>

  /** Empties every database. */
  readonly flushall: (options?: OneOf<{ readonly ASYNC: true; readonly SYNC: true }>) => Gives<K, "OK">

  /** Empties the selected database. */
  readonly flushdb: (options?: OneOf<{ readonly ASYNC: true; readonly SYNC: true }>) => Gives<K, "OK">

  /** Reports facts and counters about the server, by section. */
  readonly info: (section?: Many<Word>) => Gives<K, T>

  /** Tells the Unix time of the latest successful save. */
  readonly lastsave: () => Gives<K, number>

  /** Explains the latency events recorded, in prose. */
  readonly latencyDoctor: () => Gives<K, T>

  /** Draws the recorded latencies of an event as text. */
  readonly latencyGraph: (event: Word) => Gives<K, Value<T>>

  /** Lists the LATENCY subcommands with a line about each. */
  readonly latencyHelp: () => Gives<K, Value<T>>

  /** Shows how the latencies of commands are distributed. */
  readonly latencyHistogram: (command?: Many<Word>) => Gives<K, Value<T>>

  /** Lists the times and latencies recorded for an event. */
  readonly latencyHistory: (event: Word) => Gives<K, Value<T>>

  /** Shows the latest and the worst latency of every event. */
  readonly latencyLatest: () => Gives<K, Value<T>>

  /** Forgets the latencies recorded, of all or of named events. */
  readonly latencyReset: (event?: Many<Word>) => Gives<K, number>

  /** Draws a piece of computer art and prints the version. */
  readonly lolwut: (options?: { readonly VERSION?: Integer | undefined }) => Gives<K, T>

  /** Looks for memory problems and explains them in prose. */
  readonly memoryDoctor: () => Gives<K, T>

  /** Lists the MEMORY subcommands with a line about each. */
  readonly memoryHelp: () => Gives<K, Value<T>>

  /** Prints the allocator's own statistics. */
  readonly memoryMallocStats: () => Gives<K, T>

  /** Asks the allocator to give unused memory back to the system. */
  readonly memoryPurge: () => Gives<K, Value<T>>

  /** Breaks the server's memory use down into parts. */
  readonly memoryStats: () => Gives<K, Value<T>>

  /** Estimates how many bytes a key takes up. */
  readonly memoryUsage: (
    key: Word,
    options?: { readonly SAMPLES?: Integer | undefined },
  ) => Gives<K, number | null>

  /** Lists the MODULE subcommands with a line about each. */
  readonly moduleHelp: () => Gives<K, Value<T>>

  /** Lists the modules that are loaded. */
  readonly moduleList: () => Gives<K, Value<T>>

  /** Loads a module from a file. */
  readonly moduleLoad: (path: Word, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Loads a module from a file with settings of its own. */
  readonly moduleLoadex: (
    path: Word,
    options?: { readonly CONFIG?: Pairs<Word, Word> | undefined; readonly ARGS?: Many<Word> | undefined },
  ) => Gives<K, Value<T>>

  /** Removes a loaded module. */
  readonly moduleUnload: (name: Word) => Gives<K, Value<T>>

  /** Makes the server replicate another one, or makes it a master again. */
  readonly replicaof: (args: readonly [host: Word, port: Integer] | "NO ONE") => Gives<K, "OK">

  /** Tells whether the server is master, replica or sentinel, and the state of its links. */
  readonly role: () => Gives<K, Value<T>>

  /** Saves the databases to disk while every client waits. */
  readonly save: () => Gives<K, "OK">

  /** Saves if asked or configured, then ends the server. */
  readonly shutdown: (
    options?: {
      readonly NOW?: true | undefined
      readonly FORCE?: true | undefined
      readonly ABORT?: true | undefined
    } & OneOf<{ readonly NOSAVE: true; readonly SAVE: true }>,
  ) => Gives<K, Value<T>>

  /** Makes the server replicate another one (the old name of REPLICAOF). Deprecated: use `REPLICAOF`. */
  readonly slaveof: (args: readonly [host: Word, port: Integer] | "NO ONE") => Gives<K, Value<T>>

  /** Shows the latest entries of the slow log. */
  readonly slowlogGet: (count?: Integer) => Gives<K, Value<T>>

  /** Lists the SLOWLOG subcommands with a line about each. */
  readonly slowlogHelp: () => Gives<K, Value<T>>

  /** Counts the entries of the slow log. */
  readonly slowlogLen: () => Gives<K, number>

  /** Empties the slow log. */
  readonly slowlogReset: () => Gives<K, "OK">

  /** Exchanges the contents of two databases. */
  readonly swapdb: (index1: Integer, index2: Integer) => Gives<K, "OK">

  /** Tells the server's clock: Unix seconds and microseconds. */
  readonly time: () => Gives<K, readonly [T, T]>
}
