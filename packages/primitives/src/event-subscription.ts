// One reader of an EventHub: either events wait in its ring, or readers wait for events, never both.

import type { LaggedEvent } from './event-ring.ts'
import { EventRing } from './event-ring.ts'
import { Fifo } from './fifo.ts'

/** How one reader wants its events. */
export interface SubscribeOptions<Type extends string = string> {
  /** Only these types are delivered (and `lagged`). Absent: all that are not opt-in. */
  readonly types?: readonly Type[]
  /** Ends the subscription: what is buffered is dropped, and the loop ends without an error. */
  readonly signal?: AbortSignal
  /** Events buffered before the oldest are dropped, at least 1. @default 1,024 */
  readonly ring?: number
}

/** One reader's view. `break`, the signal, `return()` and `await using` all unsubscribe. */
export interface EventStream<Event> extends AsyncIterableIterator<Event>, AsyncDisposable {
  next(): Promise<IteratorResult<Event, undefined>>
  /** The next event if it is here already: for readers of very many, to whom a promise for each is too much. */
  take(): Event | undefined
  return(): Promise<IteratorResult<Event, undefined>>
}

type Result<Event> = IteratorResult<Event | LaggedEvent, undefined>

export class EventSubscription<Event> implements EventStream<Event | LaggedEvent> {
  /** Types it asked for; absent: all that are not opt-in. */
  readonly types: ReadonlySet<string> | undefined
  readonly #ring: EventRing<Event>
  readonly #readers = new Fifo<(result: Result<Event>) => void>()
  readonly #leave: () => void
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => void this.return()
  #finished = false

  /** `ring` is the checked size; `leave` takes the subscription out of its hub and may be called more than once. */
  constructor(options: SubscribeOptions, ring: number, leave: () => void) {
    this.types = options.types === undefined ? undefined : new Set(options.types)
    this.#ring = new EventRing(ring)
    this.#leave = leave
    this.#signal = options.signal
    if (options.signal?.aborted === true) this.#finished = true
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** No more events will come. */
  get finished(): boolean {
    return this.#finished
  }

  /** Hands the event to whoever waits, or buffers it. */
  push(event: Event, keep: boolean): void {
    const reader = this.#readers.shift()
    if (reader === undefined) this.#ring.push(event, keep)
    else reader({ done: false, value: event })
  }

  /** No more events will come; what is buffered stays readable. */
  finish(): void {
    this.#finished = true
    this.#leave()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) {
      reader({ done: true, value: undefined })
    }
  }

  next(): Promise<Result<Event>> {
    const event = this.#ring.shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    if (this.#finished) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  take(): Event | LaggedEvent | undefined {
    return this.#ring.shift()
  }

  return(): Promise<Result<Event>> {
    this.#ring.clear()
    this.finish()
    return Promise.resolve({ done: true, value: undefined })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
