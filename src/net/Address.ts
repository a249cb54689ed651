/** The two ends of a connection as CLIENT LIST shows them. */

/** `127.0.0.1:6379`, `[::1]:6379`, and `?:0` where the socket is gone already. */
export const addressText = (host: string | undefined, port: number | undefined): string =>
  host === undefined ? "?:0" : host.includes(":") ? `[${host}]:${port ?? 0}` : `${host}:${port ?? 0}`
