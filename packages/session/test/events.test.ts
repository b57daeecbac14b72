import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createSession, type SessionEvent } from '@torrential/session'
import { createTrackerServer } from '@torrential/tracker/server'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

describe('a loop over events', () => {
  test('sees the life of a download in order and ends when the torrent is closed', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'tree/a.bin': 100_000, 'tree/b.bin': 100 })
    const [seeder, seed] = await bench.seed('tree')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const types: string[] = []
    let pieces = 0
    for await (const event of leech.events()) {
      if (event.type !== 'lagged') expect(event.torrent).toBe(leech)
      if (event.type === 'piece') {
        pieces++
        expect(event).toMatchObject({ have: pieces, of: 7 })
      }
      if (types.at(-1) !== event.type) types.push(event.type)
      if (event.type === 'done') void leecher.close()
    }
    expect(pieces).toBe(7)
    expect(types.slice(0, 4)).toEqual(['checking', 'ready', 'started', 'peer-connected'])
    expect(types).toContain('file-complete')
    expect(types.indexOf('done')).toBeGreaterThan(types.lastIndexOf('file-complete'))
    expect(types.at(-1)).toBe('closed')
  })

  test('can be left with break, and gets only the types that it named', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 200_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const seen: string[] = []
    for await (const event of leech.events({ types: ['ready', 'done'] })) {
      seen.push(event.type)
      if (event.type === 'done') break
    }
    expect(seen).toEqual(['ready', 'done'])
  })

  test('ends without an error when its signal fires, and begins to listen when it is made', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 200_000 })
    const [, seed] = await bench.seed('one.bin')
    const abort = new AbortController()
    const events = seed.events({ signal: abort.signal, types: ['paused'] })
    seed.pause()
    for await (const event of events) {
      expect(event.type).toBe('paused')
      abort.abort()
    }
    expect(abort.signal.aborted).toBe(true)
  })

  test('that is too slow is told how much it missed, and still gets what must not be missed', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 900_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const events = leech.events({ types: ['piece', 'done'], ring: 5 })
    await leech.done
    await leecher.close()
    let [dropped, pieces, done] = [0, 0, 0]
    for await (const event of events) {
      if (event.type === 'lagged') dropped += event.dropped
      else if (event.type === 'piece') pieces++
      else done++
    }
    expect(dropped).toBeGreaterThan(40)
    expect(dropped + pieces).toBe(leech.pieceCount)
    expect(done).toBe(1)
  })

  test('tells on each side whose doing a choke and an interest is', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 200_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const atSeed = collect(seed.events({ types: ['peer-state'] }))
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const atLeech = collect(leech.events({ types: ['peer-state'] }))
    await leech.done
    expect(atSeed).toContainEqual(expect.objectContaining({ change: 'interested', by: 'peer' }))
    expect(atSeed).toContainEqual(expect.objectContaining({ change: 'unchoked', by: 'us' }))
    expect(atLeech).toContainEqual(expect.objectContaining({ change: 'unchoked', by: 'peer' }))
  })

  test('over the session sees what all its torrents tell', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'a.bin': 50_000, 'b.bin': 50_000 })
    const session = await bench.session()
    const events = collect(session.events({ types: ['torrent-added', 'ready', 'done', 'closed', 'torrent-removed'] }))
    const a = await session.seed(join(origin, 'a.bin'))
    await a.done
    const b = await session.seed(join(origin, 'b.bin'))
    await b.done
    await session.remove(a)
    await session.close()
    const told = events.map((event) => [event.type, 'torrent' in event && event.torrent === a ? 'a' : 'b'].join(' '))
    expect(told).toEqual([
      'torrent-added a',
      'ready a',
      'done a',
      'torrent-added b',
      'ready b',
      'done b',
      'closed a',
      'torrent-removed a',
      'closed b',
    ])
  })
})

describe('opt-in events', () => {
  test('come only to those who name them', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 200_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const all = collect(leecher.events())
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const messages = collect(leech.events({ types: ['message'] }))
    const bytes = collect(leech.events({ types: ['peer-bytes'] }))
    await leech.done
    await bench.settle()
    const opted = ['message', 'peer-bytes', 'file-opened', 'file-closed', 'file-read', 'file-written']
    expect(all.filter(({ type }) => opted.includes(type))).toEqual([])
    const kinds = messages.map((event) => (event.type === 'message' ? `${event.direction} ${event.message.type}` : ''))
    expect(kinds).toEqual(
      expect.arrayContaining(['in unchoke', 'out interested', 'out request', 'in piece', 'out have']),
    )
    expect(kinds.filter((kind) => kind === 'in piece')).toHaveLength(13)
    const sum = (direction: string) =>
      bytes.reduce((total, event) => {
        return total + (event.type === 'peer-bytes' && event.direction === direction ? event.bytes : 0)
      }, 0)
    expect(sum('in')).toBeGreaterThan(200_000 + 13 * 13)
    expect(sum('in')).toBeLessThan(202_000)
    // 13 requests of 17 bytes, and a little more.
    expect(sum('out')).toBeGreaterThan(13 * 17)
    expect(sum('out')).toBeLessThan(2_000)
  })

  test.each([false, true])(
    'blocks that a seed sends in a row are told one by one to who wants each message: %s',
    async (isWanted) => {
      await using bench = await BenchFolder.create()
      await bench.write({ 'one.bin': 2_000_000 })
      const [seeder, seed] = await bench.seed('one.bin', { pieceLength: 1_048_576 })
      const leecher = await bench.session()
      const messages = isWanted ? collect(seed.events({ types: ['message'] })) : []
      const bytes = collect(seed.events({ types: ['peer-bytes'] }))
      const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
      await leech.done
      await bench.settle()
      expect(await bench.isCopied(leech)).toBe(true)
      const out = messages.flatMap((event) =>
        event.type === 'message' && event.direction === 'out' ? [event.message] : [],
      )
      expect(out.filter(({ type }) => type === 'piece')).toHaveLength(isWanted ? 123 : 0)
      const told = bytes.flatMap((event) =>
        event.type === 'peer-bytes' && event.direction === 'out' ? [event.bytes] : [],
      )
      const sum = told.reduce((total, each) => total + each, 0)
      expect(sum).toBeGreaterThan(2_000_000 + 123 * 13)
      expect(sum).toBeLessThan(2_010_000)
      // A row is told of at once.
      expect(told.length > 100).toBe(isWanted)
      expect(seed.stats.uploaded).toBe(2_000_000)
    },
  )
})

