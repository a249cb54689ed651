/** What INFO counts of saves, flushes and reloads, command by command as redis-server does. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix } from "../support/Redix.js"

/** What does not depend on how fast a server is. */
const FIELDS = [
  "loading",
  "rdb_changes_since_last_save",
  "rdb_bgsave_in_progress",
  "rdb_last_bgsave_status",
  "rdb_saves",
  "rdb_last_load_keys_expired",
  "rdb_last_load_keys_loaded",
]

const account = async (client: RawClient): Promise<string> => {
  const info = await client.text("INFO", "persistence")
  return FIELDS.map((name) => `${name}=${new RegExp(`^${name}:(.*)\r$`, "m").exec(info)?.[1]}`).join(" ")
}

/** Runs until no save is under way. */
const idle = async (client: RawClient): Promise<void> => {
  while ((await client.text("INFO", "persistence")).includes("rdb_bgsave_in_progress:1"));
}

/** One command a line, without an account where it ends in "?"; "idle" waits, "block" and "free" put a directory in the file's place and take it away. */
const SCRIPT = `
CONFIG SET save 3600 100000
SET a 1
FLUSHALL
SET b 1
SET c 1
FLUSHALL
FLUSHALL ASYNC
SAVE
FLUSHDB
SET d 1
FLUSHDB
CONFIG SET save ''
SET a 1
FLUSHALL
CONFIG SET save 3600 100000
DEBUG POPULATE 200
SAVE
CONFIG SET rdb-key-save-delay 20000
BGSAVE
BGSAVE
BGSAVE SCHEDULE
SAVE
FLUSHALL?
idle
SET a 1
CONFIG SET rdb-key-save-delay 0
BGSAVE
idle
BGSAVE SCHEDULE
idle
SET a 2
DEBUG RELOAD
SET a 3
DEBUG RELOAD NOSAVE
DEBUG RELOAD NOSAVE NOFLUSH MERGE
DEBUG SET-ACTIVE-EXPIRE 0
SET e 1 PXAT 1000000000000000
DEBUG RELOAD
PEXPIREAT e 1000000000001000
MULTI?
FLUSHALL?
SET a 1?
EXEC?
idle
DBSIZE
block
SET a 1
FLUSHALL
SAVE!
SET a 1
BGSAVE
idle
SET a 2
CONFIG SET stop-writes-on-bgsave-error no
SET a 2
FLUSHALL
CONFIG SET stop-writes-on-bgsave-error yes
SET a 2
free
SAVE
SET a 2
block
BGSAVE
idle
SET a 2
free
BGSAVE
idle
SET a 2
`

const lines = SCRIPT.trim().split("\n")

describeOracle("the accounts of saving", () => {
  it("are redis-server's, save by save and flush by flush", async () => {
    await withTempDir((redisDir) =>
      withTempDir((dir) =>
        withOracle({ dir: redisDir, config: { save: "" } }, async (oracle) => {
          const redix = await startRedix({}, { dir })
          const servers = [
            { client: await oracle.connect(), file: `${redisDir}/dump.rdb` },
            { client: await redix.connect(), file: `${dir}/dump.rdb` },
          ]
          const [theirs, ours] = await Promise.all(
            servers.map(async ({ client, file }) => {
              const seen: Array<string> = []
              for (const line of lines) {
                if (line === "idle") await idle(client)
                else if (line === "block") {
                  fs.rmSync(file, { recursive: true })
                  fs.mkdirSync(file)
                } else if (line === "free") fs.rmdirSync(file)
                else {
                  const words = line.replace(/[!?]/, "").split(" ")
                  const args =
                    words[1] === "SET" && words[2] === "save"
                      ? ["CONFIG", "SET", "save", words.slice(3).join(" ").replace("''", "")]
                      : words
                  const reply = await client.text(...args)
                  // Redis has no reason in its reply to SAVE.
                  seen.push(`${line}: ${line.endsWith("!") ? reply.slice(0, 4) : reply}`)
                  // Whether a background save has ended is not for this test to see.
                  if (words[0] === "BGSAVE" || line.endsWith("?")) continue
                }
                seen.push(`after ${line}: ${await account(client)}`)
              }
              client.close()
              return seen
            }),
          )
          expect(ours).toEqual(theirs)
          await redix.stop()
        }),
      ),
    )
  })
})
