/** Every family that needs nothing but its context. Those that need services are layers (Families.ts). */
import type { Command } from "../engine/Command.js"
import { bitmapCommands } from "./bitmaps/bitmap.js"
import { geoCommands } from "./geo/geo.js"
import { genericCommands } from "./keys/keys.js"
import { hashCommands } from "./hashes/hashes.js"
import { hyperloglogCommands } from "./hyperloglog/hyperloglog.js"
import { setCommands } from "./sets/sets.js"
import { sortCommands } from "./keys/sort.js"
import { sortedSetCommands } from "./sortedSets/sortedSets.js"
import { listCommands } from "./lists/lists.js"
import { streamCommands } from "./streams/streams.js"
import { pubsubCommands } from "./pubsub/pubsub.js"
import { stringCommands } from "./strings/strings.js"

export const dataCommands: ReadonlyArray<Command> = [
  ...stringCommands,
  ...pubsubCommands,
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
