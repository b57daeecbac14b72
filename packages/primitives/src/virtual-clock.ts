// A clock that moves only when told to: timers fire in order of their time, ties in order of their creation.

import type { Clock } from './clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

export class VirtualClock implements Clock {
  #now: number
  #created = 0
  readonly #timers = new Set<Timer>()

  constructor(start = 0) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  timer(ms: number, fire: () => void): Disposable {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#created++, fire }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** When the next timer fires, or Infinity. */
  get deadline(): number {
    return this.#next()?.at ?? Number.POSITIVE_INFINITY
  }

  /** Moves time on by `ms` and fires, in order, everything that falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let timer = this.#next(); timer !== undefined && timer.at <= end; timer = this.#next()) {
      this.#timers.delete(timer)
      this.#now = timer.at
      timer.fire()
    }
    this.#now = end
  }

  /** As `advance`, and lets promises settle before and after each timer: for code that awaits between timers. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let timer = this.#next(); timer !== undefined && timer.at <= end; timer = this.#next()) {
      this.#timers.delete(timer)
      this.#now = timer.at
      timer.fire()
      await settle()
    }
    this.#now = end
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer
    }
    return first
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
