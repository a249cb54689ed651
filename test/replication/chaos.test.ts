/** An episode of the chaos run, more by REDIX_EFFORT (npm run chaos has the many). */
import { expect, it } from "vitest"
import { Episode } from "../chaos/Episode.js"
import { effort } from "../support/Effort.js"
import { describeOracle } from "../support/Oracle.js"
import { runSeed } from "../support/Random.js"

describeOracle("chaos", () => {
  for (let i = 0; i < effort(1); i++) {
    it(`episode ${i} ends with equal data and every confirmed write`, async () => {
      const report = await new Episode((runSeed() % 1_000_000) + i).run()
      expect(report.confirmed).toBeGreaterThan(0)
      expect(report.mixed).toBeGreaterThan(0)
    })
  }
})
