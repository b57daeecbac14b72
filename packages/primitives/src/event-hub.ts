// Events for any number of `for await` loops. A subscription exists from the call on (it is not a lazy generator), has a
// bounded ring of its own, and never holds up whoever emits: when the ring is full the oldest droppable event goes, and the
// reader finds `{ type: 'lagged', dropped }` in its place. Filtering happens before buffering.

import { LazySet } from './lazy-collections.ts'
import { InputError } from './errors.ts'
import type { LaggedEvent } from './event-ring.ts'
import type { EventStream, SubscribeOptions } from './event-subscription.ts'
import { EventSubscription } from './event-subscription.ts'

/** Which types of events are special. */
export interface EventHubOptions<Type extends string> {
  /** Never dropped, whatever the ring says. */
  readonly keep?: readonly Type[]
  /** Delivered only to subscriptions that name them in `types`. */
  readonly optIn?: readonly Type[]
}

const defaultRing = 1024
const NO_TYPES: readonly never[] = []

/** One source of events, a discriminated union on `type`. */
export class EventHub<Event extends { readonly type: string }> {
  readonly #subscriptions = new LazySet<EventSubscription<Event>>()
  readonly #keep: readonly string[]
  readonly #optIn: readonly string[]
  #closed = false

  constructor(options: EventHubOptions<Event['type']> = {}) {
    this.#keep = options.keep ?? NO_TYPES
    this.#optIn = options.optIn ?? NO_TYPES
  }

  /** True when somebody would receive an event of this type: lets costly events be made only when asked for. */
  wants(type: Event['type']): boolean {
    for (const subscription of this.#subscriptions) if (this.#matches(subscription, type)) return true
    return false
  }

  /** Gives `event` to every subscription that wants its type; never waits and never throws. */
  emit(event: Event): void {
    for (const subscription of this.#subscriptions) {
      if (this.#matches(subscription, event.type)) subscription.push(event, this.#keep.includes(event.type))
    }
  }

  /**
   * Subscribed from this call on; after `close` the loop ends at once.
   * @throws InputError `EVENT_RING` unless the ring is a positive integer
   */
  subscribe(options: SubscribeOptions<Event['type']> = {}): EventStream<Event | LaggedEvent> {
    const ring = options.ring ?? defaultRing
    if (!Number.isSafeInteger(ring) || ring < 1) {
      throw new InputError('EVENT_RING', `a ring of ${ring} events is not a positive integer`)
    }
    const subscription = new EventSubscription<Event>(options, ring, () => this.#subscriptions.delete(subscription))
    if (this.#closed) subscription.finish()
    else if (!subscription.finished) this.#subscriptions.add(subscription)
    return subscription
  }

  /** Readers get what is buffered, then their loops end. Idempotent. */
  close(): void {
    this.#closed = true
    for (const subscription of this.#subscriptions) subscription.finish()
  }

  #matches(subscription: EventSubscription<Event>, type: string): boolean {
    return subscription.types === undefined ? !this.#optIn.includes(type) : subscription.types.has(type)
  }
}
