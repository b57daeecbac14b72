import { VirtualClock } from '@torrential/primitives'
import { RateLimit, TokenBucket } from '@torrential/transport'
import { describe, expect, test } from '@jest/globals'

const block = 16_384

function empty(clock: VirtualClock, rate: number): TokenBucket {
  const bucket = new TokenBucket(rate, { clock })
  bucket.charge(bucket.burst)
  return bucket
}

/** Takes blocks through `limit` until the signal fires. */
function taker(limit: RateLimit, signal: AbortSignal) {
  const state = { taken: 0, done: Promise.resolve() }
  state.done = (async () => {
    while (!signal.aborted) {
      if (!limit.take(block)) await limit.wait(block, { signal })
      state.taken += block
    }
  })().catch(() => {})
  return state
}

describe('a chain of limits', () => {
  test('passes no faster than its slowest bucket', async () => {
    const clock = new VirtualClock()
    const limit = new RateLimit(empty(clock, 100_000), empty(clock, 1_000_000))
    const abort = new AbortController()
    const one = taker(limit, abort.signal)
    await clock.advanceAsync(60_000)
    expect(one.taken / 60 / 100_000).toBeCloseTo(1, 1)
    abort.abort()
    await one.done
  })

  test('shares the common bucket, and a torrent with a low limit of its own does not hold up the other', async () => {
    const clock = new VirtualClock()
    const shared = empty(clock, 1_000_000)
    const slow = new RateLimit(empty(clock, 50_000), shared)
    const fast = new RateLimit(empty(clock, Number.POSITIVE_INFINITY), shared)
    const abort = new AbortController()
    const [a, b] = [taker(slow, abort.signal), taker(fast, abort.signal)]
    await clock.advanceAsync(60_000)
    expect(Math.abs(a.taken / 60 / 50_000 - 1)).toBeLessThan(0.02)
    expect(Math.abs(b.taken / 60 / 950_000 - 1)).toBeLessThan(0.02)
    abort.abort()
    await Promise.all([a.done, b.done])
  })

  test('takes from all buckets or from none', () => {
    const clock = new VirtualClock()
    const wide = new TokenBucket(1_000_000, { clock })
    const limit = new RateLimit(empty(clock, 1000), wide)
    expect(limit.take(block)).toBe(false)
    let left = 0
    while (wide.take(1000)) left += 1000
    expect(left).toBe(500_000)
  })

  test('gives back what it took when it is aborted on the way', async () => {
    const clock = new VirtualClock()
    const own = new TokenBucket(1000, { clock })
    const limit = new RateLimit(own, empty(clock, 1000))
    const abort = new AbortController()
    const waiting = limit.wait(block, { signal: abort.signal })
    await clock.advanceAsync(1)
    expect(own.take(block)).toBe(false)
    abort.abort()
    await expect(waiting).rejects.toBe(abort.signal.reason)
    expect(own.take(block)).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('says whether it limits anything, as rates change', () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY, { clock })
    const limit = new RateLimit(new TokenBucket(Number.POSITIVE_INFINITY, { clock }), bucket)
    expect(limit.limited).toBe(false)
    bucket.rate = 1000
    expect(limit.limited).toBe(true)
    expect(new RateLimit().limited).toBe(false)
  })

  test('without buckets lets everything pass', async () => {
    const limit = new RateLimit()
    expect(limit.take(2 ** 40)).toBe(true)
    await limit.wait(2 ** 40)
  })
})
