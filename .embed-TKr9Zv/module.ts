import { Effect, Layer, ManagedRuntime } from "effect"
import { Redix } from "../src/index.js"
import { RedixClient } from "../src/client.js"

/** As a provider of NestJS: made once, injected, and told of the end. */
class CacheService {
  private readonly runtime = ManagedRuntime.make(RedixClient.layer().pipe(Layer.provide(Redix.layerWith())))

  get(key: string): Promise<string | null> {
    return this.runtime.runPromise(Effect.flatMap(RedixClient, (redis) => redis.get(key)))
  }

  async set(key: string, value: string, seconds: number): Promise<void> {
    await this.runtime.runPromise(
      Effect.flatMap(RedixClient, (redis) => redis.set(key, value, { EX: seconds })),
    )
  }

  onModuleDestroy(): Promise<void> {
    return this.runtime.dispose()
  }
}

const cache = new CacheService()
await cache.set("greeting", "hello", 60)
console.log(await cache.get("greeting"))
await cache.onModuleDestroy()

export {}
