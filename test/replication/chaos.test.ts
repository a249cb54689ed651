/** A few episodes of the chaos run (npm run chaos has the many). */
import { expect, it } from "vitest"
import { Episode } from "../chaos/Episode.js"
import { describeOracle } from "../support/Oracle.js"
import { runSeed } from "../support/Random.js"

describeOracle("chaos", () => {
  for (let i = 0; i < 3; i++) {
    it(`episode ${i} ends with equal data and every confirmed write`, async () => {
      const report = await new Episode((runSeed() % 1_000_000) + i).run()
      expect(report.confirmed).toBeGreaterThan(0)
      expect(report.mixed).toBeGreaterThan(0)
    })
  }
})
