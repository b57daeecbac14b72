import { VirtualClock } from '@torrential/primitives'
import { TokenBucket } from '@torrential/transport'
import { describe, expect, test } from '@jest/globals'

const block = 16_384

/** Takes blocks one after the other until told to stop; counts what it got. */
function taker(bucket: TokenBucket, bytes = block, signal?: AbortSignal) {
  const state = { taken: 0, failure: undefined as unknown, done: Promise.resolve() }
  state.done = (async () => {
    try {
      for (;;) {
        if (!bucket.take(bytes)) await bucket.wait(bytes, signal === undefined ? {} : { signal })
        state.taken += bytes
      }
    } catch (error) {
      state.failure = error
    }
  })()
  return state
}

function drained(rate: number) {
  const clock = new VirtualClock(1000)
  const bucket = new TokenBucket(rate, { clock })
  bucket.charge(bucket.burst)
  return { clock, bucket }
}

describe('a token bucket', () => {
  test.each([500, 20_000, 1_000_000, 50_000_000])('lets %d bytes per second pass, within 2 %', async (rate) => {
    const { clock, bucket } = drained(rate)
    const seconds = Math.max(4, Math.ceil((100 * block) / rate))
    const abort = new AbortController()
    const one = taker(bucket, block, abort.signal)
    await clock.advanceAsync(seconds * 1000)
    expect(Math.abs(one.taken / seconds / rate - 1)).toBeLessThan(0.02)
    abort.abort()
    await one.done
  })

  test('starts full and never holds more than half a second of flow', () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(1_000_000, { clock })
    clock.advance(3_600_000)
    let taken = 0
    while (bucket.take(block)) taken += block
    expect(taken).toBeGreaterThan(500_000 - block)
    expect(taken).toBeLessThanOrEqual(500_000 + 1)
  })

  test('holds at least one block, however slow it is', () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(10, { clock })
    expect(bucket.take(block)).toBe(true)
    expect(bucket.take(1000)).toBe(false)
    clock.advance(100_000)
    expect(bucket.take(1000)).toBe(true)
  })

  test('serves a taker that wants more than it can hold, and makes those who follow wait for it', async () => {
    const { clock, bucket } = drained(10_000)
    const order: string[] = []
    const large = bucket.wait(100_000).then(() => order.push(`large at ${clock.now()}`))
    const small = bucket.wait(10_000).then(() => order.push(`small at ${clock.now()}`))
    await clock.advanceAsync(20_000)
    await Promise.all([large, small])
    // 16,384 bytes fill the bucket after 1.6384 s; the debt is paid and 10,000 more have come after 11 s.
    expect(order.map((line) => line.replace(/\.\d+$/, ''))).toEqual(['large at 2638', 'small at 11999'])
  })

  test('shares its rate equally between takers that always want more', async () => {
    const { clock, bucket } = drained(1_000_000)
    const abort = new AbortController()
    const takers = Array.from({ length: 7 }, () => taker(bucket, block, abort.signal))
    await clock.advanceAsync(30_000)
    const shares = takers.map(({ taken }) => taken)
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(block)
    abort.abort()
    await Promise.all(takers.map(({ done }) => done))
  })

  test('serves waiters in the order in which they came, large or small', async () => {
    const { clock, bucket } = drained(1000)
    const order: number[] = []
    const sizes = [5000, 10, 3000, 1]
    const waits = sizes.map((bytes) => bucket.wait(bytes).then(() => order.push(bytes)))
    await clock.advanceAsync(100)
    expect(order).toEqual([])
    await clock.advanceAsync(10_000)
    await Promise.all(waits)
    expect(order).toEqual(sizes)
  })

  test('take never overtakes somebody who waits', async () => {
    const { clock, bucket } = drained(1000)
    const waiting = bucket.wait(10_000)
    clock.advance(5000)
    expect(bucket.take(1)).toBe(false)
    expect(bucket.allows(1)).toBe(false)
    await clock.advanceAsync(5000)
    await waiting
  })

  test('uses no timer while it is unlimited or nobody waits', async () => {
    const clock = new VirtualClock()
    const free = new TokenBucket(Number.POSITIVE_INFINITY, { clock })
    for (let i = 0; i < 1000; i++) expect(free.take(2 ** 40)).toBe(true)
    await free.wait(2 ** 40)
    const limited = new TokenBucket(100_000, { clock })
    expect(limited.take(block)).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('has one timer, however many wait', () => {
    const { clock, bucket } = drained(1000)
    for (let i = 0; i < 50; i++) void bucket.wait(100)
    expect(bucket.waiting).toBe(50)
    expect(clock.pending).toBe(1)
  })
})

