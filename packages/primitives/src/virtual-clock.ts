// A clock that moves only when told to: timers fire in order of their time, ties in order of their creation.
//
// Timers wait in a binary heap; one that is disposed is only marked and thrown away when it comes to the top, so that a
// simulation of thousands of peers pays O(log n) per timer. When most of the heap is marked it is built anew.

import type { Clock } from './clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  /** Gone with the waiting: what it refers to must not live until the timer comes to the top. */
  fire: (() => void) | undefined
}

/** For tests and simulations; `start` is its first `now()`. */
export class VirtualClock implements Clock {
  #now: number
  #created = 0
  #pending = 0
  /** Earliest first: each entry is no later than its children at 2i + 1 and 2i + 2. */
  #heap: Timer[] = []

  constructor(start = 0) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  timer(ms: number, fire: () => void): Disposable {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#created++, fire }
    this.#pending++
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1)
    return { [Symbol.dispose]: () => this.#dispose(timer) }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#pending
  }

  /** When the next timer fires, or Infinity. */
  get deadline(): number {
    return this.#next()?.at ?? Number.POSITIVE_INFINITY
  }

  /** Moves time on by `ms` and fires, in order, everything that falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms
    while (this.#fireNext(end));
    this.#now = end
  }

  /**
   * As `advance`, and lets promises settle before and after each timer: for code that awaits between timers.
   * `settle` says how; by default a number of microtasks pass, which is enough for promises but not for streams and I/O of
   * the platform: give `() => new Promise((resolve) => setImmediate(resolve))` for those.
   */
  async advanceAsync(ms: number, settle: () => Promise<unknown> = microtasks): Promise<void> {
    const end = this.#now + ms
    await settle()
    while (this.#fireNext(end)) await settle()
    this.#now = end
  }

  #fireNext(end: number): boolean {
    const timer = this.#next()
    if (timer === undefined || timer.at > end) return false
    this.#takeFirst()
    const { fire } = timer
    timer.fire = undefined
    this.#pending--
    // Never back, even when the timer's action moved the clock itself.
    this.#now = Math.max(this.#now, timer.at)
    fire?.()
    return true
  }

  #dispose(timer: Timer): void {
    if (timer.fire === undefined) return
    timer.fire = undefined
    this.#pending--
    if (this.#heap.length < 64 || this.#pending * 4 > this.#heap.length) return
    // Sorted is a heap too.
    this.#heap = this.#heap.filter(({ fire }) => fire !== undefined).sort((a, b) => (before(a, b) ? -1 : 1))
  }

  /** The first timer that still waits. */
  #next(): Timer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]?.fire === undefined) this.#takeFirst()
    return this.#heap[0]
  }

  #takeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink()
  }

  #rise(from: number): void {
    const timer = this.#heap[from] as Timer
    let at = from
    while (at > 0) {
      const parent = this.#heap[(at - 1) >>> 1] as Timer
      if (!before(timer, parent)) break
      this.#heap[at] = parent
      at = (at - 1) >>> 1
    }
    this.#heap[at] = timer
  }

  #sink(): void {
    const timer = this.#heap[0] as Timer
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = this.#heap[child]
      const right = this.#heap[child + 1]
      if (left === undefined) break
      if (right !== undefined && before(right, left)) child++
      const earlier = this.#heap[child] as Timer
      if (!before(earlier, timer)) break
      this.#heap[at] = earlier
      at = child
    }
    this.#heap[at] = timer
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
