/**
 * An error on its way up: any Lua value, with the place where it was raised. It is no JavaScript Error, because making a
 * stack trace costs twenty times the rest. What is left is V8's own throw and catch: bare ones take 0.44 us, and a pcall
 * that catches costs five times what it costs in redis-server.
 */
import type { Place } from "./Site.js"
import type { LuaValue } from "./Value.js"

export class LuaError {
  constructor(
    readonly value: LuaValue,
    readonly place: Place,
  ) {}
}
