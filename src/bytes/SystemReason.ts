/**
 * Why the operating system refused something: its code ("ENOENT"), dug out of whatever wraps it, and its own words for
 * that, as redis-server logs and answers them.
 */

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EBADF: "Bad file descriptor",
  EBUSY: "Device or resource busy",
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EDQUOT: "Disk quota exceeded",
  EEXIST: "File exists",
  EFBIG: "File too large",
  EHOSTUNREACH: "No route to host",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENETUNREACH: "Network is unreachable",
  ENFILE: "Too many open files in system",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENOTFOUND: "Name or service not known",
  EPERM: "Operation not permitted",
  EPIPE: "Broken pipe",
  EROFS: "Read-only file system",
  ETIMEDOUT: "Connection timed out",
  ETXTBSY: "Text file busy",
}

/** The likeliest code of each kind by which Effect's errors go, for a FileSystem that gives no more. */
const CODES: Readonly<Record<string, string>> = {
  AlreadyExists: "EEXIST",
  BadResource: "EISDIR",
  Busy: "EBUSY",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
}

/** Errors around the system's own, and no end where they go in a circle. */
const DEPTH_MAX = 8

/** The system's code, where the error or one that it wraps has it. */
export const systemCode = (error: unknown): string | undefined => {
  let ofKind: string | undefined = undefined
  let at = error
  for (let depth = 0; depth < DEPTH_MAX && typeof at === "object" && at !== null; depth++) {
    if ("code" in at && typeof at.code === "string") return at.code
    if ("_tag" in at && typeof at._tag === "string") ofKind = CODES[at._tag] ?? ofKind
    at = "reason" in at ? at.reason : "cause" in at ? at.cause : undefined
  }
  return ofKind
}

const SYSTEM_CODE = /^E[A-Z0-9]+$/

/** The system's words; its code where it has none here, and the error's message where it is none of the system's. */
export const systemReason = (error: unknown): string => {
  const code = systemCode(error)
  if (code !== undefined && SYSTEM_CODE.test(code)) return WORDS[code] ?? code
  return error instanceof Error ? error.message : String(error)
}
