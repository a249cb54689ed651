/** Scenes, as in logScenes.ts, of a master and a replica. */
import * as fs from "node:fs"
import { type Node, type Place, until } from "../support/Nodes.js"
import { encodeCommand } from "../support/RawClient.js"
import type { MasterScript } from "../support/ScriptedMaster.js"
import { ended, logged, savedFile, type Scene, shutdown, type Stage, withClient } from "./logStage.js"

const following = async (
  stage: Stage,
  masterConfig: Readonly<Record<string, string>> = {},
  replicaConfig: Readonly<Record<string, string>> = {},
  { masterPlace, replicaPlace }: { masterPlace?: Place; replicaPlace?: Place } = {},
): Promise<readonly [Node, Node]> => {
  const master = await stage.start(masterConfig, masterPlace)
  await master.ask("SET", "key", "value")
  const replica = await stage.start(replicaConfig, replicaPlace)
  await replica.follow(master)
  await replica.untilUp()
  await until(
    async () => (await master.info("replication"))["slave0"]?.includes("state=online") === true,
    () => "the replica is online",
  )
  return [master, replica]
}

const scripted =
  (script: MasterScript, words: RegExp, config: Readonly<Record<string, string>> = {}): Scene =>
  async (stage) => {
    const master = await stage.master(script)
    const replica = await stage.start(config)
    await replica.follow(master)
    await logged(replica, words)
  }

