// A torrent that has everything and that nobody asks for anything rests: it has no engine, no storage, no connections. What it
// is goes on being told, and whoever needs it gets it at once.

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { type AddOptions, createSession, type Session, type Torrent } from '@torrential/session'
import { createTrackerServer } from '@torrential/tracker/server'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

const tree = { 'tree/a.bin': 100_000, 'tree/b.bin': 50_000 }
const minute = 60_000

interface Scene extends AsyncDisposable {
  readonly bench: BenchFolder
  readonly torrentFile: Uint8Array
  /** Adds it with what an earlier session remembered. */
  again(options?: AddOptions): Promise<{ session: Session; torrent: Torrent }>
}

/** What a session remembers that has seeded `origin/tree`. */
async function setScene(options: { readonly virtual?: boolean } = {}): Promise<Scene> {
  const bench = await BenchFolder.create(options)
  await bench.write(tree)
  const state = bench.copy('state')
  const [first, seed] = await bench.seed('tree', { state })
  const { torrentFile } = seed
  await first.close()
  return {
    bench,
    torrentFile,
    async again(how = {}) {
      const session = await bench.session({ state })
      const torrent = await session.add(torrentFile, { path: join(bench.path, 'origin'), ...how })
      await torrent.ready
      return { session, torrent }
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  }
}

async function copied(scene: Scene, from: Session, name = 'copy'): Promise<Torrent> {
  const { bench, torrentFile } = scene
  const leecher = await bench.session()
  const copy = await leecher.add(torrentFile, { path: bench.copy(name), peers: [bench.addressOf(from)] })
  await copy.done
  expect(await bench.isCopied(copy, bench.copy(name))).toBe(true)
  return copy
}

describe('a torrent that is complete, as an earlier session left it', () => {
  test('rests from the start, and tells everything all the same', async () => {
    await using scene = await setScene()
    const { torrent, session } = await scene.again()
    await torrent.done
    expect(torrent.isResting).toBe(true)
    expect(torrent).toMatchObject({ status: 'seeding', isComplete: true, progress: 1, peers: [], trackers: [] })
    expect(torrent.stats).toMatchObject({ have: 10, of: 10, wanted: 10, bytesLeft: 0, bytesWanted: 150_000, peers: 0 })
    expect(torrent.bitfield.isComplete).toBe(true)
    const facts = torrent.files.map(({ path, progress, isComplete, priority }) => [
      path,
      progress,
      isComplete,
      priority,
    ])
    expect(facts).toEqual([
      ['tree/a.bin', 1, true, 4],
      ['tree/b.bin', 1, true, 4],
    ])
    expect(session.stats).toMatchObject({ torrents: 1, peers: 0 })
    torrent.announce()
    torrent.maxUp = 1_000_000
    torrent.setSequential(true)
    expect(torrent.maxUp).toBe(1_000_000)
    expect(torrent.isResting).toBe(true)
  })

  test('tells of its start as any other', async () => {
    await using scene = await setScene()
    const session = await scene.bench.session({ state: scene.bench.copy('state') })
    const events = collect(session.events())
    const torrent = await session.add(scene.torrentFile, { path: join(scene.bench.path, 'origin') })
    await torrent.done
    await scene.bench.settle()
    expect(torrent.isResting).toBe(true)
    const told = events.map(({ type }) => type)
    expect(told).toEqual(['torrent-added', 'checking', 'ready', 'started', 'done'])
    expect(events[1]).toMatchObject({ done: 10, of: 10, have: 10 })
    expect(events[2]).toMatchObject({ have: 10, of: 10 })
  })

  test('serves the first peer that comes, with its limits, and counts', async () => {
    await using scene = await setScene()
    const { session, torrent } = await scene.again({ maxUp: 50_000_000 })
    torrent.maxUp = 40_000_000
    expect(torrent.isResting).toBe(true)
    await copied(scene, session)
    expect(torrent.isResting).toBe(false)
    expect(torrent).toMatchObject({ uploaded: 150_000, maxUp: 40_000_000 })
  })

  test('serves a peer that it dials', async () => {
    await using scene = await setScene()
    const { bench, torrentFile } = scene
    const leecher = await bench.session()
    const copy = await leecher.add(torrentFile, { path: bench.copy() })
    await copy.ready
    const { torrent } = await scene.again()
    torrent.addPeer(bench.addressOf(leecher))
    await copy.done
    expect(torrent.uploaded).toBe(150_000)
  })

  test('announces as a seed, and is found by its tracker', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 100_000 })
    await using tracker = await createTrackerServer({ host: '127.0.0.1' })
    const announces = collect(tracker.events({ types: ['announce'] }))
    const options = { port: 0, host: '127.0.0.1', state: bench.copy('state') }
    const first = await createSession({ ...options, trackers: false })
    const trackers = [[tracker.urls[0] as string]]
    const { torrentFile, done } = await first.seed(join(origin, 'one.bin'), { trackers, version: 'v1' })
    await done
    await first.close()
    await using session = await createSession(options)
    const [torrent] = (await session.restore()) as [Torrent]
    await eventOf(torrent, 'tracker-reply')
    expect(torrent).toMatchObject({ isResting: true, status: 'seeding', trackers: [{ tier: 0 }] })
    expect(announces).toMatchObject([{ event: 'started', seed: true }])
    await using leecher = await createSession({ port: 0, host: '127.0.0.1' })
    const copy = await leecher.add(torrentFile, { path: bench.copy() })
    await copy.done
    expect(torrent).toMatchObject({ isResting: false, uploaded: 100_000 })
  })

  test('is there for whoever reads', async () => {
    await using scene = await setScene()
    const { torrent } = await scene.again()
    const [a] = torrent.files
    expect(torrent.isResting).toBe(true)
    expect(Buffer.from((await a?.bytes()) ?? [])).toEqual(await readFile(join(scene.bench.path, 'origin/tree/a.bin')))
    expect(torrent.isResting).toBe(false)
    // The same objects as before.
    expect(torrent.files[0]).toBe(a)
  })

  test('stops and starts at rest, and is served to nobody in between', async () => {
    await using scene = await setScene()
    const { session, torrent } = await scene.again({ start: false })
    expect(torrent).toMatchObject({ status: 'stopped', isResting: true })
    const { bench, torrentFile } = scene
    const leecher = await bench.session()
    const copy = await leecher.add(torrentFile, { path: bench.copy() })
    await copy.ready
    const refused = collect(session.events({ types: ['inbound-refused'] }))
    const failed = eventOf(copy, 'peer-failed')
    copy.addPeer(bench.addressOf(session))
    expect((await failed).error.code).toBe('CONNECTION_CLOSED')
    expect(refused).toMatchObject([{ reason: 'TORRENT_STOPPED' }])
    expect(torrent.isResting).toBe(true)
    await torrent.start()
    expect(torrent).toMatchObject({ status: 'seeding', isResting: true })
    await torrent.stop()
    expect(torrent).toMatchObject({ status: 'stopped', isResting: true })
  })

  test('gives nothing while it is paused, whoever woke it', async () => {
    await using scene = await setScene({ virtual: true })
    const { session, torrent } = await scene.again()
    torrent.pause()
    const { bench, torrentFile } = scene
    const leecher = await bench.session()
    const copy = await leecher.add(torrentFile, { path: bench.copy(), peers: [bench.addressOf(session)] })
    await bench.passUntil(() => torrent.peers.length === 1)
    await bench.pass(5_000)
    expect(torrent).toMatchObject({ status: 'paused', isResting: false, uploaded: 0 })
    torrent.resume()
    await bench.passUntil(() => copy.isComplete)
    expect(torrent.uploaded).toBe(150_000)
  })

  test('is checked and moved', async () => {
    await using scene = await setScene()
    const { bench } = scene
    const { torrent } = await scene.again()
    await torrent.move(bench.copy('elsewhere'))
    expect(torrent.path).toBe(bench.copy('elsewhere'))
    expect(await bench.isCopied(torrent, bench.copy('origin')).catch(() => false)).toBe(false)
    await torrent.check()
    expect(torrent.isComplete).toBe(true)
    await rm(join(bench.copy('elsewhere'), 'tree/b.bin'))
    await torrent.check()
    expect(torrent.isComplete).toBe(false)
  })

  test('is closed at rest: record and entry are as they were but for what was set', async () => {
    await using scene = await setScene()
    const { bench } = scene
    const { session, torrent } = await scene.again()
    const record = join(bench.copy('state'), `${torrent.infoHash}.resume`)
    const before = await readFile(record)
    torrent.maxUp = 1_000
    await session.close()
    expect(torrent).toMatchObject({ status: 'closed', isResting: true })
    expect(await readFile(record)).toEqual(before)
    const next = await bench.session({ state: bench.copy('state') })
    const [again] = await next.restore()
    await again?.ready
    expect(again).toMatchObject({ maxUp: 1_000, isResting: true, isComplete: true })
  })

  test('is closed while somebody wakes it', async () => {
    await using scene = await setScene()
    const { session, torrent } = await scene.again()
    const reading = torrent.files[0]?.bytes()
    const outcome = reading?.then(
      () => 'read',
      () => 'failed',
    )
    await session.close()
    expect(['read', 'failed']).toContain(await outcome)
    await expect(torrent.files[1]?.bytes()).rejects.toThrow()
    await expect(torrent.check()).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
  })

  test('is removed with its files', async () => {
    await using scene = await setScene()
    const { session, torrent } = await scene.again()
    expect(torrent.isResting).toBe(true)
    await session.remove(torrent, { deleteFiles: true })
    expect(await readdir(join(scene.bench.path, 'origin'))).toEqual([])
    expect(await readdir(scene.bench.copy('state'))).toEqual(['lock'])
  })

  test('does not rest where files were selected or have other priorities', async () => {
    await using scene = await setScene()
    const { session, torrent } = await scene.again({ select: () => true })
    expect(torrent.isResting).toBe(false)
    const [a] = torrent.files
    if (a !== undefined) a.priority = 7
    await session.close()
    const next = await scene.bench.session({ state: scene.bench.copy('state') })
    const [again] = await next.restore()
    await again?.ready
    expect(again?.files.map(({ priority }) => priority)).toEqual([7, 4])
  })
})

