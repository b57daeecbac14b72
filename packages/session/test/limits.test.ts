import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { formatAddress, type PeerAddress } from '@torrential/primitives'
import { createSession, type SessionOptions } from '@torrential/session'
import { MetadataPeer } from './metadata-peer.ts'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

/** Bytes per second that `count` grew over 20 s of virtual time, after 5 s to settle. */
async function rateOf(bench: BenchFolder, count: () => number): Promise<number> {
  await bench.pass(5_000)
  const before = count()
  await bench.pass(20_000)
  return (count() - before) / 20
}

const near = (rate: number, wanted: number) => {
  expect(rate).toBeGreaterThan(wanted * 0.85)
  expect(rate).toBeLessThan(wanted * 1.15)
}

describe('a rate limit', () => {
  test.each([
    ['maxUp of the session', 'up', 'session'],
    ['maxUp of the torrent', 'up', 'torrent'],
    ['maxDown of the session', 'down', 'session'],
    ['maxDown of the torrent', 'down', 'torrent'],
  ] as const)('%s holds, and follows when it is changed', async (_, direction, level) => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 40_000_000 })
    const [seeder, seed] = await bench.seed('one.bin', { pieceLength: 262_144 })
    const leecher = await bench.session()
    const name = direction === 'up' ? 'maxUp' : 'maxDown'
    const session = direction === 'up' ? seeder : leecher
    if (level === 'session') session[name] = 200_000
    const peers = [bench.addressOf(seeder)]
    const options = level === 'torrent' && direction === 'down' ? { maxDown: 200_000 } : {}
    if (level === 'torrent' && direction === 'up') seed.maxUp = 200_000
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers, ...options })
    const limited = level === 'session' ? session : direction === 'up' ? seed : leech
    // The disk takes real time for its check, the clock does not: the measure begins with the first block.
    await bench.passUntil(() => leech.downloaded > 0)
    near(await rateOf(bench, () => leech.downloaded), 200_000)
    limited[name] = 600_000
    expect(limited[name]).toBe(600_000)
    near(await rateOf(bench, () => leech.downloaded), 600_000)
    expect(leech.stats.downRate).toBeGreaterThan(400_000)
    expect(leech.stats.eta).toBeGreaterThan(0)
    limited[name] = Number.POSITIVE_INFINITY
    await bench.passUntil(() => leech.isComplete)
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('of the session is shared by its torrents', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const origin = await bench.write({ 'a.bin': 10_000_000, 'b.bin': 10_000_000 })
    const seeder = await bench.session({ maxUp: 300_000 })
    const leecher = await bench.session()
    const peers = [bench.addressOf(seeder)]
    for (const name of ['a.bin', 'b.bin']) {
      const seed = await seeder.seed(join(origin, name), { pieceLength: 65_536 })
      await seed.done
      await leecher.add(seed.torrentFile, { path: bench.copy(), peers })
    }
    await bench.passUntil(() => leecher.torrents.every(({ downloaded }) => downloaded > 0))
    near(await rateOf(bench, () => leecher.stats.downloaded), 300_000)
    for (const { downloaded } of leecher.torrents) expect(downloaded).toBeGreaterThan(2_000_000)
    expect(leecher.stats).toMatchObject({ torrents: 2, peers: 2 })
  })

  test.each([0, -1, Number.NaN])('of %d is refused', async (rate) => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 1_000 })
    const [session, seed] = await bench.seed('one.bin')
    const refused = expect.objectContaining({ code: 'OPTION_RANGE' }) as unknown as Error
    for (const holder of [session, seed]) {
      expect(() => (holder.maxDown = rate)).toThrow(refused)
      expect(() => (holder.maxUp = rate)).toThrow(refused)
    }
  })
})

