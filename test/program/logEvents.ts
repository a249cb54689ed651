/** Logs made comparable: the level and the words of each line, without what differs from run to run or from kind to kind. */
// Not at the beginning alone: a child that redis-server kills writes its last words in pieces, and a line may come between.
const HEAD = /\d+:[MSCX] \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} ([.*#-]) /

/** Words that name what cannot be the same. */
const MASKS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bid=\d+ addr=.* resp=\d/g, "CLIENT"],
  [/\b[0-9a-f]{40}\b/g, "ID"],
  [/127\.0\.0\.1:(\d+|<unknown-replica-port>)/g, "ADDRESS"],
  [/temp-[\w.]+\.rdb/g, "TEMP"],
  [/\/tmp\/[\w/.-]+|root dir unknown/g, "DIR"],
  [/\([0-9a-f]+\) but got \([0-9a-f]+\)/, "(SUM) but got (SUM)"],
  [/function at \S+ ->/, "function at PLACE ->"],
  // What one of them adds to the same words.
  [/( (integrity check failed\.|detected|elements|string|stream ID)) \(.*\)$/i, "$1"],
  [/(CLIENT) \(qbuf initial bytes.*$/, "$1"],
  [/(from client: CLIENT)\. ?.*$/, "$1"],
  [/(Connection aborted\.) \(.*\)$/, "$1"],
  [/(BGSAVE child returned an error): .*$/, "$1"],
  [
    /(from (?:disk|socket)|Unable to connect to MASTER|from the server|count from MASTER|sync with MASTER): .*$/,
    "$1: REASON",
  ],
  [/\d+(\.\d+)?/g, "N"],
]

/** A line of either log; undefined for what is no log line (the answers of tools, and the ends of long messages). */
const eventOf = (line: string): string | undefined => {
  const head = HEAD.exec(line)
  if (head === null) return undefined
  const words = line.slice(head.index + head[0].length)
  return `${head[1]} ${MASKS.reduce((text, [pattern, name]) => text.replace(pattern, name), words)}`
}

/** The distinct lines of a log, in the order of their first appearance. */
export const eventsOf = (log: string): ReadonlyArray<string> => [
  ...new Set(
    log
      .split("\n")
      .map(eventOf)
      .filter((event) => event !== undefined),
  ),
]
