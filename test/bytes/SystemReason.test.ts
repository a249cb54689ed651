import { badArgument, systemError } from "effect/PlatformError"
import { describe, expect, it } from "vitest"
import { systemCode, systemReason } from "../../src/bytes/SystemReason.js"

const refused = (code: string): Error => Object.assign(new Error(`${code}: open '/data/ECHO/file'`), { code })

const wrapped = (tag: "NotFound" | "BadResource" | "Unknown", cause?: Error) =>
  systemError({ _tag: tag, module: "FileSystem", method: "open", pathOrDescriptor: "/data/ECHO/file", cause })

describe("what the system says of a failure", () => {
  it.each([
    ["the system's own error", refused("EACCES"), "EACCES", "Permission denied"],
    ["one that Effect has wrapped", wrapped("Unknown", refused("EROFS")), "EROFS", "Read-only file system"],
    ["a kind that means several", wrapped("BadResource", refused("ENOTDIR")), "ENOTDIR", "Not a directory"],
    ["a kind without a code", wrapped("NotFound"), "ENOENT", "No such file or directory"],
    ["a code without words here", refused("EXDEV"), "EXDEV", "EXDEV"],
    ["a cause of a cause", { cause: { cause: refused("EIO") } }, "EIO", "Input/output error"],
  ])("%s", (_, error, code, words) => {
    expect(systemCode(error)).toBe(code)
    expect(systemReason(error)).toBe(words)
  })

  it("is the message where it is not the system that failed, whatever the path is called", () => {
    const tls = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" })
    expect(systemReason(tls)).toBe("self-signed certificate")
    expect(systemReason(wrapped("Unknown"))).toContain("/data/ECHO/file")
    expect(systemCode(wrapped("Unknown"))).toBeUndefined()
    expect(systemReason(badArgument({ module: "FileSystem", method: "open" }))).toContain("FileSystem.open")
    expect(systemReason("gone")).toBe("gone")
  })

  it("has an end where errors wrap each other", () => {
    const error: { cause?: unknown } = {}
    error.cause = { cause: error }
    expect(systemCode(error)).toBeUndefined()
  })
})