describe('places for connections', () => {
  test('a peer that finds none is turned away, and told of', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 2_000_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxConnections: 1, maxUp: 100_000 })
    const blocked = collect(seed.events({ types: ['peer-blocked'] }))
    const peers = [bench.addressOf(seeder)]
    const [first, second] = [await bench.session(), await bench.session()]
    const one = await first.add(seed.torrentFile, { path: bench.copy('one'), peers })
    await bench.passUntil(() => seed.peers.length === 1)
    const two = await second.add(seed.torrentFile, { path: bench.copy('two'), peers })
    await bench.passUntil(() => blocked.length > 0)
    expect(blocked[0]).toMatchObject({ reason: 'limit' })
    expect(two.peers).toHaveLength(0)
    await first.remove(one)
    // It tries again by itself.
    await bench.passUntil(() => two.isComplete)
    expect(seed.peers.length).toBeLessThanOrEqual(1)
  })

  test('a torrent that came late to a full session gets the place of one that leaves', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const origin = await bench.write({ 'a.bin': 1_000_000, 'b.bin': 300_000 })
    const seeder = await bench.session({ maxUp: 50_000 })
    const a = await seeder.seed(join(origin, 'a.bin'), { pieceLength: 16_384 })
    const b = await seeder.seed(join(origin, 'b.bin'), { pieceLength: 16_384 })
    await Promise.all([a.done, b.done])
    const leecher = await bench.session({ maxConnections: 1 })
    const peers = [bench.addressOf(seeder)]
    const first = await leecher.add(a.torrentFile, { path: bench.copy(), peers })
    await bench.passUntil(() => first.peers.length === 1)
    const second = await leecher.add(b.torrentFile, { path: bench.copy(), peers })
    await bench.pass(5_000)
    expect(second.peers).toHaveLength(0)
    await first.stop()
    await bench.pass(1_000)
    expect(second.peers).toHaveLength(1)
    await bench.passUntil(() => second.isComplete)
  })

  test('of one torrent are limited too', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 2_000_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 50_000 })
    const others = [await bench.session(), await bench.session(), await bench.session()]
    for (const [index, other] of others.entries()) {
      await (await other.add(seed.torrentFile, { path: bench.copy(`copy${index}`) })).ready
    }
    const leecher = await bench.session()
    const peers = [seeder, ...others].map((session) => bench.addressOf(session))
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers, maxConnections: 2 })
    await bench.passUntil(() => leech.peers.length === 2)
    await bench.pass(5_000)
    expect(leech.peers).toHaveLength(2)
  })

  test('are not held by peers of no use while others wait', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 2_000_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const empty = [await bench.session(), await bench.session(), await bench.session()]
    for (const [index, session] of empty.entries()) {
      await (await session.add(seed.torrentFile, { path: bench.copy(`copy${index}`) })).ready
    }
    const leecher = await bench.session()
    const peers = [...empty, seeder].map((session) => bench.addressOf(session))
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers, maxConnections: 2 })
    const gone = collect(leech.events({ types: ['peer-disconnected'] }))
    const began = bench.clock.now()
    await bench.passUntil(() => leech.peers.length === 2)
    await bench.pass(25_000)
    expect([leech.peers.length, gone.length]).toEqual([2, 0])
    await bench.passUntil(() => leech.isComplete)
    expect(gone[0]).toMatchObject({ error: { code: 'PEER_USELESS' } })
    expect(bench.clock.now() - began).toBeLessThan(60_000)
  })

  test('are not held by two hundred silent peers for longer than some seconds', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const setup = { infoHash: seed.infoHash, metadata: new Uint8Array(1), speechless: true }
    const silent = await Promise.all(Array.from({ length: 200 }, () => MetadataPeer.start(bench.network, setup)))
    const leecher = await bench.session()
    const peers = [...silent.map(({ address }) => address), bench.addressOf(seeder)]
    const began = bench.clock.now()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers })
    await bench.passUntil(() => leech.isComplete)
    // Two until the first 55 are given up, and less than six for the rest.
    expect(bench.clock.now() - began).toBeLessThan(9_000)
    await leecher.close()
    await Promise.all(silent.map((peer) => peer[Symbol.asyncDispose]()))
  })
})

describe('the peer filter', () => {
  test('keeps an address from being dialed', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const asked: string[] = []
    const peerFilter = (address: PeerAddress) => {
      asked.push(formatAddress(address))
      return false
    }
    const leecher = await bench.session({ peerFilter })
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
    await leech.ready
    const blocked = eventOf(leech, 'peer-blocked')
    leech.addPeer(bench.addressOf(seeder))
    expect(await blocked).toMatchObject({ reason: 'filter', torrent: leech })
    expect(asked).toEqual([bench.addressOf(seeder)])
    await bench.settle()
    expect([leech.peers.length, seed.peers.length]).toEqual([0, 0])
  })

  test('keeps an address from connecting', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin', { peerFilter: () => false })
    const blocked = collect(seeder.events({ types: ['peer-blocked'] }))
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
    const failed = eventOf(leech, 'peer-failed')
    leech.addPeer(bench.addressOf(seeder))
    await failed
    expect(blocked).toMatchObject([{ reason: 'filter', torrent: undefined }])
    expect(seed.peers).toHaveLength(0)
  })
})

describe('listening', () => {
  test('takes the first free port of the list, and says so when none is', async () => {
    const busy = createServer()
    await new Promise<void>((done) => busy.listen(0, '127.0.0.1', done))
    const { port } = busy.address() as AddressInfo
    try {
      const host = '127.0.0.1'
      await using session = await createSession({ host, port: [port, 0] })
      expect(session.port).not.toBe(port)
      expect(session.addresses).toMatchObject([{ host, port: session.port, family: 4 }])
      await expect(createSession({ host, port })).rejects.toMatchObject({ name: 'InputError', code: 'LISTEN_IN_USE' })
      await expect(createSession({ host, port: [port, session.port] })).rejects.toMatchObject({ code: 'LISTEN_IN_USE' })
    } finally {
      await new Promise((done) => busy.close(done))
    }
  })

  test('can be left out: others are reached all the same', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session({ listen: false })
    expect([leecher.port, leecher.addresses]).toEqual([0, []])
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await leech.done
  })

  test.each([
    [{ port: [] }, 'OPTION_RANGE'],
    [{ port: 65_536 }, 'ADDRESS_PORT'],
    [{ host: 'example.org' }, 'ADDRESS_HOST'],
    [{ maxConnections: 0 }, 'OPTION_RANGE'],
    [{ maxTorrentConnections: -1 }, 'OPTION_RANGE'],
    [{ maxDown: 0 }, 'OPTION_RANGE'],
    [{ maxUp: Number.NaN }, 'OPTION_RANGE'],
    [{ unwrittenBytes: 100 }, 'OPTION_RANGE'],
    [{ readCache: 0.5 }, 'OPTION_RANGE'],
    [{ maxOpenFiles: 0 }, 'OPTION_RANGE'],
  ] as [SessionOptions, string][])('%o is refused as %s', async (options, code) => {
    await expect(createSession(options)).rejects.toMatchObject({ name: 'InputError', code })
  })
})
