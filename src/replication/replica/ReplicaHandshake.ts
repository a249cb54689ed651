/** A replica's words to its master before PSYNC: PING, AUTH where it is set, and what the replica is and can. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { MasterLinkError, type MasterStream } from "./MasterStream.js"
import type { RefusalSettings } from "./StreamRefusals.js"
import type { SnapshotSettings } from "./ReceivedSnapshot.js"
import type { RoleSettings } from "./ReplicaRole.js"
import { encodeCommand } from "../../resp/CommandEncoder.js"
import { secretIsSet } from "../../engine/Settings.js"

/** Settings the replica side reads, as in the configuration. */
export interface ReplicaSettings extends RefusalSettings, SnapshotSettings, RoleSettings {
  readonly port: number
  readonly tlsPort: number
  /** Local address of links to masters, "" = the system's choice. */
  readonly bindSourceAddr: string
  readonly tlsReplication: boolean
  /** These two hold a character a byte. */
  readonly masteruser: string
  readonly masterauth: Redacted.Redacted
  readonly replTimeout: number
  readonly replBacklogSize: number
  readonly replicaAnnounceIp: string
  readonly replicaAnnouncePort: number
}

/** Replies to PING that let the handshake go on: a password may be asked for, and comes next. */
const FINE = ["+", "-NOAUTH", "-NOPERM", "-ERR operation not permitted"]

interface Question {
  readonly words: ReadonlyArray<string | Uint8Array>
  /** What the log calls it; passwords are not for the log. */
  readonly name: string
  /** A refusal ends the handshake. */
  readonly critical: boolean
}

const questions = (settings: ReplicaSettings, port: number): ReadonlyArray<Question> => {
  const { masteruser, masterauth, replicaAnnounceIp, replicaAnnouncePort } = settings
  const list: Array<Question> = []
  if (secretIsSet(masterauth)) {
    const password = Redacted.value(masterauth)
    const secrets = masteruser === "" ? [password] : [masteruser, password]
    const words = ["AUTH", ...secrets.map((word) => Buffer.from(word, "latin1"))]
    list.push({ words, name: "AUTH", critical: true })
  }
  const shown = replicaAnnouncePort === 0 ? port : replicaAnnouncePort
  const option = (name: string, ...words: ReadonlyArray<string>): void =>
    void list.push({ words: ["REPLCONF", name, ...words], name: `REPLCONF ${name}`, critical: false })
  option("listening-port", String(shown))
  if (replicaAnnounceIp !== "") option("ip-address", replicaAnnounceIp)
  option("capa", "eof", "capa", "psync2")
  return list
}

/** @param port of this server, told to the master unless another is announced */
export const handshake = Effect.fnUntraced(function* (
  stream: MasterStream,
  settings: ReplicaSettings,
  port: number,
) {
  stream.write(encodeCommand(["PING"]))
  const pong = yield* stream.line("PING")
  if (!FINE.some((word) => pong.startsWith(word)))
    return yield* new MasterLinkError({
      step: "PING",
      reason: pong,
      logged: `Error reply to PING from master: '${pong}'`,
    })
  yield* Effect.logInfo("Master replied to PING, replication can continue...")
  const asked = questions(settings, port)
  for (const question of asked) stream.write(encodeCommand(question.words))
  for (const question of asked) {
    const { name, critical } = question
    const reply = yield* stream.line(name)
    if (!reply.startsWith("-")) continue
    if (critical)
      return yield* new MasterLinkError({
        step: name,
        reason: reply,
        logged: `Unable to AUTH to MASTER: ${reply}`,
      })
    yield* Effect.logInfo(`(Non critical) Master does not understand ${name}: ${reply}`)
  }
})
