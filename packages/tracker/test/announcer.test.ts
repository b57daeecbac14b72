import { peerAddress, SourceError } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { FakeTrackers, nameOf, recorder, refusal, urlOf } from './fake-trackers.ts'

const minutes = 60

function candidate(port: number) {
  return { address: peerAddress('127.0.0.1', port), origin: 'tracker' as const }
}

describe('an announcer', () => {
  test('sends started once, then regular announces at the interval that the tracker gave', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', { interval: 600_000 })
    const announcer = world.announcer([['a']])
    announcer.start()
    announcer.start()
    await world.pass(0)
    expect(world.take()).toEqual(['a started'])
    await world.pass(599)
    expect(world.take()).toEqual([])
    await world.pass(1)
    expect(world.take()).toEqual(['a'])
    await world.pass(600)
    expect(world.take()).toEqual(['a'])
  })

  test('does nothing before it is started', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.events()
    announcer.peers()
    await world.pass(3600)
    expect(world.take()).toEqual([])
    expect(world.clock.pending).toBe(0)
  })

  test.each([
    [1, 60],
    [10 ** 12, 21_600],
  ])('takes an interval of %d ms for one of %d s', async (interval, seconds) => {
    const world = new FakeTrackers()
    world.answers.set('a', { interval })
    world.announcer([['a']]).start()
    await world.pass(seconds - 1)
    expect(world.take()).toEqual(['a started'])
    await world.pass(1)
    expect(world.take()).toEqual(['a'])
  })

  test('never comes back before the minimum interval, even when the interval is shorter', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', { interval: 60_000, minInterval: 900_000 })
    world.announcer([['a']]).start()
    await world.pass(899)
    expect(world.take()).toEqual(['a started'])
    await world.pass(1)
    expect(world.take()).toEqual(['a'])
  })

  test('announces on demand no sooner than the minimum interval, unless forced', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', { minInterval: 300_000 })
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(10)
    world.take()
    announcer.announce()
    await world.pass(289)
    expect(world.take()).toEqual([])
    await world.pass(1)
    expect(world.take()).toEqual(['a'])
    announcer.announce({ force: true })
    await world.pass(0)
    expect(world.take()).toEqual(['a'])
  })

  test('tells progress, port, numWant, key and tracker id as they are at the time', async () => {
    const world = new FakeTrackers()
    const trackerId = Uint8Array.of(1, 2)
    world.answers.set('a', { trackerId, interval: 60_000 })
    let port = 1
    world.announcer([['a']], { port: () => port, numWant: () => 30, key: 9, ip: '10.0.0.1' }).start()
    await world.pass(0)
    port = 2
    world.progress = { uploaded: 1.5, downloaded: Number.NaN, left: -4 }
    await world.pass(60)
    const [first, second] = world.asked.map(({ request }) => request)
    expect(first).toMatchObject({ port: 1, numWant: 30, key: 9, ip: '10.0.0.1', left: 100 })
    expect(first).not.toHaveProperty('trackerId')
    expect(second).toMatchObject({ port: 2, trackerId, uploaded: 1, downloaded: 0, left: 0 })
  })

  test('refuses options that make no sense', () => {
    const world = new FakeTrackers()
    for (const options of [{ port: -1 }, { port: 65_536 }, { numWant: 1.5 }, { key: -1 }, { buffer: 0 }]) {
      expect(() => world.announcer([['a']], options)).toThrow(expect.objectContaining({ code: 'TRACKER_OPTION' }))
    }
    expect(() => world.announcer([['a']], { ip: 'x' })).toThrow(expect.objectContaining({ code: 'ADDRESS_HOST' }))
  })

  test('lets no more announces run at once than the shared clients allow', async () => {
    const world = new FakeTrackers(3)
    for (let i = 0; i < 20; i++) world.announcer([['a']]).start()
    for (let i = 0; i < 10; i++) await world.pass(0)
    expect(world.take()).toHaveLength(20)
    expect(world.most).toBe(3)
  })

  test('survives a clock that jumps a day: one announce, not a storm', async () => {
    const world = new FakeTrackers()
    world.announcer([['a']]).start()
    await world.pass(0)
    world.take()
    // As after a suspend: the timer fires late.
    const { clock } = world
    const late = clock.now() + 86_400_000
    const now = clock.now.bind(clock)
    let jumped = true
    clock.now = () => (jumped ? late : now())
    clock.advance(1_800_000)
    await world.pass(0)
    expect(world.take()).toEqual(['a'])
    jumped = false
  })
})