/** Net::BitTorrent's 21 events and what is told here instead. */
const mapping: readonly (readonly [string, (event: SessionEvent) => boolean])[] = [
  ['ip_filter', ({ type }) => type === 'peer-blocked'],
  ['incoming_packet', (event) => event.type === 'message' && event.direction === 'in'],
  ['outgoing_packet', (event) => event.type === 'message' && event.direction === 'out'],
  ['peer_connect', ({ type }) => type === 'peer-connected'],
  ['peer_disconnect', (event) => event.type === 'peer-disconnected' && /^[A-Z_]+$/.test(event.reason)],
  ['peer_read', (event) => event.type === 'peer-bytes' && event.direction === 'in' && event.bytes > 0],
  ['peer_write', (event) => event.type === 'peer-bytes' && event.direction === 'out' && event.bytes > 0],
  ['tracker_connect', ({ type }) => type === 'tracker-announcing'],
  ['tracker_disconnect', ({ type }) => type === 'tracker-reply'],
  ['tracker_read', (event) => event.type === 'tracker-reply' && event.bytesReceived > 0],
  ['tracker_write', (event) => event.type === 'tracker-reply' && event.bytesSent > 0],
  ['tracker_success', (event) => event.type === 'tracker-reply' && event.peers >= 0],
  ['tracker_failure', (event) => event.type === 'tracker-error' && event.error.code.length > 0],
  ['piece_hash_pass', ({ type }) => type === 'piece'],
  ['piece_hash_fail', ({ type }) => type === 'piece-failed'],
  ['file_open', ({ type }) => type === 'file-opened'],
  ['file_close', ({ type }) => type === 'file-closed'],
  ['file_read', (event) => event.type === 'file-read' && event.bytes > 0],
  ['file_write', (event) => event.type === 'file-written' && event.bytes > 0],
  ['file_error', (event) => event.type === 'error' && event.error.data.path !== undefined],
  ['events of a torrent go up to the client', (event) => 'torrent' in event && event.torrent !== undefined],
]

const every = [
  'peer-blocked',
  'message',
  'peer-connected',
  'peer-disconnected',
  'peer-bytes',
  'tracker-announcing',
  'tracker-reply',
  'tracker-error',
  'piece',
  'piece-failed',
  'file-opened',
  'file-closed',
  'file-read',
  'file-written',
  'error',
] as const

describe("Net::BitTorrent's events", () => {
  test('each have one here that really comes', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'good.bin': 200_000, 'bad.bin': 100_000 })
    await using tracker = await createTrackerServer({ host: '127.0.0.1' })
    const trackers = [['http://127.0.0.1:1/announce'], [tracker.urls[0] as string]]
    await using seeder = await createSession({ port: 0, host: '127.0.0.1', readCache: 1 })
    const good = await seeder.seed(join(origin, 'good.bin'), { pieceLength: 16_384, trackers })
    const bad = await seeder.seed(join(origin, 'bad.bin'), { pieceLength: 16_384 })
    await Promise.all([good.done, bad.done])
    // A seed that lies: what it has on disk is changed behind its back.
    await writeFile(join(origin, 'bad.bin'), Buffer.alloc(100_000))

    const peerFilter = ({ port }: { port: number }) => port !== 9
    await using leecher = await createSession({ port: 0, host: '127.0.0.1', peerFilter, readCache: 1 })
    const events = collect(leecher.events({ types: every, ring: 100_000 }))
    const peers = [`127.0.0.1:${seeder.port}`]
    const wrong = await leecher.add(bad.torrentFile, { path: bench.copy('bad'), peers })
    await eventOf(wrong, 'piece-failed')
    await leecher.remove(wrong)
    const leech = await leecher.add(good.torrentFile, { path: bench.copy(), peers: [...peers, '127.0.0.1:9'] })
    const announced = eventOf(leech, 'tracker-reply')
    await leech.done
    await announced
    await leech.files[0]!.bytes()
    const failed = eventOf(leech, 'error')
    await writeFile(join(bench.copy(), 'good.bin'), 'short')
    await expect(leech.files[0]!.bytes()).rejects.toMatchObject({ code: 'SHORT_READ' })
    await failed
    await leecher.close()
    await bench.settle()
    const silent = mapping.filter(([, is]) => !events.some((event) => event.type !== 'lagged' && is(event)))
    expect(silent.map(([name]) => name)).toEqual([])
    expect(mapping).toHaveLength(21)
  })
})
