/** Every data command family. Commands that need the services above the store are added by the server (server/admin). */
import type { Command } from "./Command.js"
import { bitmapCommands } from "./bitmap.js"
import { geoCommands } from "./geo.js"
import { genericCommands } from "./generic.js"
import { hashCommands } from "./hashes.js"
import { hyperloglogCommands } from "./hyperloglog.js"
import { setCommands } from "./sets.js"
import { sortCommands } from "./sort.js"
import { sortedSetCommands } from "./sortedSets.js"
import { listCommands } from "./lists.js"
import { streamCommands } from "./streams.js"
import { pubsubCommands } from "./pubsubCommands.js"
import { transactionCommands } from "./transactions.js"
import { stringCommands } from "./strings.js"

export const dataCommands: ReadonlyArray<Command> = [
  ...stringCommands,
  ...pubsubCommands,
  ...transactionCommands,
  ...listCommands,
  ...genericCommands,
  ...bitmapCommands,
  ...hyperloglogCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...geoCommands,
  ...hashCommands,
  ...sortCommands,
  ...streamCommands,
]
