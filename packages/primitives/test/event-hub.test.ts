import { EventHub } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

type Event =
  | { readonly type: 'piece'; readonly n: number }
  | { readonly type: 'error'; readonly n: number }
  | { readonly type: 'bytes'; readonly n: number }

const hub = () => new EventHub<Event>({ keep: ['error'], optIn: ['bytes'] })
const piece = (n: number): Event => ({ type: 'piece', n })
const failure = (n: number): Event => ({ type: 'error', n })

/** Everything that is buffered, as short words: `p1`, `e2`, `-3` for three lost. */
async function words(stream: AsyncIterable<Event | { type: 'lagged'; dropped: number }>): Promise<string[]> {
  const seen: string[] = []
  for await (const event of stream) {
    seen.push(event.type === 'lagged' ? `-${event.dropped}` : `${event.type.slice(0, 1)}${event.n}`)
  }
  return seen
}

describe('a subscription', () => {
  test('exists from the call on, before anybody reads', async () => {
    const events = hub()
    events.emit(piece(0))
    const stream = events.subscribe()
    events.emit(piece(1))
    events.emit(piece(2))
    events.close()
    expect(await words(stream)).toEqual(['p1', 'p2'])
  })

  test('hands an event at once to whoever waits, in the order in which they came', async () => {
    const events = hub()
    const stream = events.subscribe()
    const waiting = [stream.next(), stream.next()]
    events.emit(piece(1))
    events.emit(piece(2))
    events.emit(piece(3))
    const results = await Promise.all([...waiting, stream.next()])
    expect(results.map(({ value }) => value)).toEqual([piece(1), piece(2), piece(3)])
  })

  test('gives what is here without a promise, and nothing when nothing is', async () => {
    const events = hub()
    const stream = events.subscribe({ ring: 2 })
    expect(stream.take()).toBeUndefined()
    const waiting = stream.next()
    for (let n = 1; n <= 4; n++) events.emit(piece(n))
    expect((await waiting).value).toEqual(piece(1))
    expect(stream.take()).toEqual({ type: 'lagged', dropped: 1 })
    expect(stream.take()).toEqual(piece(3))
    events.close()
    expect(stream.take()).toEqual(piece(4))
    expect(stream.take()).toBeUndefined()
    expect((await stream.next()).done).toBe(true)
  })

  test('is independent of others: a slow one loses, a quick one does not', async () => {
    const events = hub()
    const [slow, quick] = [events.subscribe({ ring: 2 }), events.subscribe()]
    for (let n = 1; n <= 5; n++) events.emit(piece(n))
    events.close()
    expect(await words(slow)).toEqual(['-3', 'p4', 'p5'])
    expect(await words(quick)).toEqual(['p1', 'p2', 'p3', 'p4', 'p5'])
  })

  test('gets only the types that it asked for, and those that are opt-in only when it asks', async () => {
    const events = hub()
    const [some, all] = [events.subscribe({ types: ['error', 'bytes'] }), events.subscribe()]
    for (const type of ['piece', 'error', 'bytes'] as const) events.emit({ type, n: 1 })
    events.close()
    expect(await words(some)).toEqual(['e1', 'b1'])
    expect(await words(all)).toEqual(['p1', 'e1'])
  })

  test('filters before it buffers: what is not wanted pushes nothing out', async () => {
    const events = hub()
    const stream = events.subscribe({ types: ['error'], ring: 1 })
    events.emit(failure(1))
    for (let n = 0; n < 100; n++) events.emit(piece(n))
    events.close()
    expect(await words(stream)).toEqual(['e1'])
  })

  test.each([0, -1, 1.5, Number.NaN])('with a ring of %d is refused with EVENT_RING', (ring) => {
    expect(() => hub().subscribe({ ring })).toThrow(expect.objectContaining({ code: 'EVENT_RING' }))
  })

  test('holds 1,024 events when nothing else is said', async () => {
    const events = hub()
    const stream = events.subscribe()
    for (let n = 0; n < 1025; n++) events.emit(piece(n))
    events.close()
    const seen = await words(stream)
    expect(seen.slice(0, 2)).toEqual(['-1', 'p1'])
    expect(seen).toHaveLength(1 + 1024)
  })
})