describe('a torrent that has become complete', () => {
  test('rests a minute after the last peer left, and is there for the next', async () => {
    await using scene = await setScene({ virtual: true })
    const { bench } = scene
    const { session, torrent } = await scene.again()
    const leecher = await bench.session()
    const copy = await leecher.add(scene.torrentFile, { path: bench.copy(), peers: [bench.addressOf(session)] })
    await bench.passUntil(() => copy.isComplete)
    await leecher.close()
    await bench.passUntil(() => torrent.peers.length === 0)
    await bench.pass(minute / 2)
    expect(torrent.isResting).toBe(false)
    await bench.pass(minute)
    await bench.settleUntil(() => torrent.isResting)
    expect(torrent).toMatchObject({ status: 'seeding', uploaded: 150_000, progress: 1 })
    const other = await bench.session()
    const second = await other.add(scene.torrentFile, { path: bench.copy('second'), peers: [bench.addressOf(session)] })
    await bench.passUntil(() => second.isComplete)
    expect(torrent.uploaded).toBe(300_000)
    // Without time: it would give up before the disk is done.
    await session.close()
    const { torrent: later } = await scene.again()
    expect(later.uploaded).toBe(300_000)
  })

  test('does not while somebody is connected', async () => {
    await using scene = await setScene({ virtual: true })
    const { bench } = scene
    const { session, torrent } = await scene.again()
    const leecher = await bench.session()
    const copy = await leecher.add(scene.torrentFile, { path: bench.copy(), peers: [bench.addressOf(session)] })
    copy.pause()
    await bench.passUntil(() => torrent.peers.length === 1)
    await bench.pass(5 * minute)
    expect(torrent).toMatchObject({ isResting: false, peers: [expect.anything()] })
    await copy.stop()
    await bench.passUntil(() => torrent.peers.length === 0)
    await bench.pass(2 * minute)
    await bench.settleUntil(() => torrent.isResting)
  })

  test('rests under the names that its files were given, and in the folder where they are', async () => {
    await using scene = await setScene({ virtual: true })
    const { bench } = scene
    const { session, torrent } = await scene.again()
    await torrent.move(bench.copy('elsewhere'))
    await torrent.files[1]?.rename('tree/c.bin')
    await bench.pass(2 * minute)
    await bench.settleUntil(() => torrent.isResting)
    expect(torrent.path).toBe(bench.copy('elsewhere'))
    expect(torrent.files.map(({ path }) => path)).toEqual(['tree/a.bin', 'tree/c.bin'])
    const leecher = await bench.session()
    const copy = await leecher.add(scene.torrentFile, { path: bench.copy(), peers: [bench.addressOf(session)] })
    await bench.passUntil(() => copy.isComplete)
    expect(torrent.error).toBeUndefined()
  })
})
