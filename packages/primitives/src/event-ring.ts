// What one subscription of an EventHub buffers. Bounded: above `size` events the oldest droppable one goes, and a marker
// `{ type: 'lagged', dropped }` stands in its place; neighbouring losses share one marker.
//
// Two queues, so that overflow costs O(1) however long it lasts: `#fresh` holds events as they came, `#settled` what is older
// than anything that may still be dropped, that is kept events and markers. Markers do not count towards the size; there is
// at most one more of them than there are kept events.

import { Fifo } from './fifo.ts'

/** Stands where events were dropped because the subscriber was too slow. */
export interface LaggedEvent {
  readonly type: 'lagged'
  /** Events lost at this place of the sequence. */
  readonly dropped: number
}

interface Slot<Event> {
  readonly event: Event
  readonly keep: boolean
}

interface Marker {
  dropped: number
}

export class EventRing<Event> {
  readonly #size: number
  readonly #fresh = new Fifo<Slot<Event>>()
  readonly #settled = new Fifo<Slot<Event> | Marker>()
  /** Kept events in `#settled`. */
  #keptAside = 0

  /** Holds `size` events, and more only when they must be kept. */
  constructor(size: number) {
    this.#size = size
  }

  /** Adds an event. `keep`: it is never dropped. */
  push(event: Event, keep: boolean): void {
    this.#fresh.push({ event, keep })
    if (this.#fresh.length + this.#keptAside > this.#size) this.#dropOldest()
  }

  /** Takes the oldest event or marker; `undefined` when nothing is buffered. */
  shift(): Event | LaggedEvent | undefined {
    const first = this.#settled.shift() ?? this.#fresh.shift()
    if (first === undefined) return undefined
    if (isMarker(first)) return { type: 'lagged', dropped: first.dropped }
    if (first.keep && this.#keptAside > 0) this.#keptAside--
    return first.event
  }

  clear(): void {
    this.#fresh.clear()
    this.#settled.clear()
    this.#keptAside = 0
  }

  #dropOldest(): void {
    for (let slot = this.#fresh.peek(); slot?.keep === true; slot = this.#fresh.peek()) {
      this.#settled.push(slot)
      this.#keptAside++
      this.#fresh.shift()
    }
    if (this.#fresh.shift() === undefined) return
    const before = this.#settled.last()
    if (before !== undefined && isMarker(before)) before.dropped++
    else this.#settled.push({ dropped: 1 })
  }
}

function isMarker<Event>(slot: Slot<Event> | Marker): slot is Marker {
  return 'dropped' in slot
}
