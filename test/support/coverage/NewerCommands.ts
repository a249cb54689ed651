/** Commands of later Redis that Redix has: redis-server 7.0 cannot be compared in them. */
export const NEWER: ReadonlySet<string> = new Set(["waitaof"])
