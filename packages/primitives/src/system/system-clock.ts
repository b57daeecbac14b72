import { performance } from 'node:perf_hooks'
import type { Clock } from '../clock.ts'

const longest = 2_147_483_647

/** The process's monotonic clock. Its timers keep the process alive, as any pending work of a client should. */
export const systemClock: Clock = {
  now: () => performance.now(),
  timer(ms, fire) {
    // setTimeout turns anything above 2^31 - 1 into 1 ms, and warns of what is below 0.
    const handle = setTimeout(fire, Math.max(0, Math.min(ms, longest)))
    return { [Symbol.dispose]: () => clearTimeout(handle) }
  },
}
