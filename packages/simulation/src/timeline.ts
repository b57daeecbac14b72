// Virtual time for many peers: a clock whose timers are kept in a heap, so that a swarm of a thousand engines with a timer
// each costs a logarithm per event. Timers fire in order of their time, ties in order of their creation.

import type { Clock } from '@torrential/primitives'

interface Entry {
  readonly at: number
  readonly order: number
  fire: (() => void) | undefined
}

export class Timeline implements Clock {
  /** Events fired so far. */
  fired = 0
  readonly #heap: Entry[] = []
  #now = 0
  #created = 0

  now(): number {
    return this.#now
  }

  timer(ms: number, fire: () => void): Disposable {
    const entry: Entry = { at: this.#now + Math.max(0, ms), order: this.#created++, fire }
    this.#push(entry)
    return {
      [Symbol.dispose]: () => {
        entry.fire = undefined
      },
    }
  }

  /** Fires what is due next. False when nothing is, or only after `end`; time is then `end`. */
  step(end: number): boolean {
    const first = this.#heap[0]
    if (first === undefined || first.at > end) {
      this.#now = Math.max(this.#now, end)
      return false
    }
    this.#pop()
    this.#now = Math.max(this.#now, first.at)
    if (first.fire !== undefined) {
      this.fired++
      first.fire()
    }
    return true
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent] as Entry)) break
      heap[at] = heap[parent] as Entry
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Entry)) child++
      if (!isBefore(heap[child] as Entry, last)) break
      heap[at] = heap[child] as Entry
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
