// Events for any number of `for await` loops. A subscription exists from the call on (it is not a lazy generator), has a
// bounded ring of its own, and never holds up whoever emits: when the ring is full the oldest droppable event goes, and the
// reader finds `{ type: 'lagged', dropped }` in its place. Filtering happens before buffering.

export interface LaggedEvent {
  readonly type: 'lagged'
  /** Events lost at this place of the sequence. */
  readonly dropped: number
}

export interface SubscribeOptions<Type extends string = string> {
  /** Only these types are delivered (and `lagged`). Absent: all that are not opt-in. */
  readonly types?: readonly Type[]
  /** Ends the subscription; the loop ends without an error. */
  readonly signal?: AbortSignal
  /** Events buffered before the oldest are dropped. @default 1,024 */
  readonly ring?: number
}

export interface EventHubOptions<Type extends string> {
  /** Never dropped, whatever the ring says. */
  readonly keep?: readonly Type[]
  /** Delivered only to subscriptions that name them in `types`. */
  readonly optIn?: readonly Type[]
}

/** One reader's view. `break`, the signal, `return()` and `await using` all unsubscribe. */
export interface EventStream<Event> extends AsyncIterableIterator<Event>, AsyncDisposable {
  next(): Promise<IteratorResult<Event, undefined>>
  return(): Promise<IteratorResult<Event, undefined>>
}

const defaultRing = 1024

export class EventHub<Event extends { readonly type: string }> {
  readonly #subscriptions = new Set<Subscription<Event>>()
  readonly #keep: ReadonlySet<string>
  readonly #optIn: ReadonlySet<string>
  #closed = false

  constructor(options: EventHubOptions<Event['type']> = {}) {
    this.#keep = new Set(options.keep)
    this.#optIn = new Set(options.optIn)
  }

  /** True when somebody would receive an event of this type: lets costly events be made only when asked for. */
  wants(type: Event['type']): boolean {
    for (const subscription of this.#subscriptions) if (this.#matches(subscription, type)) return true
    return false
  }

  emit(event: Event): void {
    for (const subscription of this.#subscriptions) {
      if (this.#matches(subscription, event.type)) subscription.push(event, this.#keep.has(event.type))
    }
  }

  subscribe(options: SubscribeOptions<Event['type']> = {}): EventStream<Event | LaggedEvent> {
    const subscription = new Subscription<Event>(options, () => this.#subscriptions.delete(subscription))
    if (this.#closed) subscription.finish()
    else if (!subscription.done) this.#subscriptions.add(subscription)
    return subscription
  }

  /** Readers get what is buffered, then their loops end. */
  close(): void {
    this.#closed = true
    for (const subscription of [...this.#subscriptions]) subscription.finish()
  }

  #matches(subscription: Subscription<Event>, type: string): boolean {
    return subscription.types === undefined ? !this.#optIn.has(type) : subscription.types.has(type)
  }
}

interface Slot<Event> {
  readonly event: Event | LaggedEvent
  readonly keep: boolean
}

class Subscription<Event extends { readonly type: string }> implements EventStream<Event | LaggedEvent> {
  readonly types: ReadonlySet<string> | undefined
  done = false
  readonly #slots: Slot<Event>[] = []
  readonly #waiting: ((result: IteratorResult<Event | LaggedEvent, undefined>) => void)[] = []
  readonly #ring: number
  readonly #leave: () => void
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => void this.return()

  constructor(options: SubscribeOptions, leave: () => void) {
    this.types = options.types === undefined ? undefined : new Set(options.types)
    this.#ring = options.ring ?? defaultRing
    this.#leave = leave
    this.#signal = options.signal
    if (options.signal?.aborted === true) this.done = true
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  push(event: Event, keep: boolean): void {
    const reader = this.#waiting.shift()
    if (reader !== undefined) {
      reader({ done: false, value: event })
      return
    }
    this.#slots.push({ event, keep })
    if (this.#slots.length > this.#ring) this.#dropOldest()
  }

  /** No more events will come; what is buffered stays readable. */
  finish(): void {
    this.done = true
    this.#leave()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    for (const reader of this.#waiting.splice(0)) reader({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<Event | LaggedEvent, undefined>> {
    const slot = this.#slots.shift()
    if (slot !== undefined) return Promise.resolve({ done: false, value: slot.event })
    if (this.done) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<Event | LaggedEvent, undefined>> {
    this.#slots.length = 0
    this.finish()
    return Promise.resolve({ done: true, value: undefined })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #dropOldest(): void {
    const at = this.#slots.findIndex((slot) => !slot.keep && slot.event.type !== 'lagged')
    if (at === -1) return
    const before = this.#slots[at - 1]?.event
    // Neighbouring losses share one marker, so that a reader that never comes back costs one slot.
    if (before !== undefined && isLagged(before)) {
      this.#slots.splice(at - 1, 2, { event: { type: 'lagged', dropped: before.dropped + 1 }, keep: true })
    } else {
      this.#slots.splice(at, 1, { event: { type: 'lagged', dropped: 1 }, keep: true })
      this.#dropOldest()
    }
  }
}

function isLagged(event: { readonly type: string }): event is LaggedEvent {
  return event.type === 'lagged' && 'dropped' in event
}
