/**
 * Programs that tests start end with the process that started them, also when that one is killed: it holds the only end of a
 * pipe to a shell, which kills whatever was named to it and has not ended once the pipe closes.
 */
import { type ChildProcess, spawn } from "node:child_process"

/** Reads "+ pid" and "- pid"; a group is named by its leader's pid, negative. A signal to the tests' group is not for it. */
const GUARD = `
trap '' INT TERM HUP
pids=' '
while read -r op pid; do
  case $op in
    +) pids="$pids$pid " ;;
    -) case $pids in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
for pid in $pids; do kill -s KILL -- "$pid" 2>/dev/null; done
`

type Say = (line: string) => void

const startGuard = (): Say => {
  const guard = spawn("sh", ["-c", GUARD], { stdio: ["pipe", "ignore", "ignore"], detached: true })
  const { stdin } = guard
  guard.unref()
  // A pipe to a process is a socket; one that is referenced would keep the tests' process from ending.
  if ("unref" in stdin && typeof stdin.unref === "function") stdin.unref()
  stdin.on("error", () => undefined)
  return (line) => void stdin.write(`${line}\n`)
}

let say: Say | undefined

/** @param group the child leads a group of its own, all of which ends */
export const supervised = <Child extends ChildProcess>(child: Child, group = false): Child => {
  const { pid } = child
  if (pid === undefined) return child
  say ??= startGuard()
  const tell = say
  const name = group ? -pid : pid
  tell(`+ ${name}`)
  // A group may outlive its leader.
  if (!group) child.once("exit", () => tell(`- ${name}`))
  return child
}
