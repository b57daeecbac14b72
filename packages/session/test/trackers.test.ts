import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createSession } from '@torrential/session'
import { createTrackerServer } from '@torrential/tracker/server'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

describe.each(['http', 'udp'] as const)('a tracker over %s', (scheme) => {
  test('brings peers together, and hears of start, completion and end', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 300_000 })
    await using tracker = await createTrackerServer({ host: '127.0.0.1' })
    const announces = collect(tracker.events({ types: ['announce'] }))
    const url = tracker.urls.find((candidate) => candidate.startsWith(scheme)) as string
    await using seeder = await createSession({ port: 0, host: '127.0.0.1' })
    const seed = await seeder.seed(join(origin, 'one.bin'), { pieceLength: 16_384, trackers: [[url]], version: 'v1' })
    await eventOf(seed, 'tracker-reply')
    await using leecher = await createSession({ port: 0, host: '127.0.0.1' })
    const announcing = collect(leecher.events({ types: ['tracker-announcing'] }))
    const replies = collect(leecher.events({ types: ['tracker-reply'] }))
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
    await leech.done
    expect(await bench.isCopied(leech)).toBe(true)
    await bench.settleUntil(() => replies.length === 2)
    const both = [
      { url, tier: 0, event: 'started', torrent: leech },
      { url, tier: 0, event: 'completed', torrent: leech },
    ]
    expect(announcing).toMatchObject(both)
    expect(replies).toMatchObject(both)
    expect(leech.trackers).toMatchObject([{ url, tier: 0 }])
    await leech.stop()
    await leech.start()
    // Of the stop and of the start after it: who was not answered yet is told of no end.
    await bench.settleUntil(() => replies.length === 4)
    await seeder.close()
    await leecher.close()
    await bench.settle()
    const told = announces.map((announce) => ('event' in announce ? announce.event : undefined))
    expect(told.filter((event) => event === 'started')).toHaveLength(3)
    expect(told.filter((event) => event === 'completed')).toHaveLength(1)
    expect(told.filter((event) => event === 'stopped')).toHaveLength(3)
    expect(tracker.stats).toMatchObject({ seeders: 0, leechers: 0 })
  })
})

describe('trackers', () => {
  test('of this machine are asked for announces only, unless the session allows more', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 1_000 })
    const asked: string[] = []
    const server = createServer((request, answer) => {
      asked.push(request.url?.split('?')[0] ?? '')
      answer.end('d8:intervali1800e5:peers0:e')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const trackers = [[`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/reboot`]]
    await using careful = await createSession({ port: 0, host: '127.0.0.1' })
    const seed = await careful.seed(join(origin, 'one.bin'), { trackers, version: 'v1' })
    expect((await eventOf(seed, 'tracker-error')).error).toMatchObject({ code: 'TRACKER_BLOCKED' })
    expect(asked).toEqual([])
    await using trusting = await createSession({ port: 0, host: '127.0.0.1', trackerGuard: false })
    const other = await trusting.add(seed.torrentFile, { path: origin })
    await eventOf(other, 'tracker-reply')
    expect(asked).toEqual(['/api/reboot'])
    await trusting.close()
    server.close()
  })

  test('are left alone when the torrent, or the session, is told so', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'a.bin': 1_000, 'b.bin': 2_000 })
    await using tracker = await createTrackerServer({ host: '127.0.0.1' })
    const trackers = [[tracker.urls[0] as string]]
    await using silent = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
    // A hybrid one is announced twice.
    const a = await silent.seed(join(origin, 'a.bin'), { trackers, version: 'v1' })
    const b = await silent.seed(join(origin, 'b.bin'), { trackers, version: 'v1' })
    await Promise.all([a.done, b.done])
    await using other = await createSession({ port: 0, host: '127.0.0.1' })
    const quiet = await other.add(a.torrentFile, { path: origin, trackers: false })
    const loud = await other.add(b.torrentFile, { path: origin })
    await eventOf(loud, 'tracker-reply')
    expect([a.trackers, b.trackers, quiet.trackers]).toEqual([[], [], []])
    expect(tracker.stats.announces).toEqual({ http: 1, udp: 0 })
  })

  test('of the user are announced to besides those of the torrent; failures are told and the next tier is asked', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 1_000 })
    await using tracker = await createTrackerServer({ host: '127.0.0.1' })
    await using session = await createSession({ port: 0, host: '127.0.0.1' })
    const dead = 'http://127.0.0.1:1/announce'
    const seed = await session.seed(join(origin, 'one.bin'), { trackers: [[dead]] })
    await session.remove(seed)
    const extra = [[tracker.urls[0] as string]]
    const torrent = await session.add(seed.torrentFile, { path: origin, trackers: extra })
    const failed = eventOf(torrent, 'tracker-error')
    const replied = eventOf(torrent, 'tracker-reply')
    expect(await failed).toMatchObject({ url: dead, tier: 0, fails: 1 })
    expect(await replied).toMatchObject({ url: extra[0]?.[0], tier: 1 })
    expect(seed.torrentFile).toEqual(torrent.torrentFile)
  })

  test('can be added later, and are remembered by a torrent that is stopped', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 1_000 })
    await using tracker = await createTrackerServer({ host: '127.0.0.1' })
    await using session = await createSession({ port: 0, host: '127.0.0.1' })
    const seed = await session.seed(join(origin, 'one.bin'), { version: 'v1' })
    await seed.done
    const replied = eventOf(seed, 'tracker-reply')
    seed.addTracker(tracker.urls[0] as string, 7)
    await replied
    await seed.stop()
    seed.addTracker('http://127.0.0.1:1/announce', 0)
    seed.addTracker('http://127.0.0.1:1/announce', 0)
    await seed.start()
    expect(seed.trackers.map(({ url }) => url).toSorted()).toEqual(
      ['http://127.0.0.1:1/announce', tracker.urls[0] as string].toSorted(),
    )
  })

  test('of a hybrid torrent are listed for each of its two swarms', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 1_000 })
    await using tracker = await createTrackerServer({ host: '127.0.0.1' })
    await using session = await createSession({ port: 0, host: '127.0.0.1' })
    const trackers = [[tracker.urls[0] as string]]
    const [hybrid, v1] = await Promise.all(
      (['hybrid', 'v1'] as const).map((version) => session.seed(join(origin, 'one.bin'), { version, trackers })),
    )
    await Promise.all([hybrid?.done, v1?.done])
    const v2 = hybrid?.infoHashV2 as string
    expect(hybrid?.trackers.map(({ url, infoHash }) => ({ url, infoHash }))).toEqual([
      { url: trackers[0]?.[0], infoHash: hybrid?.infoHashV1 },
      { url: trackers[0]?.[0], infoHash: v2.slice(0, 40) },
    ])
    expect(v1?.trackers.map(({ infoHash }) => infoHash)).toEqual([v1?.infoHashV1])
  })

  test('that are no trackers are refused', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 1_000 })
    const [, seed] = await bench.seed('one.bin')
    const session = await bench.session()
    const refused = { name: 'InputError', code: 'TRACKER_URL' }
    expect(() => seed.addTracker('ftp://example.org')).toThrow(expect.objectContaining(refused) as unknown as Error)
    const adding = session.add(seed.torrentFile, { path: bench.copy(), trackers: [['nonsense']] })
    await expect(adding).rejects.toMatchObject(refused)
    expect(session.torrents).toEqual([])
  })
})
