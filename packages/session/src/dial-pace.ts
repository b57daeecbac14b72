// So many dials begin within a second in the long run, three times as many where all are answered, and some more at once after a quiet
// time: a torrent that begins waits for its peers, and most of the first addresses are old. On the session's clock, and without a timer unless somebody has to wait.

import type { Clock } from '@torrential/primitives'

/** Dials are counted in thousandths, so that every millisecond brings a whole number of them. */
const one = 1_000
/** What an answer brings back: it is dials without one that fill the tables of a router. */
const answer = 700

export class DialPace {
  readonly #clock: Clock
  readonly #rate: number
  readonly #most: number
  /** Thousandths of dials that may begin now, as of `#countedAt`. */
  #free: number
  #countedAt: number
  /** Who waits stands in line: one timer, whatever the number of dials. */
  #line: Promise<unknown> = Promise.resolve()

  /** @param rate dials per second @param burst how many may begin at once */
  constructor(clock: Clock, rate: number, burst: number = rate) {
    this.#clock = clock
    this.#rate = rate
    this.#most = burst * one
    this.#free = this.#most
    this.#countedAt = clock.now()
  }

  /** A dial was answered, if only with a refusal: it counts for less than a third. */
  answered(): void {
    this.#free = Math.min(this.#most, this.#free + answer)
  }

  /** Resolves when the next dial may begin; it is counted then. @throws the signal's reason */
  turn(signal: AbortSignal): Promise<void> {
    const turn = this.#line.then(() => this.#first(signal))
    // Whoever gave up is not in the way of the next.
    this.#line = turn.catch(() => {})
    return turn
  }

  async #first(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const now = this.#clock.now()
      this.#free = Math.min(this.#most, this.#free + Math.floor(now - this.#countedAt) * this.#rate)
      this.#countedAt += Math.floor(now - this.#countedAt)
      if (this.#free >= one) {
        this.#free -= one
        return
      }
      await this.#pass(Math.ceil((one - this.#free) / this.#rate), signal)
    }
  }

  /** Resolves after `ms`, or at once when the signal fires. */
  #pass(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer[Symbol.dispose]()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#clock.timer(ms, done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
