/**
 * The 24 bits of an entry that tell of its use.
 *
 * Under the LFU policies: 16 bits of minutes, when it was used last, and 8 bits of a count that grows with the logarithm
 * of the uses and falls with time. Under all others: the second of the last use.
 */
const CLOCK_MASK = 0xffffff
const MINUTES_MASK = 0xffff
const COUNT_BITS = 8
const COUNT_MAX = 255
/** The count of a new key, above which further ones come less and less often. */
const COUNT_AT_FIRST = 5

export const secondsClock = (now: number): number => (now / 1000) & CLOCK_MASK

/** Seconds since the use that an LRU clock tells; over the end of its 24 bits as redis-server counts. */
export const idleSeconds = (clock: number, now: number): number => {
  const idle = secondsClock(now) - clock
  return idle < 0 ? idle + CLOCK_MASK : idle
}

/** The LRU clock of what was used so many seconds ago. @param idle from 0 on, also where it is no exact number any more */
export const clockOfIdle = (idle: number, now: number): number => {
  const clock = secondsClock(now) - (idle % (CLOCK_MASK + 1))
  return (idle > secondsClock(now) ? clock + CLOCK_MASK : clock) & CLOCK_MASK
}

const minutesAt = (now: number): number => (now / 60000) & MINUTES_MASK

/** An LFU clock with this count, used now. */
export const countClock = (count: number, now: number): number => (minutesAt(now) << COUNT_BITS) | count

export const newCountClock = (now: number): number => countClock(COUNT_AT_FIRST, now)

/** Minutes since the use that an LFU clock tells; over the end of its 16 bits as redis-server counts. */
export const idleMinutes = (clock: number, now: number): number => {
  const idle = minutesAt(now) - (clock >>> COUNT_BITS)
  return idle < 0 ? idle + MINUTES_MASK : idle
}

/** The count of an LFU clock as it stands now. @param decay minutes in which it falls by one; 0 = it stays */
export const countNow = (clock: number, now: number, decay: number): number => {
  const count = clock & COUNT_MAX
  return decay === 0 ? count : Math.max(0, count - Math.floor(idleMinutes(clock, now) / decay))
}

/** One in so many uses makes a count grow; Infinity = none does. @param factor lfu-log-factor */
export const usesToGrow = (count: number, factor: number): number =>
  count >= COUNT_MAX ? Infinity : Math.max(0, count - COUNT_AT_FIRST) * factor + 1
