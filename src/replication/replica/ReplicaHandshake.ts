/** A replica's words to its master before PSYNC: PING, AUTH where it is set, and what the replica is and can. */
import * as Effect from "effect/Effect"
import { MasterLinkError, type MasterStream } from "./MasterStream.js"
import { encodeCommand } from "../ReplicationLog.js"

/** Settings the replica side reads, as in the configuration. */
export interface ReplicaSettings {
  /** Local address of links to masters, "" = the system's choice. */
  readonly bindSourceAddr: string
  readonly tlsReplication: boolean
  /** These two hold a character a byte. */
  readonly masteruser: string
  readonly masterauth: string
  readonly replTimeout: number
  readonly replBacklogSize: number
  readonly replicaAnnounceIp: string
  readonly replicaAnnouncePort: number
  readonly dir: string
}

/** Replies to PING that let the handshake go on: a password may be asked for, and comes next. */
const FINE = ["+", "-NOAUTH", "-NOPERM", "-ERR operation not permitted"]

interface Question {
  readonly words: ReadonlyArray<string | Uint8Array>
  /** A refusal ends the handshake. */
  readonly critical: boolean
}

const questions = (settings: ReplicaSettings, port: number): ReadonlyArray<Question> => {
  const { masteruser, masterauth, replicaAnnounceIp, replicaAnnouncePort } = settings
  const list: Array<Question> = []
  if (masterauth !== "") {
    const secrets = masteruser === "" ? [masterauth] : [masteruser, masterauth]
    list.push({ words: ["AUTH", ...secrets.map((word) => Buffer.from(word, "latin1"))], critical: true })
  }
  const shown = replicaAnnouncePort === 0 ? port : replicaAnnouncePort
  list.push({ words: ["REPLCONF", "listening-port", String(shown)], critical: false })
  if (replicaAnnounceIp !== "")
    list.push({ words: ["REPLCONF", "ip-address", replicaAnnounceIp], critical: false })
  list.push({ words: ["REPLCONF", "capa", "eof", "capa", "psync2"], critical: false })
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
    return yield* new MasterLinkError({ step: "PING", reason: pong })
  yield* Effect.logInfo("Master replied to PING, replication can continue...")
  const asked = questions(settings, port)
  // Passwords are not for the log.
  const stepOf = ({ words }: Question): string => (words[0] === "AUTH" ? "AUTH" : words.join(" "))
  for (const question of asked) stream.write(encodeCommand(question.words))
  for (const question of asked) {
    const reply = yield* stream.line(stepOf(question))
    if (!reply.startsWith("-")) continue
    if (question.critical) return yield* new MasterLinkError({ step: stepOf(question), reason: reply })
    yield* Effect.logInfo(`(Non critical) Master does not understand ${stepOf(question)}: ${reply}`)
  }
})