describe('changing the rate', () => {
  test('takes effect at once for those who wait', async () => {
    const { clock, bucket } = drained(100)
    const waiting = bucket.wait(10_000).then(() => clock.now())
    await clock.advanceAsync(10_000)
    bucket.rate = 9000
    await clock.advanceAsync(10_000)
    // 1,000 bytes in the first ten seconds at the old rate, the other 9,000 in one second at the new one.
    expect(await waiting).toBeCloseTo(12_000, -1)
  })

  test('to a lower rate makes those who wait wait longer', async () => {
    const { clock, bucket } = drained(10_000)
    const waiting = bucket.wait(10_000).then(() => clock.now())
    await clock.advanceAsync(500)
    bucket.rate = 1000
    await clock.advanceAsync(20_000)
    expect(await waiting).toBeCloseTo(1000 + 500 + 5000, -1)
  })

  test('to Infinity lets everybody pass, and leaves no timer', async () => {
    const { clock, bucket } = drained(1)
    const waits = [bucket.wait(1_000_000), bucket.wait(5), bucket.wait(2 ** 40)]
    bucket.rate = Number.POSITIVE_INFINITY
    await Promise.all(waits)
    expect(clock.pending).toBe(0)
  })

  test('from Infinity limits from then on, with nothing saved up', async () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY, { clock })
    clock.advance(60_000)
    bucket.take(10 ** 9)
    bucket.rate = 100_000
    const abort = new AbortController()
    const one = taker(bucket, 10_000, abort.signal)
    await clock.advanceAsync(10_000)
    expect(one.taken / 10 / 100_000).toBeCloseTo(1, 1)
    abort.abort()
    await one.done
  })

  test('keeps the measured rate right through many changes', async () => {
    const { clock, bucket } = drained(1000)
    const abort = new AbortController()
    const one = taker(bucket, 1000, abort.signal)
    let expected = 0
    for (let i = 1; i <= 50; i++) {
      bucket.rate = i * 10_000
      expected += i * 10_000
      await clock.advanceAsync(1000)
    }
    expect(Math.abs(one.taken / expected - 1)).toBeLessThan(0.02)
    abort.abort()
    await one.done
  })

  test.each([0, -1, Number.NaN])('to %d is refused with RATE', (rate) => {
    const bucket = new TokenBucket(1000, { clock: new VirtualClock() })
    expect(() => {
      bucket.rate = rate
    }).toThrow(expect.objectContaining({ code: 'RATE' }))
    expect(() => new TokenBucket(rate)).toThrow(expect.objectContaining({ code: 'RATE' }))
    expect(bucket.rate).toBe(1000)
  })
})

describe('aborting a wait', () => {
  test('rejects with the reason, takes nothing and lets the next in line pass in its time', async () => {
    const { clock, bucket } = drained(1000)
    const abort = new AbortController()
    const reason = new Error('gone')
    const first = bucket.wait(10_000, { signal: abort.signal })
    const second = bucket.wait(2000).then(() => clock.now())
    await clock.advanceAsync(1000)
    abort.abort(reason)
    await expect(first).rejects.toBe(reason)
    await clock.advanceAsync(20_000)
    expect(await second).toBeCloseTo(1000 + 2000, -1)
  })

  test('of the only waiter leaves no timer', async () => {
    const { clock, bucket } = drained(1000)
    const abort = new AbortController()
    const waiting = bucket.wait(10_000, { signal: abort.signal })
    expect(clock.pending).toBe(1)
    abort.abort()
    await expect(waiting).rejects.toBe(abort.signal.reason)
    expect(clock.pending).toBe(0)
    expect(bucket.waiting).toBe(0)
  })

  test('before it began takes nothing', async () => {
    const clock = new VirtualClock()
    const bucket = new TokenBucket(1000, { clock })
    await expect(bucket.wait(block, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(bucket.take(block)).toBe(true)
  })

  test('a thousand waits leave no listener on a signal that lives on', async () => {
    const { clock, bucket } = drained(1_000_000)
    const abort = new AbortController()
    let listeners = 0
    const { signal } = abort
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...of: Parameters<typeof add>) => {
      listeners++
      add(...of)
    }
    signal.removeEventListener = (...of: Parameters<typeof remove>) => {
      listeners--
      remove(...of)
    }
    const waits = Array.from({ length: 1000 }, () => bucket.wait(100, { signal }))
    expect(listeners).toBe(1000)
    await clock.advanceAsync(1000)
    await Promise.all(waits)
    expect(listeners).toBe(0)
  })
})
