/** A server that ends in peace has checked itself: what it finds fails the test that ended it. */
import { expect, it } from "vitest"
import { checkItself } from "./CheckItself.js"

it("what it finds is an error; what keeps it from looking is none", async () => {
  const broken = "-ERR invariant broken: 1 blocks are live\r\n"
  await expect(checkItself("a server", () => Promise.resolve(broken))).rejects.toThrow(
    /a server: -ERR invariant/,
  )
  for (const reply of ["+OK\r\n", "OK", "-NOAUTH Authentication required.\r\n", "-LOADING Redis is loading"])
    await checkItself("a server", () => Promise.resolve(reply))
})
