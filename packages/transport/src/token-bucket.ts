// One rate limit: bytes per second that flow into a bucket, from which takers take.
//
// Invariants: waiters are served strictly in the order in which they came, and `take` never overtakes them; there is at most
// one timer, for the first waiter, and none while the bucket is unlimited or nobody waits. A taker may take more than the
// bucket holds at most: it waits for a full bucket and leaves a debt, so that the rate over time is exact for any size.

import type { AbortOptions, Clock } from '@torrential/primitives'
import { LazySet, BLOCK_LENGTH, InputError, throwIfAborted } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'

export interface TokenBucketOptions {
  /** Measures the flow and times the waiters. @default the system's clock */
  readonly clock?: Clock
}

/** What one taker of a chain waits for: the part of `TokenBucket` and `RateLimit` that a hot path needs. */
export interface ByteLimit {
  /** Takes `bytes` at once when that is possible now; otherwise nothing happens and the answer is false. */
  take(bytes: number): boolean
  /** Resolves when `bytes` have been taken; takers are served in order. Rejects with the signal's reason, taking nothing. */
  wait(bytes: number, options?: AbortOptions): Promise<void>
}

interface Waiter {
  readonly bytes: number
  readonly pass: () => void
}

/** The bucket holds what flows in during this time: longer than a busy event loop stalls, short enough not to be seen. */
const burstSeconds = 0.5
/** Bytes. Sums of fractions end up a hair below the number they stand for; the debt carries the difference on. */
const slack = 1

/** A rate in bytes per second. `take` on the hot path, `wait` when it says no. */
export class TokenBucket implements ByteLimit {
  readonly #clock: Clock
  #rate: number
  #tokens: number
  #filledAt: number
  /** In order of arrival. */
  readonly #waiters = new LazySet<Waiter>()
  #timer: Disposable | undefined

  /**
   * `rate` in bytes per second, above 0; Infinity is no limit. The bucket starts full.
   * @throws InputError `RATE`
   */
  constructor(rate: number, options: TokenBucketOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#rate = checkRate(rate)
    this.#filledAt = this.#clock.now()
    this.#tokens = this.burst
  }

  /** Bytes per second; Infinity when there is no limit. */
  get rate(): number {
    return this.#rate
  }

  /**
   * Takes effect at once, for those who wait too: what has flowed in so far counts at the old rate, the rest at the new one.
   * @throws InputError `RATE` unless it is above 0
   */
  set rate(rate: number) {
    checkRate(rate)
    if (rate === this.#rate) return
    this.#fill()
    const wasUnlimited = this.#rate === Number.POSITIVE_INFINITY
    this.#rate = rate
    if (wasUnlimited) this.#tokens = 0
    else this.#tokens = Math.min(this.#tokens, this.burst)
    this.#serve()
  }

  /** Bytes that the full bucket holds: half a second's flow, and never less than one 16 KiB block. */
  get burst(): number {
    return Math.max(this.#rate * burstSeconds, BLOCK_LENGTH)
  }

  /** Takers that wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** True when `take(bytes)` would succeed now. */
  allows(bytes: number): boolean {
    if (this.#rate === Number.POSITIVE_INFINITY) return true
    if (this.#waiters.size > 0) return false
    this.#fill()
    return this.#holds(bytes)
  }

  take(bytes: number): boolean {
    if (!this.allows(bytes)) return false
    this.charge(bytes)
    return true
  }

  /** Takes `bytes` whatever the bucket holds, for what has already happened; those who come after wait longer. */
  charge(bytes: number): void {
    if (this.#rate === Number.POSITIVE_INFINITY) return
    this.#fill()
    this.#tokens -= bytes
  }

  /** Gives back `bytes` that were taken and not used. */
  refund(bytes: number): void {
    if (this.#rate === Number.POSITIVE_INFINITY) return
    this.#fill()
    this.#tokens = Math.min(this.#tokens + bytes, this.burst)
    this.#serve()
  }

  async wait(bytes: number, options?: AbortOptions): Promise<void> {
    throwIfAborted(options)
    if (this.take(bytes)) return
    const signal = options?.signal
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = () => {
        leave()
        reject(signal?.reason as Error)
        // The next in line may need less, and the timer was set for the one that left.
        this.#serve()
      }
      const waiter: Waiter = {
        bytes,
        pass: () => {
          leave()
          resolve()
        },
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
      if (this.#waiters.size === 1) this.#serve()
    })
  }

  /** Lets pass whoever can, and sets the timer for the first who cannot. */
  #serve(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    if (this.#waiters.size === 0) return
    this.#fill()
    for (const waiter of this.#waiters) {
      if (!this.#holds(waiter.bytes)) {
        this.#timer = this.#clock.timer(this.#delay(waiter.bytes), () => this.#serve())
        return
      }
      this.#tokens -= waiter.bytes
      waiter.pass()
    }
  }

  #holds(bytes: number): boolean {
    return this.#tokens + slack >= Math.min(bytes, this.burst)
  }

  /** Milliseconds until `#holds(bytes)`. */
  #delay(bytes: number): number {
    return ((Math.min(bytes, this.burst) - this.#tokens) / this.#rate) * 1000
  }

  #fill(): void {
    const now = this.#clock.now()
    const flowed = ((now - this.#filledAt) / 1000) * this.#rate
    this.#filledAt = now
    // No time at an infinite rate would be 0 × Infinity.
    this.#tokens = this.#rate === Number.POSITIVE_INFINITY ? this.burst : Math.min(this.#tokens + flowed, this.burst)
  }
}

function checkRate(rate: number): number {
  if (!(rate > 0)) throw new InputError('RATE', `a rate of ${rate} bytes per second is not above 0`)
  return rate
}