describe('tiers', () => {
  test('are tried in order until one tracker works; it goes to the front of its tier', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a', 'b', 'c'], ['d']])
    const [first, second, third] = announcer.trackers.map(({ url }) => nameOf(url))
    world.answers.set(first!, refusal())
    world.answers.set(second!, refusal())
    announcer.start()
    await world.pass(0)
    expect(world.take()).toEqual([`${first} started`, `${second} started`, `${third} started`])
    expect(announcer.trackers.map(({ url }) => nameOf(url))).toEqual([third, first, second, 'd'])
    await world.pass(30 * minutes)
    expect(world.take()).toEqual([third])
  })

  test('are shuffled within, never among one another', () => {
    const orders = new Set<string>()
    const world = new FakeTrackers()
    for (let i = 0; i < 50; i++) {
      const order = world
        .announcer([['a', 'b', 'c'], ['d'], ['e', 'f']])
        .trackers.map(({ url }) => nameOf(url))
        .join('')
      expect(order).toMatch(/^[abc]{3}d[ef]{2}$/)
      orders.add(order)
    }
    expect(orders.size).toBe(12)
  })

  test('are gone back to, first tier first, at the next announce', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal())
    world.announcer([['a'], ['b']]).start()
    await world.pass(0)
    expect(world.take()).toEqual(['a started', 'b started'])
    world.answers.delete('a')
    await world.pass(30 * minutes)
    expect(world.take()).toEqual(['a started'])
    await world.pass(30 * minutes)
    expect(world.take()).toEqual(['a'])
  })

  test('fall to the next one when a tracker stops working', async () => {
    const world = new FakeTrackers()
    world.announcer([['a'], ['b']]).start()
    await world.pass(0)
    world.answers.set('a', refusal('TRACKER_TIMEOUT'))
    world.take()
    await world.pass(30 * minutes)
    expect(world.take()).toEqual(['a', 'b started'])
  })

  test('all get an announce each when asked for', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', { interval: 60_000 })
    world.answers.set('c', { interval: 120_000 })
    world.announcer([['a'], ['b', 'c']], { announceToAllTiers: true }).start()
    await world.pass(0)
    const first = world.take()
    expect(first).toHaveLength(2)
    expect(first[0]).toBe('a started')
    await world.pass(60)
    expect(world.take()).toEqual(['a'])
  })

  test('do not matter when every tracker is to be told', async () => {
    const world = new FakeTrackers()
    world.announcer([['a'], ['b', 'c']], { announceToAllTrackers: true }).start()
    await world.pass(0)
    expect(world.take().sort()).toEqual(['a started', 'b started', 'c started'])
  })

  test('keep malformed and unknown URLs as disabled, repeated ones once, and 500 in all', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([
      ['wss://x.test/', 'junk:', 'a'],
      ['a'],
      Array.from({ length: 600 }, (_, i) => `t${i}`),
    ])
    expect(announcer.trackers).toHaveLength(500)
    const states = Object.fromEntries(announcer.trackers.map((tracker) => [tracker.url, tracker.state]))
    expect(states).toMatchObject({ 'wss://x.test/': 'disabled', 'junk:': 'disabled', [urlOf('a')]: 'idle' })
    announcer.start()
    await world.pass(0)
    expect(world.take()).toEqual(['a started'])
  })

  test('can be added to and taken from at any time', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal())
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(0)
    world.take()
    announcer.addTracker(urlOf('b'), 0)
    announcer.addTracker(urlOf('b'), 0)
    await world.pass(0)
    expect(world.take()).toEqual(['b started'])
    expect(announcer.trackers.map(({ url, tier }) => `${nameOf(url)}${tier}`)).toEqual(['b0', 'a0'])
    expect(announcer.removeTracker(urlOf('b'))).toBe(true)
    expect(announcer.removeTracker(urlOf('b'))).toBe(false)
    await world.pass(0)
    expect(world.take()).toEqual(['b stopped'])
    expect(() => announcer.addTracker('nonsense')).toThrow(expect.objectContaining({ code: 'TRACKER_URL' }))
  })
})

