/** Files that no manifest names are not loaded, and not lost: the manifest may come back. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { startRedix } from "../support/Redix.js"

it("a manifest that has gone and comes back finds its files", () =>
  withTempDir(async (dir) => {
    const folder = `${dir}/appendonlydir`
    const manifest = `${folder}/appendonly.aof.manifest`
    const lines: Array<string> = []
    const start = () => startRedix({}, { dir, appendonly: true }, lines)
    const first = await start()
    const client = await first.connect()
    await client.text("SET", "k", "v")
    client.close()
    await first.stop()
    fs.renameSync(manifest, `${dir}/kept`)
    const before = fs.readdirSync(folder).map((name) => [name, fs.readFileSync(`${folder}/${name}`)] as const)
    expect(before.length).toBe(2)

    const second = await start()
    await second.stop()
    const names = "appendonly.aof.1.base.rdb, appendonly.aof.1.incr.aof"
    const told = `No manifest names these files of the AOF directory, which are not loaded and stay as they are: ${names}`
    expect(lines.map((line) => line.trim())).toContain(told)
    for (const [name, bytes] of before) expect(fs.readFileSync(`${folder}/${name}`)).toEqual(bytes)
    expect(fs.readFileSync(manifest, "latin1")).toContain("file appendonly.aof.2.base.rdb seq 2 type b")

    fs.renameSync(`${dir}/kept`, manifest)
    const third = await start()
    const reader = await third.connect()
    expect(await reader.text("GET", "k")).toBe("$1\r\nv\r\n")
    reader.close()
    await third.stop()
  }))
