/** Users in files against redis-server: `aclfile`, ACL LOAD and SAVE, `user` lines of the configuration, CONFIG REWRITE. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { spawnOracle } from "../config/support.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { checkItself } from "../support/children/CheckItself.js"
import { type Run, runInside } from "../support/children/Runs.js"
import { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { orderedRules, TwoServers } from "./TwoServers.js"

const HASH = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

describeOracle("a file of users against redis-server", () => {
  let dirs: ReadonlyArray<string> = []
  let oracle: OracleServer
  let redix: TestRedix
  let both: TwoServers
  let lines: Array<string> = []

  const write = (text: string): void => {
    for (const dir of dirs) writeFileSync(join(dir, "users.acl"), text, "latin1")
  }
  const read = (): ReadonlyArray<string> =>
    dirs.map((dir) => orderedRules(readFileSync(join(dir, "users.acl"), "latin1")))

  beforeEach(async () => {
    dirs = ["a", "b"].map((name) => mkdtempSync(join(tmpdir(), `redix-acl-${name}-`)))
    const [theirs = "", ours = ""] = dirs
    lines = []
    write(`user u on nopass ~* &* +@all\nuser v off #${HASH} ~a* +get|x\n`)
    oracle = await OracleServer.start({ tcp: true, dir: theirs, config: { aclfile: "users.acl" } })
    redix = await startRedix({}, { aclfile: "users.acl", dir: ours }, lines)
    both = new TwoServers(oracle, redix)
  })
  afterEach(async () => {
    both.reset()
    await redix.stop()
    await oracle.stop()
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
  })

  it("is loaded at the start, and saved", async () => {
    await both.play(`
      a: ACL LIST
      a: ACL SETUSER w on >x ~"q &y +@read -get "(+set ~b %R~c)"
      a: ACL DELUSER v
      a: ACL SETUSER default -@geo >y
      a: ACL SAVE
      a: ACL LOAD
      a: ACL LIST
      a: CONFIG GET aclfile
      a: CONFIG SET aclfile other`)
    const [theirs, ours] = read()
    expect(ours).toBe(theirs)
    expect(ours).toContain("user default on #")
  })

  it("that cannot be loaded or saved changes nothing", async () => {
    for (const dir of dirs) rmSync(join(dir, "users.acl"))
    await both.play(`
      a: ACL LOAD
      a: ACL LIST`)
    for (const dir of dirs) mkdirSync(join(dir, "users.acl"))
    await both.play("a: ACL SAVE")
    for (const dir of dirs) rmdirSync(join(dir, "users.acl"))
    expect(dirs.map((dir) => existsSync(join(dir, "users.acl")))).toEqual([false, false])
    expect(lines.join("\n")).toContain("Saving the ACL file for ACL SAVE: Is a directory")
  })

  it.each([
    "",
    "\n  \n\t\nuser a on\n",
    "user a on\nuser b off\n",
    "user default on >x ~a &b +@all\nuser a on",
    "user default off\n",
    "user a on  \r\nuser b +@all -@all  +get  (~a  ~b) ()\n",
    `user a on #${HASH} !${HASH} >x >y\n`,
    "user a on %R~a %W~b (%R~c +get)\n",
    'user a (~"x y")\nuser b ("~x")\n',
    "user a\tb on\n",
    "user a on nosuch\nuser b foo bar\nxx\n",
    "user a on\nuser\nUSER b on\n user c on\n",
    "user a on\nuser b on\nuser a off\n",
    "user a +nosuch\nuser b ~* ~a\nuser c #x\nuser d <x\nuser e &* &a\nuser f +config|get|x\n",
    "# comment\nuser a on\n",
    'user "a" on\n',
    "user a on\ton\n",
  ])("ACL LOAD of %j", async (text) => {
    write(text)
    await both.play(`
      a: ACL LOAD
      a: ACL LIST`)
  })

  it("says of an open parenthesis what redis-server dies of", async () => {
    writeFileSync(join(dirs[1] ?? "", "users.acl"), "user a (+get\nuser b nosuch\n")
    const client = await redix.connect()
    expect(await client.text("ACL", "LOAD")).toBe(
      "-ERR users.acl:1: Unmatched parenthesis in selector definition.users.acl:2: Syntax error. WARNING: ACL errors detected, no change to the previously active ACL rules was performed\r\n",
    )
    client.close()
  })

  it("ACL LOAD ends the clients of all users but the default", () =>
    both.play(`
      b: AUTH u x
      c: AUTH u x
      d: PING
      a: ACL LOAD
      b: PING
      d: PING
      e: AUTH u x
      e: ACL LOAD
      e: PING`))

  it("is no part of a configuration's users", async () => {
    let said = ""
    const hear = (text: string): void => void (said += text)
    const { ended } = runInside({
      args: ["--aclfile", "x", "--user", "a on", "--port", "0"],
      output: hear,
      errors: hear,
    })
    expect((await ended).code).toBe(1)
    expect(said).toContain("Configuring Redis with users defined in redis.conf and at the same")
  })

  it("inside a transaction answers at once", async () => {
    const client = await redix.connect()
    write("user z on\n")
    const replies = await client.pipeline([["MULTI"], ["ACL", "LOAD"], ["ACL", "SAVE"], ["EXEC"]])
    expect(replies.join("")).toBe("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n")
    client.close()
  })
})

describeOracle("users of the configuration against redis-server", () => {
  let dir = ""
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "redix-acl-conf-"))
  })
  const running: Array<Run> = []
  const stop = async (run: Run): Promise<void> => {
    run.kill("SIGTERM")
    await run.ended
  }
  afterEach(async () => {
    for (const run of running.splice(0)) await stop(run)
    rmSync(dir, { recursive: true, force: true })
  })

  interface Started {
    readonly client: RawClient
    readonly stop: () => Promise<unknown>
  }

  /** The server, or what it said when it did not start. */
  type Start = (file: string) => Promise<Started | string>

  const startTheirs: Start = async (file) => {
    const server = await spawnOracle(dir, [file, "--port", "0"])
    if (!("socketPath" in server)) return server.log
    return { client: await RawClient.connect({ path: server.socketPath }), stop: server.stop }
  }

  const startOurs: Start = async (file) => {
    const socket = join(dir, "s.sock")
    let said = ""
    let ready: () => void = () => undefined
    const isReady = new Promise<undefined>((resolve) => {
      ready = () => resolve(undefined)
    })
    const hear = (text: string): void => {
      said += text
      if (text.includes("ready to accept connections at")) ready()
    }
    const run = runInside({
      args: [file, "--dir", dir, "--port", "0", "--unixsocket", socket, "--enable-debug-command", "yes"],
      output: hear,
      errors: hear,
    })
    running.push(run)
    const early = await Promise.race([isReady, run.ended])
    if (early !== undefined) {
      expect(early.code).toBe(1)
      return said
    }
    const client = await RawClient.connect({ path: socket })
    const checked = async (): Promise<void> => {
      const checker = await RawClient.connect({ path: socket })
      await checkItself("redix", (...words) => checker.text(...words))
      checker.close()
      await stop(run)
    }
    return { client, stop: checked }
  }

  interface Asked {
    /** What it answered; undefined where it did not start. */
    readonly reply: string | undefined
    /** Its configuration at the end, or what it said when it did not start. */
    readonly text: string
  }

  const askOne = async (
    name: string,
    start: Start,
    text: string,
    commands: ReadonlyArray<string>,
  ): Promise<Asked> => {
    const file = join(dir, name)
    writeFileSync(file, text)
    const server = await start(file)
    if (typeof server === "string") return { reply: undefined, text: server }
    let said = ""
    for (const command of commands) said += await server.client.text(...command.split(" "))
    server.client.close()
    await server.stop()
    return { reply: orderedRules(said), text: readFileSync(file, "utf8") }
  }

  /** Both with the configuration, asked the commands one after another. */
  const ask = async (
    text: string,
    ...commands: ReadonlyArray<string>
  ): Promise<{ readonly theirs: Asked; readonly ours: Asked }> => {
    const [theirs, ours] = await Promise.all([
      askOne("theirs.conf", startTheirs, text, commands),
      askOne("ours.conf", startOurs, text, commands),
    ])
    return { theirs, ours }
  }

  it.each([
    ["user a on >x +@all ~*\nuser b off\n", "ACL LIST"],
    ['USER a on ( +get ~x ) +Select|7\nuser "q\\"" on\n', "ACL LIST"],
    ["user default on >bar ~* &* +@all\nrequirepass foo\n", "AUTH foo", "AUTH bar", "ACL LIST"],
    ["requirepass foo\nuser default on nopass ~* &* +@all\n", "ACL LIST", "CONFIG GET requirepass"],
    ["requirepass foo\n", "ACL LIST", "AUTH foo", "ACL LIST"],
    ["user default off\n", "PING", "AUTH x"],
    ["user a on\nacl-pubsub-default allchannels\nuser b on\n", "ACL LIST", "CONFIG GET acl-pubsub-default"],
    [
      'rename-command get foo\nrename-command set ""\nuser a on +get -set +@string\n',
      "ACL LIST",
      "ACL CAT geo x",
    ],
    [
      "rename-command get foo\nuser a on ~a\n",
      "ACL DRYRUN a get a",
      "ACL DRYRUN a foo a",
      "ACL SETUSER a +get",
      "ACL DRYRUN a foo b",
      "ACL SETUSER a +foo",
    ],
    [
      'rename-command migrate mv\nrename-command cluster ""\nuser a on ~a +migrate\n',
      "ACL DRYRUN a mv h 1 a 0 10",
      "ACL DRYRUN a mv h 1 b 0 10",
      "ACL DRYRUN a migrate h 1 a 0 10",
      "ACL DRYRUN a cluster info",
    ],
  ])("start with %j", async (text, ...commands) => {
    const { theirs, ours } = await ask(text, ...commands)
    expect(theirs.reply).not.toBe(undefined)
    expect(ours.reply).toBe(theirs.reply)
  })

  it.each([
    ["user a on nosuch\n", "Error in user declaration 'a': 'nosuch': Syntax error"],
    ["user a on +nosuch\n", "'+nosuch': Unknown command or category name in ACL"],
    ["user a on\nuser a off\n", "Duplicate user found. A user can only be defined once in config files"],
    ["user\n", "Bad directive or wrong number of arguments"],
    ['user "a b" on\n', "Spaces not allowed in ACL usernames"],
    ["user a (+get\n", "Error in user declaration 'a': Unmatched parenthesis"],
    ["user a on <secret\n", "The password you are trying to remove from the user does not exist"],
    ["aclfile nosuch.acl\n", "Error loading ACLs, opening file 'nosuch.acl': No such file or directory"],
  ])("do not start with %j", async (text, reason) => {
    const { theirs, ours } = await ask(text, "PING")
    expect([theirs.reply, ours.reply]).toEqual([undefined, undefined])
    expect(ours.text).toContain(reason)
    expect(ours.text).not.toContain("secret")
  })

  it.each([
    ["# x\n\nport 0\nuser a on +foo\n", 4, "'user': Error in user declaration 'a': '+foo'"],
    ["user a on\nport 0\nuser a off\nuser b on\n", 3, "'user': Error in user declaration 'a': Duplicate"],
    ['user b on\nuser "a b" on\n', 2, "'user': Spaces not allowed"],
    ["user a on\nuser b on <secret\nuser c nosuch\n", 2, "'user': Error in user declaration 'b'"],
    ["port 0\naclfile nosuch.acl\n", 2, "'aclfile nosuch.acl': Error loading ACLs"],
    ["aclfile x.acl\n\nuser a on\nuser b on\n", 3, "'user': Configuring Redis with users"],
    ["rename-command get a\nrename-command nosuch b\n", 2, "'rename-command nosuch b': No such command"],
  ])("say the file and the line that %j is wrong in", async (text, line, reason) => {
    const { theirs, ours } = await ask(text, "PING")
    expect([theirs.reply, ours.reply]).toEqual([undefined, undefined])
    // Of some redis-server tells no line.
    const [, named = String(line)] = /, at line (\d+)/.exec(theirs.text) ?? []
    expect(String(line)).toBe(named)
    expect(ours.text).toContain(`Bad configuration in ${join(dir, "ours.conf")} line ${line}: ${reason}`)
  })

  it("say the included file that is wrong, and the users that replace others where they stand", async () => {
    const more = join(dir, "more.conf")
    writeFileSync(more, "user c on\nuser d on\n# x\nuser e on nosuch\n")
    const included = await askOne("ours.conf", startOurs, `include ${more}\nuser c off\n`, [])
    expect(included.text).toContain(
      `Bad configuration in ${more} line 4: 'user': Error in user declaration 'e'`,
    )
    writeFileSync(more, "user c on\n")
    const beside = await askOne("ours.conf", startOurs, `include ${more}\nuser f on\nuser c nosuch\n`, [])
    expect(beside.text).toContain(`ours.conf line 3: 'user': Error in user declaration 'c'`)
  })

  describe("CONFIG REWRITE", () => {
    const rewritten = (text: string): ReadonlyArray<string> =>
      orderedRules(text)
        .split("\n")
        .filter((line) => /^(#|user )/.test(line))

    it.each([
      ["", "ACL SETUSER b on >x ~a"],
      ["requirepass foo\n", "AUTH foo", "ACL SETUSER b on"],
      ["# x\nuser z on\n# y\nuser a off (+get ~x)\nuser q on nopass\n", "PING"],
      ["# x\nuser z on\n# y\nuser a off (+get ~x)\nuser q on nopass\n", "ACL DELUSER a z"],
    ])("of %j after %s %s", async (text, ...commands) => {
      const { theirs, ours } = await ask(text, ...commands, "CONFIG REWRITE", "ACL LIST")
      expect(ours.reply).toBe(theirs.reply)
      expect(rewritten(ours.text)).toEqual(rewritten(theirs.text))
      const words = commands.filter((command) => command.startsWith("AUTH"))
      const again = await ask(ours.text, ...words, "ACL LIST")
      expect(again.ours.reply).toBe(again.theirs.reply)
    })

    it("is read back as it was, quotes and all", async () => {
      const file = join(dir, "ours.conf")
      writeFileSync(join(dir, "more.conf"), "user c on ~old\n")
      writeFileSync(file, `include ${join(dir, "more.conf")}\n`)
      const first = await startOurs(file)
      if (typeof first === "string") throw new Error(first)
      const rules = ["on", "~\"q'", "&\\x", "+get|a b", '("~z\\"1" "%R~\'2" +get)']
      expect(await first.client.text("ACL", "SETUSER", "b", ...rules)).toBe("+OK\r\n")
      expect(await first.client.text("ACL", "SETUSER", "c", "resetkeys", "~new")).toBe("+OK\r\n")
      // What a line says of the default user is all that it is, and a reset makes payloads looked into.
      expect(await first.client.text("ACL", "SETUSER", "default", "sanitize-payload")).toBe("+OK\r\n")
      const before = await first.client.text("ACL", "LIST")
      expect(before).toContain(`(~z"1 %R~'2 resetchannels -@all +get)`)
      expect(await first.client.text("CONFIG", "REWRITE")).toBe("+OK\r\n")
      first.client.close()
      await first.stop()
      const second = await startOurs(file)
      if (typeof second === "string") throw new Error(second)
      expect(await second.client.text("ACL", "LIST")).toBe(before)
      second.client.close()
      await second.stop()
    })
  })
})
