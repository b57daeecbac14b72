// At most so many dials begin within any second. On the session's clock, and without a timer unless somebody has to wait.

import type { Clock } from '@torrential/primitives'

const second = 1_000

export class DialPace {
  readonly #clock: Clock
  readonly #most: number
  /** When the dials of the last second began, oldest first. */
  readonly #begun: number[] = []
  /** Who waits stands in line: one listener on a signal, not one for each dial of a torrent. */
  #line: Promise<unknown> = Promise.resolve()

  /** @param most dials per second */
  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
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
      while ((this.#begun[0] ?? now) <= now - second) this.#begun.shift()
      const [oldest] = this.#begun
      if (oldest === undefined || this.#begun.length < this.#most) {
        this.#begun.push(now)
        return
      }
      await this.#pass(oldest + second - now, signal)
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
