#!/usr/bin/env node
/** The program redix-check-rdb. */
import { checkRdb } from "./program/CheckRdb.js"

// Whoever reads the output may have seen enough (head).
process.stdout.on("error", () => process.exit(1))
process.exitCode = checkRdb(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
})
