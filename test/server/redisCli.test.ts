/** redis-cli against the program: every mode people use, and the keyboard with its hints. */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { placeFlags } from "../support/children/Flags.js"
import { describeOracle, freePort } from "../support/Oracle.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { Program } from "../support/Program.js"
import { supervised } from "../support/children/Supervised.js"

let program: Program
let port = 0
let dir = ""

beforeAll(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-cli-"))
  port = await freePort()
  program = new Program({
    args: [...placeFlags(port, dir), "--save", "", "--enable-debug-command", "yes"],
  })
  await program.ready()
  cli(["debug", "populate", "1000"])
  cli(["rpush", "list", ...Array.from({ length: 100 }, (_, i) => String(i))])
  cli(["sadd", "set", "a", "b", "c"])
  cli(["zadd", "zset", "1", "a"])
  cli(["hset", "hash", "f", "v", "g", "w"])
  cli(["xadd", "stream", "*", "f", "v"])
})
afterAll(async () => {
  await program.stop()
  fs.rmSync(dir, { recursive: true, force: true })
})

const cli = (args: ReadonlyArray<string>, input?: string): string => {
  const done = spawnSync("redis-cli", ["-p", String(port), ...args], {
    encoding: "utf8",
    timeout: PATIENCE_MS,
    ...(input === undefined ? {} : { input }),
  })
  return done.stdout + done.stderr
}

/** Runs redis-cli until its output matches. */
const until = (args: ReadonlyArray<string>, wanted: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = supervised(
      spawn("redis-cli", ["-p", String(port), ...args], { stdio: ["ignore", "pipe", "pipe"] }),
    )
    let text = ""
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS)
    const look = (chunk: Buffer): void => {
      text += chunk.toString()
      if (wanted.test(text)) child.kill("SIGKILL")
    }
    child.stdout.on("data", look)
    child.stderr.on("data", look)
    child.once("close", () => {
      clearTimeout(timer)
      if (wanted.test(text)) resolve(text)
      else reject(new Error(`redis-cli never said ${wanted}:\n${text}`))
    })
  })

