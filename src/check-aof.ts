#!/usr/bin/env node
/** The program redix-check-aof. */
import { readSync } from "node:fs"
import { checkAof } from "./program/CheckAof.js"

const ask = (question: string): string => {
  process.stdout.write(question)
  const line = Buffer.alloc(16)
  return line.toString("latin1", 0, readSync(0, line, 0, line.length, null))
}

// Whoever reads the output may have seen enough (head).
process.stdout.on("error", () => process.exit(1))
process.exitCode = checkAof(process.argv.slice(2), {
  say: (line) => void process.stdout.write(`${line}\n`),
  ask,
})
