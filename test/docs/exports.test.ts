/** Whoever meets a name of the package in an editor is told what it is. */
import { expect, it } from "vitest"
import { exportedBy } from "./Exports.js"

const entries = ["index", "client", "persistence", "testing", "vitest", "rdb", "resp"]

/** Some words that begin as a sentence does, up to its end. */
const SENTENCE = /^[A-Z"`][^]*[\w`"')\]][.:](?:\s|$)/

it.each(entries)("%s: every export has a comment of a sentence at least", (entry) => {
  const all = exportedBy(entry)
  expect(all.length).toBeGreaterThan(1)
  expect(
    all.filter(({ comment }) => !SENTENCE.test(comment)).map(({ name, comment }) => `${name} "${comment}"`),
  ).toEqual([])
})