describe('a tracker that fails', () => {
  test('backs off by 5 + 12.5 n² seconds, less a fifth by chance, up to an hour', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal())
    world.announcer([['a']]).start()
    await world.pass(200_000)
    const times = world.asked.map(({ at }) => at / 1000)
    for (let n = 1; n < 25; n++) {
      const pause = times[n]! - times[n - 1]!
      const full = Math.min(3600, 5 + 12.5 * n * n)
      expect(pause).toBeGreaterThanOrEqual(full * 0.8)
      expect(pause).toBeLessThanOrEqual(full)
    }
  })

  test('is as good as new once it works again', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal())
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(300)
    expect(announcer.trackers[0]).toMatchObject({ state: 'failing', lastError: { code: 'TRACKER_UNREACHABLE' } })
    expect(announcer.trackers[0]!.fails).toBeGreaterThan(2)
    world.answers.set('a', {})
    await world.pass(600)
    expect(announcer.trackers[0]).toMatchObject({ state: 'working', fails: 0, lastError: undefined })
  })

  test('is not asked before the time that it names (BEP 31, Retry-After)', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal('TRACKER_FAILURE', { retryIn: 20 * 60_000 }))
    world.announcer([['a']]).start()
    await world.pass(20 * minutes - 1)
    expect(world.take()).toEqual(['a started'])
    await world.pass(1)
    expect(world.take()).toEqual(['a started'])
  })

  test('is never asked again when it says never (BEP 31)', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal('TRACKER_FAILURE', { retryIn: Number.POSITIVE_INFINITY }))
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(86_400)
    announcer.announce({ force: true })
    await world.pass(0)
    expect(world.take()).toEqual(['a started'])
    expect(announcer.trackers[0]).toMatchObject({ state: 'disabled', nextAnnounce: undefined })
    expect(world.clock.pending).toBe(0)
  })

  test('is asked again at once by a forced announce', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal())
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(0)
    world.take()
    announcer.announce()
    await world.pass(1)
    expect(world.take()).toEqual([])
    announcer.announce({ force: true })
    await world.pass(0)
    expect(world.take()).toEqual(['a started'])
  })

  test('may throw whatever it likes, and progress may too: it becomes an event', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', new TypeError('bug'))
    const announcer = world.announcer([['a'], ['b']])
    const events = recorder(announcer)
    announcer.start()
    await world.pass(0)
    expect(events.find(({ type }) => type === 'tracker-error')).toMatchObject({
      error: expect.any(SourceError),
      url: urlOf('a'),
    })
    expect(world.take()).toEqual(['a started', 'b started'])
  })
})

describe('completed', () => {
  test('is told at once, once, to the trackers that know us', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(5)
    announcer.completed()
    announcer.completed()
    await world.pass(30 * minutes)
    expect(world.take()).toEqual(['a started', 'a completed', 'a'])
  })

  test('is not told to a tracker that only ever knew a seed', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.completed()
    announcer.start()
    await world.pass(30 * minutes)
    expect(world.take()).toEqual(['a started', 'a'])
  })

  test('follows when it happened while started was under way', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.start()
    announcer.completed()
    await world.pass(1)
    expect(world.take()).toEqual(['a started', 'a completed'])
  })

  test('is told again when the tracker failed to hear it', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(1)
    world.answers.set('a', refusal())
    announcer.completed()
    await world.pass(1)
    world.answers.set('a', {})
    await world.pass(60)
    expect(world.take()).toEqual(['a started', 'a completed', 'a completed'])
  })
})

