// Several limits at once: a torrent's own and the session's, say. Whoever takes must pass all of them.
//
// The order matters for those who wait: they queue at the first bucket, then at the second. With the narrow limit first, a
// slow torrent waits at its own bucket and holds up nobody in the queue of the shared one.

import type { AbortOptions } from '@torrential/primitives'
import type { ByteLimit, TokenBucket } from './token-bucket.ts'

/** A chain of buckets, the narrowest first, the one shared by most last. The buckets stay the caller's to change. */
export class RateLimit implements ByteLimit {
  readonly #buckets: readonly TokenBucket[]

  constructor(...buckets: readonly TokenBucket[]) {
    this.#buckets = buckets
  }

  /** True when any of the buckets limits anything: what costs time to account for can be left out otherwise. */
  get limited(): boolean {
    for (const bucket of this.#buckets) if (bucket.rate !== Number.POSITIVE_INFINITY) return true
    return false
  }

  /** Takes from all buckets, or from none. */
  take(bytes: number): boolean {
    for (const bucket of this.#buckets) if (!bucket.allows(bytes)) return false
    for (const bucket of this.#buckets) bucket.charge(bytes)
    return true
  }

  /** Resolves when `bytes` have been taken from all buckets. When aborted, what was taken on the way is given back. */
  async wait(bytes: number, options?: AbortOptions): Promise<void> {
    let passed = 0
    try {
      for (const bucket of this.#buckets) {
        await bucket.wait(bytes, options)
        passed++
      }
    } catch (error) {
      for (const bucket of this.#buckets.slice(0, passed)) bucket.refund(bytes)
      throw error
    }
  }
}
