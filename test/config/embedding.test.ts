/** Where an app's settings come from: options in its code, and the ConfigProvider of its surroundings. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { entries } from "../../src/config/Directives.js"
import { type Overrides, RedixConfig } from "../../src/config/index.js"

describe("embedding", () => {
  const values = (layer: Layer.Layer<RedixConfig, unknown>) =>
    Effect.runPromise(Effect.scoped(Effect.map(Effect.provide(RedixConfig, layer), (state) => state.values)))

  const password = async (overrides: Overrides): Promise<string> =>
    Redacted.value((await values(RedixConfig.layerOf(overrides))).requirepass)

  it("takes text, and bytes where a secret is none", async () => {
    expect(await password({ requirepass: "\u00e9" })).toBe("\xc3\xa9")
    const secret = new Uint8Array([255, 254, 160])
    expect(await password({ requirepass: secret })).toBe("\xff\xfe\xa0")
    const folder = await values(RedixConfig.layerOf({ dir: "/caf\u00e9", unixsocket: "\u00e9" }))
    expect([folder.dir, folder.unixsocket]).toEqual(["/caf\u00e9", "\u00e9"])
    const provider = ConfigProvider.fromUnknown({ masterauth: "\u00e9" })
    const given = await values(RedixConfig.layer().pipe(Layer.provide(ConfigProvider.layer(provider))))
    expect(Redacted.value(given.masterauth)).toBe("\xc3\xa9")
  })

  it("keeps secrets out of whatever prints it", async () => {
    const secrets = entries.filter(({ secret, support }) => secret && support === "full")
    expect(secrets.map(({ name }) => name)).toEqual([
      "masterauth",
      "requirepass",
      "tls-client-key-file-pass",
      "tls-key-file-pass",
      "user",
    ])
    const overrides = Object.fromEntries(secrets.map(({ name }) => [name, Redacted.make("hidden")]))
    const state = await Effect.runPromise(Effect.provide(RedixConfig, RedixConfig.layerOf(overrides)))
    const { values } = state
    for (const { field, name } of secrets) {
      expect(state.text(name)).toBe("hidden")
      expect(Redacted.isRedacted(values[field])).toBe(true)
    }
    expect(Redacted.value(values.requirepass)).toBe("hidden")
    for (const shown of [
      inspect(state, { depth: 9, showHidden: true }),
      JSON.stringify(state),
      String(values.requirepass),
    ])
      expect(shown).not.toContain("hidden")
  })

  it("takes overrides by directive name", async () => {
    const got = await values(
      RedixConfig.layerOf({
        port: 0,
        save: "",
        bind: ["127.0.0.1"],
        appendonly: false,
        "replica-read-only": true,
      }),
    )
    expect([got.port, got.save, got.bind, got.appendonly, got.replicaReadOnly]).toEqual([
      0,
      [],
      ["127.0.0.1"],
      false,
      true,
    ])
    const fromJavaScript: Overrides = JSON.parse('{"port":null}')
    await expect(values(RedixConfig.layerOf(fromJavaScript))).rejects.toThrow("wrong number of arguments")
    await expect(values(RedixConfig.layerOf({ port: 70000 }))).rejects.toThrow(
      "Bad configuration in the options: 'port 70000'",
    )
  })

  it("reads the ConfigProvider of its surroundings", async () => {
    const provider = ConfigProvider.fromUnknown(
      { port: "7001", "slave-priority": "5", save: "" },
      { preserveEmptyStrings: true },
    )
    const got = await values(RedixConfig.layer().pipe(Layer.provide(ConfigProvider.layer(provider))))
    expect([got.port, got.replicaPriority, got.save]).toEqual([7001, 5, []])
    const environment = ConfigProvider.fromEnvRecord({ APP_MAXCLIENTS: "7" }).pipe(
      ConfigProvider.constantCase,
      ConfigProvider.nested("APP"),
    )
    expect(
      (await values(RedixConfig.layer().pipe(Layer.provide(ConfigProvider.layer(environment))))).maxclients,
    ).toBe(7)
    const bad = ConfigProvider.fromUnknown({ port: "x" })
    await expect(values(RedixConfig.layer().pipe(Layer.provide(ConfigProvider.layer(bad))))).rejects.toThrow(
      "Bad configuration in the configuration: 'port x': argument couldn't be parsed into an integer",
    )
  })

  it("gives each layer its own state", async () => {
    const layer = RedixConfig.layerOf({ port: 0 })
    const first = await values(layer)
    const second = await values(layer)
    expect(first).not.toBe(second)
  })
})