/** A replica whose master sends this after the snapshot. */
const brokenStream = async (stage: Stage, bytes: string): Promise<void> => {
  const full = fs.readFileSync(await savedFile(await stage.start()))
  const master = await stage.master({
    PSYNC: (send) => {
      send(`+FULLRESYNC ${"a".repeat(40)} 1\r\n$${full.length}\r\n`)
      send(full)
      send(bytes)
    },
  })
  const replica = await stage.start()
  await replica.follow(master)
  await logged(replica, /Protocol error \(/)
}

export const replicationScenes: Readonly<Record<string, Scene>> = {
  "full sync by file": async (stage) => {
    const [, replica] = await following(stage, { "repl-diskless-sync": "no" })
    await replica.ask("REPLICAOF", "NO", "ONE")
  },
  "full sync diskless": async (stage) => {
    await following(stage, { "repl-diskless-sync": "yes" })
  },
  "diskless after a delay": async (stage) => {
    await following(stage, { "repl-diskless-sync": "yes", "repl-diskless-sync-delay": "1" })
  },
  "full sync into memory": async (stage) => {
    await following(stage, {}, { "repl-diskless-load": "swapdb" })
  },
  "full sync into an empty server": async (stage) => {
    await following(stage, {}, { "repl-diskless-load": "on-empty-db" })
  },
  "a sync by file that cannot be written": async (stage) => {
    const master = await stage.start({ "repl-diskless-sync": "no" })
    fs.rmSync(master.dir, { recursive: true })
    const replica = await stage.start()
    await replica.follow(master)
    await logged(master, /SYNC failed/)
  },
  "partial resynchronization": async (stage) => {
    const [master, replica] = await following(stage)
    await master.ask("CLIENT", "KILL", "TYPE", "replica")
    await logged(replica, /Successful partial/)
    await replica.ask("CLIENT", "KILL", "TYPE", "master")
    await until(
      () => replica.log.split("Successful partial").length === 3,
      () => "a second partial resync",
    )
    await replica.ask("REPLICAOF", "127.0.0.1", String(master.port))
    await replica.kill()
    await logged(
      master,
      /Connection with replica.*lost\.(.|\n)*Connection with replica.*lost\.(.|\n)*Connection with replica.*lost\./,
    )
  },
  "a master that stops and starts": async (stage) => {
    const [master, replica] = await following(stage)
    await master.kill()
    await logged(replica, /Error condition on socket for SYNC|MASTER <-> REPLICA: /)
    await master.launch()
    await replica.untilUp()
  },
  "a replica that restarts": async (stage) => {
    const [master, replica] = await following(stage)
    await replica.ask("SAVE")
    replica.config["replicaof"] = `127.0.0.1 ${master.port}`
    await replica.kill()
    await replica.launch()
    await replica.untilUp()
  },
  "wrong offsets and histories": async (stage) => {
    const node = await stage.start()
    const [master] = await following(stage)
    const id = await master.field("master_replid")
    for (const [on, words] of [
      [node, ["PSYNC", "?", "-1"]],
      [master, ["PSYNC", id, "99999999"]],
      [master, ["PSYNC", "a".repeat(40), "1"]],
      [master, ["PSYNC", id, "0"]],
      [master, ["PSYNC", id, "nonsense"]],
      [master, ["SYNC"]],
    ] as const) {
      await withClient(on, async (client) => {
        const lines = on.log.split("\n").length
        client.sendRaw(encodeCommand(words))
        await client.readBytes(1)
        await until(
          () => on.log.split("\n").length > lines,
          () => "a line about it",
        )
      })
      await until(
        async () =>
          !(await on.ask("CLIENT", "LIST", "TYPE", "replica")).includes("flags=S ") || on === master,
        () => "gone",
      )
    }
  },
  "a replica that is not heard of": async (stage) => {
    const [master, replica] = await following(
      stage,
      { "repl-timeout": "2", "repl-ping-replica-period": "1" },
      {},
      { replicaPlace: "apart" },
    )
    replica.pause()
    await logged(master, /[Tt]imed ?out replica/)
    replica.resume()
  },
  "a master that is not heard of": async (stage) => {
    const [master, replica] = await following(stage, {}, { "repl-timeout": "2" }, { masterPlace: "apart" })
    master.pause()
    await logged(replica, /MASTER timeout|timeout|[Tt]ime ?out/)
    master.resume()
    await replica.untilUp()
  },
  "no master there": async (stage) => {
    const replica = await stage.start()
    await replica.follow({ port: 1 })
    await logged(replica, /refused|REFUSED/)
  },
  "a master's name that cannot be found": async (stage) => {
    const replica = await stage.start()
    await replica.ask("REPLICAOF", "host.invalid", "6379")
    await logged(replica, /Unable to connect|MASTER <-> REPLICA: /)
  },
  "no password for the master": async (stage) => {
    const master = await stage.start({ requirepass: "secret" })
    const replica = await stage.start()
    await replica.follow(master)
    await logged(replica, /NOAUTH/)
  },
  "a wrong password for the master": async (stage) => {
    const master = await stage.start({ requirepass: "secret" })
    const replica = await stage.start({ masterauth: "wrong" })
    await replica.follow(master)
    await logged(replica, /WRONGPASS/)
  },
  "a master that says nothing": scripted({ PING: () => undefined }, /[Tt]imeout/, { "repl-timeout": "2" }),
  "a master that errs at PING": scripted({ PING: (send) => send("-ERR no\r\n") }, /PING/),
  "a master that knows no REPLCONF": scripted(
    { REPLCONF: (send) => send("-ERR unknown command\r\n"), PSYNC: (send) => send("-LOADING wait\r\n") },
    /LOADING/,
  ),
  "a master that cuts at PSYNC": scripted({ PSYNC: (send) => send("*1\r\n") }, /PSYNC|Unexpected/),
  "a master without link": scripted({ PSYNC: (send) => send("-NOMASTERLINK no\r\n") }, /NOMASTERLINK/),
  "a master without PSYNC": scripted(
    { PSYNC: (send) => send("-ERR unknown command\r\n"), SYNC: (send) => send("-ERR no\r\n") },
    /Retrying with SYNC/,
  ),
  "a master whose snapshot is none": scripted(
    { PSYNC: (send) => send(`+FULLRESYNC ${"a".repeat(40)} 1\r\nnonsense\r\n`) },
    /Bad protocol|bad length/,
  ),
  "a master whose snapshot is damaged": scripted(
    { PSYNC: (send) => send(`+FULLRESYNC ${"a".repeat(40)} 1\r\n$20\r\nREDIS0099nonsense...`) },
    /Failed trying to load|MASTER <-> REPLICA: |Can't handle/,
  ),
  "a snapshot into memory that is damaged": scripted(
    { PSYNC: (send) => send(`+FULLRESYNC ${"a".repeat(40)} 1\r\n$20\r\nREDIS0099nonsense...`) },
    /Failed trying to load/,
    { "repl-diskless-load": "swapdb" },
  ),
  "a master that cuts while it sends the snapshot": async (stage) => {
    const master = await stage.master({
      PSYNC: (send) => {
        send(`+FULLRESYNC ${"a".repeat(40)} 1\r\n$20\r\nREDIS`)
      },
    })
    const replica = await stage.start()
    await replica.follow(master)
    await logged(replica, /receiving 20 bytes/)
    master.cut()
  },
  "a snapshot that stops": scripted(
    { PSYNC: (send) => send(`+FULLRESYNC ${"a".repeat(40)} 1\r\n$20\r\nREDIS`) },
    /[Tt]imeout/,
    { "repl-timeout": "2" },
  ),
  "a stream that goes wrong": async (stage) => {
    const full = fs.readFileSync(await savedFile(await stage.start()))
    const master = await stage.master({
      PSYNC: (send) => {
        send(`+FULLRESYNC ${"a".repeat(40)} 1\r\n$${full.length}\r\n`)
        send(full)
        send(encodeCommand(["SET", "key", "x\x00"]))
        send(encodeCommand(["LPUSH", "key", "x"]))
        send(encodeCommand(["NOSUCH", "x"]))
      },
    })
    const replica = await stage.start()
    await replica.follow(master)
    await logged(replica, /unknown command/)
  },
  "a stream that breaks the protocol": (stage) => brokenStream(stage, "*1\r\nnonsense\r\n"),
  "a stream with a length that is no number": (stage) => brokenStream(stage, "*2\r\n$x\r\nPING\r\n"),
  "a stream of lines of text": (stage) => brokenStream(stage, "HELLO world\r\n"),
  failover: async (stage) => {
    const [master, replica] = await following(stage)
    await master.ask("FAILOVER")
    await until(
      async () => (await master.field("role")) === "slave" && (await replica.field("role")) === "master",
      () => "roles",
    )
    await master.untilUp()
  },
  "failover that runs out of time": async (stage) => {
    const [master, replica] = await following(stage, {}, {}, { replicaPlace: "apart" })
    replica.pause()
    await master.ask("SET", "a", "1")
    await master.ask("FAILOVER", "TIMEOUT", "500")
    await logged(master, /[Aa]bort/)
    await master.ask("FAILOVER")
    await master.ask("FAILOVER", "ABORT")
    await master.ask("FAILOVER", "TO", "127.0.0.1", String(replica.port), "FORCE", "TIMEOUT", "500")
    await logged(master, /time out exceeded, failing over/)
    replica.resume()
    await master.untilUp()
  },
  "a promoted replica": async (stage) => {
    const [master, replica] = await following(stage)
    await replica.ask("REPLICAOF", "NO", "ONE")
    await replica.follow(master)
    await replica.untilUp()
    await replica.ask("SLAVEOF", "NO", "ONE")
    await master.follow(replica)
    await master.untilUp()
  },
  "a backlog without replicas": async (stage) => {
    const [master, replica] = await following(stage, { "repl-backlog-ttl": "1" })
    await replica.kill()
    await logged(master, /acklog freed/)
  },
  "a replica that lags at SHUTDOWN": async (stage) => {
    const [master, replica] = await following(
      stage,
      { "shutdown-timeout": "1" },
      {},
      { replicaPlace: "apart" },
    )
    replica.pause()
    await master.ask("SET", "a", "1")
    await withClient(master, async (client) => {
      client.sendRaw(encodeCommand(["SHUTDOWN"]))
      await logged(master, /Waiting for replicas/)
      await master.ask("SHUTDOWN", "ABORT")
      await client.readReply()
    })
    await shutdown(master)
    await ended(master)
    replica.resume()
  },
  "replicas that are in time at SHUTDOWN": async (stage) => {
    const [master] = await following(stage)
    await shutdown(master)
    await ended(master)
  },
}