describe('leaving', () => {
  test('tells stopped only to trackers that got started, with numWant 0', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal())
    const announcer = world.announcer([['a'], ['b'], ['c']])
    announcer.start()
    await world.pass(0)
    world.take()
    await announcer.close()
    expect(world.asked.at(-1)?.request.numWant).toBe(0)
    expect(world.take()).toEqual(['b stopped'])
    await announcer.close()
    expect(world.take()).toEqual([])
    expect(world.clock.pending).toBe(0)
  })

  test('takes no longer than five seconds when the tracker does not answer', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(0)
    world.answers.set('a', 'silence')
    let closed = false
    const closing = announcer.close().finally(() => {
      closed = true
    })
    await world.pass(4.9)
    expect(closed).toBe(false)
    await world.pass(0.1)
    await closing
    expect(world.running).toBe(0)
    expect(world.clock.pending).toBe(0)
  })

  test('ends an announce that is under way', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', 'silence')
    const announcer = world.announcer([['a']])
    const events = recorder(announcer)
    announcer.start()
    await world.pass(0)
    expect(world.running).toBe(1)
    await announcer.close()
    expect(world.running).toBe(0)
    expect(world.take()).toEqual(['a started'])
    expect(events.map(({ type }) => type)).toEqual(['tracker-announcing'])
  })

  test('before the start sends nothing, and what comes after has no effect', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    await announcer.close()
    announcer.start()
    announcer.announce({ force: true })
    announcer.completed()
    announcer.pause()
    announcer.resume()
    await world.pass(3600)
    expect(world.take()).toEqual([])
    expect((await announcer.peers().next()).done).toBe(true)
    expect((await announcer.events().next()).done).toBe(true)
  })

  test('ends the loops over peers and events', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    const events = announcer.events()
    const peer = announcer.peers().next()
    await world.pass(0)
    await announcer.close()
    expect((await peer).done).toBe(true)
    const types: string[] = []
    for await (const event of events) types.push(event.type)
    expect(types).toEqual(['tracker-announcing', 'tracker-reply', 'tracker-announcing', 'tracker-reply'])
  })
})

describe('a pause', () => {
  test('says stopped and then nothing; resume says started', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(1)
    announcer.pause()
    await world.pass(7200)
    expect(world.take()).toEqual(['a started', 'a stopped'])
    expect(announcer.trackers[0]).toMatchObject({ started: false, nextAnnounce: undefined })
    expect(world.clock.pending).toBe(0)
    announcer.resume()
    await world.pass(0)
    expect(world.take()).toEqual(['a started'])
    await announcer.close()
    expect(world.take()).toEqual(['a stopped'])
  })

  test('never lets stopped overtake the next started', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    announcer.start()
    await world.pass(1)
    world.answers.set('a', ({ event }) => (event === 'stopped' ? 'silence' : {}))
    announcer.pause()
    announcer.resume()
    await world.pass(4)
    expect(world.take()).toEqual(['a started', 'a stopped'])
    await world.pass(1)
    expect(world.take()).toEqual(['a started'])
  })
})

