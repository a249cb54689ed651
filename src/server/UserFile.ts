/** Users on disk: the file that `aclfile` names, and the `user` lines of the configuration at the start. */
import { systemReason } from "../bytes/SystemReason.js"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import type { Users } from "../engine/acl/Users.js"
import type { Session } from "../engine/clients/Session.js"
import {
  type ConfigState,
  fromByteText,
  InvalidConfigError,
  pathIn,
  replaceFile,
  toByteText,
} from "../config/index.js"
import * as Errors from "../resp/Errors.js"

/** Where the file of users is. */
interface UserFileSettings {
  /** "" = there is none. */
  readonly aclfile: string
  readonly dir: string
}

const BOTH =
  "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both."

/** Takes the users of the file, or answers what is wrong and changes nothing. */
const loadUserFile = (
  users: Users,
  { aclfile, dir }: UserFileSettings,
  running?: Session,
): Effect.Effect<string | undefined, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFile(pathIn(dir, aclfile))).pipe(
    Effect.match({
      onSuccess: (bytes) => users.load(toByteText(aclfile), toByteText(bytes), running),
      onFailure: (error) => Errors.aclNotOpened(toByteText(aclfile), systemReason(error)),
    }),
  )

const saveUserFile = (
  users: Users,
  { aclfile, dir }: UserFileSettings,
): Effect.Effect<string | undefined, never, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    const text = users.fileText
    return replaceFile(pathIn(dir, aclfile), () => text)
  }).pipe(Effect.match({ onSuccess: () => undefined, onFailure: systemReason }))

/** The file that commands load and save; undefined without one. */
export const userFile = (
  users: Users,
  settings: UserFileSettings,
  withFiles: <A>(effect: Effect.Effect<A, never, FileSystem.FileSystem>) => Effect.Effect<A>,
) =>
  settings.aclfile === ""
    ? undefined
    : {
        load: (running: Session) => withFiles(loadUserFile(users, settings, running)),
        save: withFiles(saveUserFile(users, settings)),
      }

/** Makes the users that the configuration asks for; the command table must be complete. */
export const usersAtStart = Effect.fnUntraced(function* (users: Users, config: ConfigState) {
  const { values } = config
  const badUser = (line: number, reason: string): InvalidConfigError =>
    new InvalidConfigError({ source: config.sourceOf("user", line), key: "user", value: "", reason })
  if (values.aclfile === "") {
    const wrong = users.declare(Redacted.value(values.user))
    if (wrong !== undefined) return yield* badUser(wrong.line, fromByteText(wrong.reason))
    return
  }
  if (Redacted.value(values.user).length > 0) return yield* badUser(0, BOTH)
  const reason = yield* loadUserFile(users, values)
  if (reason === undefined) return
  return yield* new InvalidConfigError({
    source: config.sourceOf("aclfile"),
    key: "aclfile",
    value: values.aclfile,
    reason: fromByteText(reason),
  })
})
