/** Lists as values of the keyspace: a quicklist (list/Quicklist.ts), whatever its length. */
import type { Arena, Ref } from "../../memory/Arena.js"
import { relocateList } from "../../memory/list/ListRelocation.js"
import * as Quicklist from "../../memory/list/Quicklist.js"
import { checkList, visitList } from "../../memory/list/QuicklistCheck.js"
import type { ValueType } from "../ValueType.js"

/** Node blocks looked at in full; of longer lists the mean of the first ones stands for the rest. */
const listBytes = (a: Arena, list: Ref, samples: number): number => {
  const nodes = Quicklist.nodes(a, list)
  const wanted = samples === 0 ? nodes : Math.min(nodes, samples)
  let bytes = 0
  let node = Quicklist.head(a, list)
  for (let i = 0; i < wanted; i++) {
    bytes += a.blockSize(node)
    node = Quicklist.nodeNext(a, node)
  }
  return a.blockSize(list) + (wanted === 0 ? 0 : Math.round((bytes / wanted) * nodes))
}

export const listType: ValueType = {
  freeStep: (a, _encoding, value, budget) => Quicklist.free(a, value, budget),
  freeEffort: (a, _encoding, value) => Quicklist.nodes(a, value),
  copy: (a, _encoding, value) => Quicklist.copy(a, value),
  bytes: (a, _encoding, value, samples) => listBytes(a, value, samples),
  relocate: (r, _encoding, value) => relocateList(r, value),
  visitBlocks: (a, _encoding, value, visit) => visitList(a, value, visit),
  check: (a, _encoding, value) => checkList(a, value),
}
