/** Test runners as they are out of the box. */
import type { Case, Given } from "./Tools.js"

export const runnerCases = (_given: Given): ReadonlyArray<Case> => []
