/**
 * `rdb-key-save-delay` and `key-load-delay`: levers with which tests make a save or a load last.
 *
 * A number of microseconds is slept after each key; -n sleeps one microsecond after each n keys; 0 is off.
 */

/** What a short sleep takes beyond its length on Linux: timer slack and the way back. */
const SLEEP_EXTRA_MICROS = 60

/** Microseconds a key takes with a delay other than 0, on average. */
export const microsPerKey = (delay: number): number =>
  delay > 0 ? delay + SLEEP_EXTRA_MICROS : (1 + SLEEP_EXTRA_MICROS) / -delay

/** Makes the thread sleep as the delay says; for a thread that serves nobody else. */
export class BlockingDelay {
  private readonly word = new Int32Array(new SharedArrayBuffer(4))
  private keys = 0

  constructor(private readonly delay: number) {}

  /** To be called after each key. */
  afterKey(): void {
    this.keys++
    if (this.delay < 0 && this.keys < -this.delay) return
    this.keys = 0
    Atomics.wait(this.word, 0, 0, Math.max(1, this.delay) / 1000)
  }
}
