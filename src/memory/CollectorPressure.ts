/**
 * Memory that was let go is the machine's again when the runtime's collector has found that nothing refers to it. By this
 * it is made to begin, beside other work: so much memory beside the heap, asked for at once and never touched, makes V8
 * look what can be given up. Its own collector function would stop the thread, and is shown by a flag of the whole
 * process only.
 */
const PRESSURE_BYTES = 66 * 1024 * 1024

/** Makes the collector begin; answers false where the system does not have as much memory, and it does not. */
export const pressCollector = (): boolean => {
  try {
    return new ArrayBuffer(PRESSURE_BYTES).byteLength === PRESSURE_BYTES
  } catch {
    return false
  }
}
