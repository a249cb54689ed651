/** The tagged errors of configuration. Each message is one line that names the source, the key and the reason. */
import * as Data from "effect/Data"

/** A path that is no directory one can be in; the reason is in Redis's words. */
export class DirectoryError extends Data.TaggedError("DirectoryError")<{
  /** The path, as it was given. */
  readonly path: string
  /** The system's word on it, as Redis has it. */
  readonly reason: string
}> {
  override get message(): string {
    return `Can't chdir to '${this.path}': ${this.reason}`
  }
}

/** A configuration file that cannot be read, or a line of it that cannot be split into words. */
export class ConfigFileError extends Data.TaggedError("ConfigFileError")<{
  /** The configuration file. */
  readonly path: string
  /** The line, counted from 1; 0 where the whole file is meant. */
  readonly line: number
  /** What is wrong: the system's word where it cannot be read, else what is wrong with the line. */
  readonly reason: string
}> {
  override get message(): string {
    return this.line === 0
      ? `Can't open config file '${this.path}': ${this.reason}`
      : `Bad configuration in ${this.path} line ${this.line}: ${this.reason}`
  }
}

/** A setting Redix refuses to start with. */
export class InvalidConfigError extends Data.TaggedError("InvalidConfigError")<{
  /** Where it was given: "command line", "environment variable REDIX_PORT", "redis.conf line 3". */
  readonly source: string
  /** The directive, as it was written. */
  readonly key: string
  /** Empty for a secret. */
  readonly value: string
  /** What values it takes, or why it is refused. */
  readonly reason: string
}> {
  override get message(): string {
    const setting = this.value === "" ? this.key : `${this.key} ${this.value}`
    return `Bad configuration in ${this.source}: '${setting}': ${this.reason}`
  }
}

/** CONFIG REWRITE failed; `reply` is the text for the client. */
export class ConfigRewriteError extends Data.TaggedError("ConfigRewriteError")<{
  /** The error reply, in Redis's words. */
  readonly reply: string
  /** The configuration file. */
  readonly path: string
  /** The system's word on it. */
  readonly reason: string
}> {
  override get message(): string {
    return `Can't rewrite config file '${this.path}': ${this.reason}`
  }
}
