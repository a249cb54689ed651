/** Imported before a suite, has it speak to its servers over connections in memory. */
import { connectInMemory } from "../../support/Redix.js"

connectInMemory()
