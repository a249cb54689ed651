/** DEBUG PROTOCOL and DEBUG ERROR: a reply of every kind, for those who write clients. */
import type { CommandContext } from "../../engine/CommandContext.js"
import type { DebugSubcommand } from "./DebugSubcommand.js"

const small = (c: CommandContext): void => {
  for (let i = 0; i < 3; i++) c.out.int(i)
}

const kinds: Readonly<Record<string, (c: CommandContext) => void>> = {
  string: ({ out }) => out.bulkText("Hello World"),
  integer: ({ out }) => out.int(12345),
  double: ({ out }) => out.double(3.141),
  bignum: ({ out }) => out.bigNumber("1234567999999999999999999999999999999"),
  null: ({ out }) => out.nil(),
  array: (c) => {
    c.out.array(3)
    small(c)
  },
  set: (c) => {
    c.out.set(3)
    small(c)
  },
  map: ({ out }) => {
    out.map(3)
    for (let i = 0; i < 3; i++) {
      out.int(i)
      out.bool(i === 1)
    }
  },
  attrib: ({ out }) => {
    if (out.resp === 3) {
      out.attribute(1)
      out.bulkText("key-popularity")
      out.array(2)
      out.bulkText("key:123")
      out.int(90)
    }
    out.bulkText("Some real reply following the attribute")
  },
  push: ({ out }) => {
    if (out.resp === 2) return out.error("ERR RESP2 is not supported by this command")
    out.push(2)
    out.bulkText("server-cpu-usage")
    out.int(42)
    out.bulkText("Some real reply following the push reply")
  },
  verbatim: ({ out }) => out.verbatim("txt", "This is a verbatim\nstring"),
  true: ({ out }) => out.bool(true),
  false: ({ out }) => out.bool(false),
}

export const debugProtocol: ReadonlyArray<DebugSubcommand> = [
  {
    name: "PROTOCOL",
    arguments: [1, 1],
    help: [
      "PROTOCOL <type>",
      "    Reply with a test value of the specified type. <type> can be: string,",
      "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
      "    true, false.",
    ],
    run: (c) => {
      const kind = kinds[c.text(2).toLowerCase()]
      if (kind !== undefined) return kind(c)
      c.fail(`ERR Wrong protocol type name. Please use one of the following: ${Object.keys(kinds).join("|")}`)
    },
  },
  {
    name: "ERROR",
    arguments: [1, 1],
    help: [
      "ERROR <string>",
      "    Return a Redis protocol error with <string> as message. Useful for clients",
      "    unit tests to simulate Redis errors.",
    ],
    // Past the writer's own method: it is no failure of the command, and no statistics count it.
    run: (c) => c.out.rawText(`-${c.text(2).replace(/[\r\n]/g, " ")}\r\n`),
  },
]
