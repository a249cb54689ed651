/** Names of connections. */

/** Whether a text, one character a byte, may name a connection: printable ASCII without blanks. */
export const isClientName = (name: string): boolean => /^[!-~]*$/.test(name)