describeOracle("redis-cli", () => {
  it("--bigkeys and --memkeys", () => {
    const big = cli(["--bigkeys"])
    expect(big).toContain("Sampled 1005 keys in the keyspace!")
    for (const line of [
      `Biggest   list found '"list"' has 100 items`,
      `Biggest   hash found '"hash"' has 2 fields`,
      `Biggest    set found '"set"' has 3 members`,
      `Biggest   zset found '"zset"' has 1 members`,
      `Biggest stream found '"stream"' has 1 entries`,
    ])
      expect(big).toContain(line)
    const memory = cli(["--memkeys"])
    expect(memory).toMatch(/Biggest {3}list found '"list"' has \d+ bytes/)
    expect(memory).toMatch(/1000 strings with \d+ bytes/)
  })

  it("--hotkeys says which policy it needs", () => {
    expect(cli(["--hotkeys"])).toContain("An LFU maxmemory policy is not selected")
  })

  it("--scan finds every key", () => {
    expect(cli(["--scan"]).trim().split("\n")).toHaveLength(1005)
    expect(cli(["--scan", "--pattern", "key:1*"]).trim().split("\n")).toHaveLength(111)
  })

  it("--pipe", () => {
    const commands = Array.from({ length: 2000 }, (_, i) => `SET pipe:${i} v${i}\r\n`).join("")
    expect(cli(["--pipe"], commands)).toContain("errors: 0, replies: 2000")
    expect(cli(["GET", "pipe:1999"])).toBe("v1999\n")
    for (let i = 0; i < 2000; i += 500)
      cli(["DEL", ...Array.from({ length: 500 }, (_, k) => `pipe:${i + k}`)])
  })

  it("piped input, RESP3, CSV, -x and formats", () => {
    expect(cli([], "SET a 1\nINCR a\nHGETALL hash\n")).toBe("OK\n2\nf\nv\ng\nw\n")
    expect(cli(["-3", "--no-raw", "HGETALL", "hash"])).toBe('1# "f" => "v"\n2# "g" => "w"\n')
    expect(cli(["-2", "--no-raw", "HGETALL", "hash"])).toBe('1) "f"\n2) "v"\n3) "g"\n4) "w"\n')
    expect(cli(["-3", "--no-raw", "ZSCORE", "zset", "a"])).toBe("(double) 1\n")
    expect(cli(["--csv", "LRANGE", "list", "0", "2"])).toBe('"0","1","2"\n')
    expect(cli(["-x", "SET", "input"], "from a file")).toBe("OK\n")
    expect(cli(["GET", "input"])).toBe("from a file\n")
    expect(cli(["-n", "3", "DBSIZE"])).toBe("0\n")
    cli(["DEL", "a", "input"])
  })

  it("--stat and --latency", async () => {
    const stat = await until(["--stat", "-i", "0.05"], /(?:1005 +[\d.]+[KM] [^\n]*\(\+1\)[^\n]*\n){2}/)
    expect(stat).toContain("keys       mem      clients blocked requests            connections")
    expect(await until(["--latency"], /\d+ \d+ [\d.]+ \d+/)).toBeDefined()
  })

  it("--rdb takes a copy of the data", () => {
    const file = path.join(dir, "copy.rdb")
    expect(cli(["--rdb", file])).toContain("Transfer finished with success")
    expect(fs.readFileSync(file).subarray(0, 9).toString("latin1")).toBe("REDIS0010")
  })

  it("at the keyboard, with hints of the arguments", () => {
    const python = spawnSync("python3", ["-c", KEYBOARD, String(port), String(PATIENCE_MS / 1000)], {
      encoding: "utf8",
      timeout: 2 * PATIENCE_MS,
    })
    expect(python.stderr).toBe("")
    expect(python.stdout).toBe("hint ok\nset ok\nget ok\nsubcommand hint ok\nhelp ok\nsubscribe ok\n")
  })

  it("DEBUG SEGFAULT and its like end the program hard", async () => {
    for (const how of ["SEGFAULT", "PANIC", "ASSERT", "OOM"]) {
      const crashPort = await freePort()
      const victim = new Program({
        args: [
          "--port",
          String(crashPort),
          "--dir",
          dir,
          "--save",
          "3600 1",
          "--enable-debug-command",
          "local",
        ],
      })
      await victim.ready()
      spawnSync("redis-cli", ["-p", String(crashPort), "set", "a", "b"])
      spawnSync("redis-cli", ["-p", String(crashPort), "debug", how], { timeout: PATIENCE_MS })
      const { signal } = await victim.ended
      expect(signal).toBe(how === "SEGFAULT" ? "SIGSEGV" : "SIGABRT")
      expect(fs.existsSync(path.join(dir, "dump.rdb"))).toBe(false)
    }
  })

  it("pidfile is there while the server runs", async () => {
    const file = path.join(dir, "redix.pid")
    const other = new Program({
      args: ["--port", String(await freePort()), "--dir", dir, "--save", "", "--pidfile", file],
    })
    await other.ready()
    expect(fs.readFileSync(file, "utf8")).toBe(`${other.pid}\n`)
    await other.stop()
    expect(fs.existsSync(file)).toBe(false)
  })
})

/**
 * Types into redis-cli on a terminal, and waits for what it shows. Each line is typed at a prompt: what comes before it
 * redis-cli throws away when it takes the terminal.
 */
const KEYBOARD = `
import fcntl, os, pty, select, struct, sys, termios, time
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
    os.environ["TERM"] = "xterm"
    os.environ["HOME"] = "/nonexistent"
    os.execvp("redis-cli", ["redis-cli", "-p", sys.argv[1]])
seen = b""
def expect(what, name):
    global seen
    end = time.time() + float(sys.argv[2])
    while what not in seen:
        ready, _, _ = select.select([fd], [], [], max(0, end - time.time()))
        if not ready:
            sys.stderr.write("no %s: %r\\n" % (name, seen[-400:]))
            os.kill(pid, 9)
            sys.exit(1)
        seen += os.read(fd, 65536)
    if name: print(name, "ok")
    seen = seen[seen.index(what) + len(what):]
expect(b"> ", None)
os.write(fd, b"set ")
expect(b"key value [NX|XX] [GET]", "hint")
os.write(fd, b"foo bar\\r")
expect(b"OK", "set")
expect(b"> ", None)
os.write(fd, b"get foo\\r")
expect(b'"bar"', "get")
expect(b"> ", None)
os.write(fd, b"config get ")
expect(b"parameter [parameter ...]", "subcommand hint")
os.write(fd, b"port\\r")
expect(b'1) "port"\\r\\n2) "%s"\\r\\n' % sys.argv[1].encode(), None)
expect(b"> ", None)
os.write(fd, b"help lpush\\r")
expect(b"element [element ...]", "help")
expect(b"> ", None)
os.write(fd, b"subscribe news\\r")
expect(b"Reading messages...", "subscribe")
os.kill(pid, 9)
`
