// Time is an argument. Everything below the session takes a `Clock`, so that a day of swarm life fits into a test.

/** Monotonic milliseconds and one-shot timers. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back, may have a fraction. */
  now(): number
  /** Calls `fire` once after at least `ms`, unless disposed before. */
  timer(ms: number, fire: () => void): Disposable
}