describe('candidates', () => {
  test('come as trackers give them; the first pull starts', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', { peers: [candidate(1), candidate(2)], interval: 60_000 })
    const announcer = world.announcer([['a']])
    const loop = announcer.peers()
    const first = loop.next()
    await world.pass(0)
    expect(await first).toEqual({ done: false, value: candidate(1) })
    expect((await loop.next()).value).toEqual(candidate(2))
    const third = loop.next()
    world.answers.set('a', { peers: [candidate(3)] })
    await world.pass(60)
    expect((await third).value).toEqual(candidate(3))
  })

  test('wait for a reader, each address once, the newest 3', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', { peers: [1, 2, 2, 3, 4, 5].map(candidate) })
    const announcer = world.announcer([['a']], { buffer: 3 })
    announcer.start()
    await world.pass(0)
    const loop = announcer.peers()
    const ports: (number | undefined)[] = []
    for (let i = 0; i < 3; i++) ports.push((await loop.next()).value?.address.port)
    expect(ports).toEqual([3, 4, 5])
  })

  test('stop when the signal fires, without an error, and announces go on', async () => {
    const world = new FakeTrackers()
    const announcer = world.announcer([['a']])
    const controller = new AbortController()
    const pull = announcer.peers({ signal: controller.signal }).next()
    await world.pass(0)
    controller.abort()
    expect((await pull).done).toBe(true)
    world.take()
    await world.pass(30 * minutes)
    expect(world.take()).toEqual(['a'])
  })
})

describe('events and status', () => {
  test('tell of every announce what happened and what comes next', async () => {
    const world = new FakeTrackers()
    world.answers.set('a', refusal('TRACKER_FAILURE', { bytesSent: 5, bytesReceived: 6 }))
    world.answers.set('b', {
      warning: 'careful',
      seeders: 1,
      leechers: 2,
      downloaded: 3,
      externalIp: '1.2.3.4',
      peers: [candidate(1)],
    })
    const announcer = world.announcer([['a'], ['b']])
    const events = recorder(announcer)
    announcer.start()
    await world.pass(0)
    expect(events).toEqual([
      { type: 'tracker-announcing', url: urlOf('a'), tier: 0, event: 'started' },
      {
        type: 'tracker-error',
        url: urlOf('a'),
        tier: 0,
        event: 'started',
        error: expect.objectContaining({ code: 'TRACKER_FAILURE' }),
        fails: 1,
        nextAnnounce: expect.any(Number),
        bytesSent: 5,
        bytesReceived: 6,
      },
      { type: 'tracker-announcing', url: urlOf('b'), tier: 1, event: 'started' },
      { type: 'tracker-warning', url: urlOf('b'), tier: 1, message: 'careful' },
      {
        type: 'tracker-reply',
        url: urlOf('b'),
        tier: 1,
        event: 'started',
        peers: 1,
        seeders: 1,
        leechers: 2,
        downloaded: 3,
        interval: 1_800_000,
        nextAnnounce: 1_800_000,
        externalIp: '1.2.3.4',
        bytesSent: 10,
        bytesReceived: 20,
      },
    ])
    await world.pass(60)
    expect(announcer.trackers[1]).toEqual({
      url: urlOf('b'),
      tier: 1,
      state: 'working',
      fails: 0,
      lastError: undefined,
      warning: 'careful',
      seeders: 1,
      leechers: 2,
      downloaded: 3,
      peers: 1,
      nextAnnounce: 1_740_000,
      lastAnnounce: 60_000,
      started: true,
    })
  })
})

describe('a scrape', () => {
  test('asks the trackers in order until one knows the torrent', async () => {
    const world = new FakeTrackers()
    const figures = { seeders: 1, leechers: 2, downloaded: 3 }
    world.scrapes.set('a', refusal())
    world.scrapes.set('c', figures)
    const announcer = world.announcer([['a'], ['b'], ['c']])
    expect(await announcer.scrape()).toEqual(figures)
    expect(announcer.trackers[2]).toMatchObject(figures)
  })

  test('rejects with the last failure, or says that there is nobody to ask', async () => {
    const world = new FakeTrackers()
    world.scrapes.set('a', refusal('TRACKER_TIMEOUT'))
    await expect(world.announcer([['a']]).scrape()).rejects.toMatchObject({ code: 'TRACKER_TIMEOUT' })
    await expect(world.announcer([]).scrape()).rejects.toMatchObject({ code: 'TRACKER_NONE' })
  })
})
