/**
 * The table `string`, its functions in the order in which Lua registers them: the order decides that of `pairs`.
 */
import { library } from "../../run/Builtin.js"
import type { LuaState } from "../../run/State.js"
import type { LuaTable } from "../../run/Value.js"
import { stringBasics } from "./stringBasics.js"
import { stringSearches } from "./stringFind.js"
import { stringFormat } from "./stringFormat.js"
import { stringReplace } from "./stringReplace.js"

export const stringLibrary = (state: LuaState): LuaTable => {
  const functions = [
    ...stringBasics(state),
    ...stringSearches(state),
    stringFormat(state),
    stringReplace(state),
  ]
  const table = library(functions.sort((a, b) => ((a.info?.name ?? "") < (b.info?.name ?? "") ? -1 : 1)))
  table.setText("gfind", table.getText("gmatch"))
  return table
}
