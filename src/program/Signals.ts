/**
 * What signals do to the program, as in redis-server: SIGTERM and SIGINT end it in order (Program.ts), SIGHUP, SIGALRM and
 * SIGPIPE are ignored, all others have the system's default. Two things need saying to Node: who hangs up a terminal must
 * not end a server without its last save, and SIGUSR1 must not open an inspector on a port. SIGXFSZ stays ignored, as Node
 * has it: a file over its size limit is an error of the write, not the end of the server.
 *
 * It works by being imported, before everything else, so that no signal meets Node's own answers for long.
 */
import node from "node:process"

const nothing = (): void => {}

for (const signal of ["SIGHUP", "SIGALRM"] as const) node.on(signal, nothing)
// The last listener's end leaves the system's default behind, in place of the inspector.
node.on("SIGUSR1", nothing)
node.off("SIGUSR1", nothing)