describe('when the ring overflows', () => {
  test('the oldest go, and one marker in their place counts them', async () => {
    const events = hub()
    const stream = events.subscribe({ ring: 3 })
    for (let n = 1; n <= 1000; n++) events.emit(piece(n))
    events.close()
    expect(await words(stream)).toEqual(['-997', 'p998', 'p999', 'p1000'])
  })

  test('kept events stay where they were, with a marker for each gap', async () => {
    const events = hub()
    const stream = events.subscribe({ ring: 4 })
    for (const event of [piece(1), failure(2), piece(3), piece(4), failure(5), piece(6), piece(7)]) events.emit(event)
    events.close()
    expect(await words(stream)).toEqual(['-1', 'e2', '-2', 'e5', 'p6', 'p7'])
  })

  test('kept events are all there, even when they alone are more than the ring', async () => {
    const events = hub()
    const stream = events.subscribe({ ring: 2 })
    for (let n = 1; n <= 5; n++) events.emit(failure(n))
    events.emit(piece(6))
    events.emit(piece(7))
    events.emit(failure(8))
    events.close()
    expect(await words(stream)).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', '-2', 'e8'])
  })

  test('there is room again once something was read', async () => {
    const events = hub()
    const stream = events.subscribe({ ring: 2 })
    for (let n = 1; n <= 3; n++) events.emit(piece(n))
    expect((await stream.next()).value).toEqual({ type: 'lagged', dropped: 1 })
    expect((await stream.next()).value).toEqual(piece(2))
    events.emit(piece(4))
    events.close()
    expect(await words(stream)).toEqual(['p3', 'p4'])
  })

  test('what arrives is a subsequence with gaps of exactly the numbers that the markers say', async () => {
    const action = fc.constantFrom('piece', 'error', 'read')
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 80 }), fc.integer({ min: 1, max: 6 }), async (actions, ring) => {
        const events = hub()
        const stream = events.subscribe({ ring })
        const seen: (Event | { type: 'lagged'; dropped: number })[] = []
        let emitted = 0
        let buffered = 0
        for (const act of actions) {
          if (act !== 'read') {
            events.emit({ type: act, n: emitted++ })
            buffered++
          } else if (buffered > 0) {
            const event = (await stream.next()).value!
            buffered -= event.type === 'lagged' ? event.dropped : 1
            seen.push(event)
          }
        }
        events.close()
        for await (const event of stream) seen.push(event)
        let next = 0
        for (const event of seen) {
          if (event.type !== 'lagged') expect(event.n).toBe(next)
          next += event.type === 'lagged' ? event.dropped : 1
        }
        expect(next).toBe(emitted)
        const errors = actions.filter((act) => act === 'error').length
        expect(seen.filter(({ type }) => type === 'error')).toHaveLength(errors)
        const neighbours = seen.filter((event, i) => event.type === 'lagged' && seen[i + 1]?.type === 'lagged')
        // Two markers meet only when the reader took the first while the loss went on.
        expect(neighbours.length).toBeLessThanOrEqual(actions.filter((act) => act === 'read').length)
      }),
    )
  })

  test('costs the same per event however large the ring is', () => {
    const count = 300_000
    const events = hub()
    events.subscribe({ ring: 100_000 })
    const [start] = process.hrtime()
    for (let n = 0; n < count; n++) events.emit(n % 3 === 0 ? failure(n) : piece(n))
    // Moving a ring of 100,000 for each of them takes minutes.
    expect(process.hrtime()[0] - start).toBeLessThan(20)
  })
})

describe('the end of a subscription', () => {
  test('break unsubscribes', async () => {
    const events = hub()
    const stream = events.subscribe()
    events.emit(piece(1))
    for await (const event of stream) {
      expect(event).toEqual(piece(1))
      break
    }
    expect(events.wants('piece')).toBe(false)
    expect((await stream.next()).done).toBe(true)
  })

  test('await using unsubscribes', async () => {
    const events = hub()
    {
      await using stream = events.subscribe()
      expect(events.wants('piece')).toBe(true)
      expect(stream).toBeDefined()
    }
    expect(events.wants('piece')).toBe(false)
  })

  test('the signal ends a waiting loop without an error, and drops what is buffered', async () => {
    const events = hub()
    const abort = new AbortController()
    const [waiting, full] = [events.subscribe({ signal: abort.signal }), events.subscribe({ signal: abort.signal })]
    const reading = words(waiting)
    const next = full.next()
    events.emit(piece(1))
    events.emit(piece(2))
    await next
    abort.abort(new Error('enough'))
    expect((await reading)[0]).toBe('p1')
    expect((await full.next()).done).toBe(true)
    expect(events.wants('piece')).toBe(false)
  })

  test('a signal that has fired already gives an ended subscription', async () => {
    const events = hub()
    const stream = events.subscribe({ signal: AbortSignal.abort() })
    events.emit(piece(1))
    expect(await words(stream)).toEqual([])
    expect(events.wants('piece')).toBe(false)
  })

  test('leaves no listener on its signal, however it ended', async () => {
    const events = hub()
    const { signal } = new AbortController()
    let listeners = 0
    signal.addEventListener = () => void listeners++
    signal.removeEventListener = () => void listeners--
    await events.subscribe({ signal }).return()
    await events.subscribe({ signal })[Symbol.asyncDispose]()
    events.subscribe({ signal })
    expect(listeners).toBe(1)
    events.close()
    expect(listeners).toBe(0)
  })

  test('closing the hub lets everybody read what is buffered, then ends them', async () => {
    const events = hub()
    const [full, waiting] = [events.subscribe(), events.subscribe()]
    events.emit(piece(1))
    await waiting.next()
    const next = waiting.next()
    events.close()
    events.emit(piece(2))
    expect(await words(full)).toEqual(['p1'])
    expect((await next).done).toBe(true)
    expect(await words(events.subscribe())).toEqual([])
  })
})

describe('asking a hub what is wanted', () => {
  test('says whether anybody would receive a type', () => {
    const events = hub()
    expect(events.wants('piece')).toBe(false)
    events.subscribe({ types: ['bytes'] })
    expect([events.wants('piece'), events.wants('bytes')]).toEqual([false, true])
    events.subscribe()
    expect([events.wants('piece'), events.wants('bytes')]).toEqual([true, true])
  })
})
