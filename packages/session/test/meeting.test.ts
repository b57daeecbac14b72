import { describe, expect, test } from '@jest/globals'
import { peerIdFrom } from '@torrential/primitives'
import type { Session, Torrent } from '@torrential/session'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

const peerId = (letter: string) => peerIdFrom(new TextEncoder().encode(`-XX0000-${letter.repeat(12)}`))

describe('two peers', () => {
  test('that dial each other in the same moment end with one connection, whoever has the lower peer id', async () => {
    for (const [one, two] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      await using bench = await BenchFolder.create({ virtual: true })
      await bench.write({ 'one.bin': 500_000 })
      const seeder = await bench.session({ peerId: peerId(one), maxUp: 20_000 })
      const seed = await seeder.seed(`${bench.path}/origin/one.bin`, { pieceLength: 16_384 })
      const leecher = await bench.session({ peerId: peerId(two) })
      const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
      await Promise.all([seed.done, leech.ready])
      leech.addPeer(bench.addressOf(seeder))
      seed.addPeer(bench.addressOf(leecher))
      await bench.pass(500)
      expect([seed.peers.length, leech.peers.length]).toEqual([1, 1])
      expect(seed.peers[0]!.incoming).toBe(!leech.peers[0]!.incoming)
      const { downloaded } = leech
      await bench.pass(5_000)
      expect([seed.peers.length, leech.peers.length]).toEqual([1, 1])
      expect(leech.downloaded).toBeGreaterThan(downloaded)
    }
  })

  test('that know each other under two addresses stay with one connection, and use the other when it ends', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 500_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 5_000 })
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
    await leech.ready
    seed.addPeer(bench.addressOf(leecher))
    await bench.passUntil(() => leech.peers.length === 1)
    const [peer] = leech.peers
    expect(peer).toMatchObject({ incoming: true, via: 'memory' })
    const failed = collect(leech.events({ types: ['peer-failed'] }))
    leech.addPeer(bench.addressOf(seeder))
    await bench.pass(20_000)
    expect(leech.peers).toEqual([peer])
    expect(failed).toEqual([])
    peer!.disconnect()
    await bench.passUntil(() => leech.peers.length === 1)
    expect(leech.peers[0]).not.toBe(peer)
  })

  test('that are one and the same part at once', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const failed = eventOf(seed, 'peer-failed')
    const refused = collect(seeder.events({ types: ['inbound-refused'] }))
    seed.addPeer(bench.addressOf(seeder))
    expect((await failed).error.code).toBe('PEER_SELF')
    await bench.settle()
    expect(refused).toMatchObject([{ reason: 'PEER_SELF' }])
    expect(seed.peers).toHaveLength(0)
  })

  test('of which one does not know the torrent', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [, seed] = await bench.seed('one.bin')
    const stranger = await bench.session()
    const refused = collect(stranger.events({ types: ['inbound-refused'] }))
    const failed = eventOf(seed, 'peer-failed')
    seed.addPeer(bench.addressOf(stranger))
    expect((await failed).error.code).toMatch(/^(HANDSHAKE|CONNECTION)_/)
    await bench.settle()
    expect(refused).toMatchObject([{ reason: 'HANDSHAKE_UNKNOWN_TORRENT' }])
  })
})

describe('a torrent that looks at its disk', () => {
  test('answers who dials it as soon as it knows what is there', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const origin = await bench.write({ 'one.bin': 8_000_000 })
    const [, made] = await bench.seed('one.bin')
    const seeder = await bench.session()
    const leecher = await bench.session()
    const leech = await leecher.add(made.torrentFile, { path: bench.copy() })
    await leech.ready
    const lost = collect(leech.events({ types: ['peer-disconnected'] }))
    const seed = await seeder.add(made.torrentFile, { path: origin, check: 'full' })
    leech.addPeer(bench.addressOf(seeder))
    expect(seed.status).toBe('checking')
    // Time stands still: whoever is sent away comes back later, if at all.
    await bench.settleUntil(() => leech.isComplete || lost.length > 0)
    expect([leech.isComplete, lost.filter((event) => !('reason' in event) || event.reason !== 'SEED_TO_SEED')]).toEqual(
      [true, []],
    )
    expect(await bench.isCopied(leech)).toBe(true)
  })
})

describe('a connected peer', () => {
  async function connected(bench: BenchFolder): Promise<{ leech: Torrent; seed: Torrent; seeder: Session }> {
    await bench.write({ 'one.bin': 2_000_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 100_000 })
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await bench.passUntil(() => leech.stats.have > 10)
    return { leech, seed, seeder }
  }

  test('can be looked at, also when it is gone', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech, seed, seeder } = await connected(bench)
    const [peer] = leech.peers
    expect(peer).toMatchObject({
      incoming: false,
      via: 'memory',
      amInterested: true,
      peerChoking: false,
      amChoking: true,
      peerInterested: false,
      pieces: seed.pieceCount,
      peerId: seeder.peerId,
    })
    expect(peer!.client).toMatch(/^Torrential/)
    expect(peer!.downloaded).toBeGreaterThan(10 * 16_384)
    expect(peer!.bytesIn).toBeGreaterThan(peer!.downloaded)
    expect(peer!.bytesOut).toBeGreaterThan(0)
    expect(peer!.downRate).toBeGreaterThan(0)
    expect([peer!.uploaded, peer!.upRate]).toEqual([0, 0])
    const gone = eventOf(leech, 'peer-disconnected')
    peer!.disconnect()
    expect(await gone).toMatchObject({ reason: 'DISCONNECTED', peer })
    expect(peer!.downloaded).toBeGreaterThan(10 * 16_384)
    // Nobody is banned by that: it comes back.
    await bench.passUntil(() => leech.peers.length === 1)
  })

  test('that is cut off is dialed again, and the download goes on', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech, seeder } = await connected(bench)
    const gone = eventOf(leech, 'peer-disconnected')
    bench.network.cut(seeder.addresses[0]!.host)
    expect((await gone).reason).toMatch(/^(CONNECTION_|ECONNRESET)/)
    await bench.passUntil(() => leech.isComplete)
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('that cannot be reached is tried again later', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const host = seeder.addresses[0]!.host
    bench.network.setReachability(host, 'silent')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const failed = collect(leech.events({ types: ['peer-failed'] }))
    await bench.passUntil(() => failed.length > 0)
    expect(failed).toMatchObject([{ error: { code: 'DIAL_TIMEOUT' } }])
    bench.network.setReachability(host, 'unreachable')
    await bench.pass(15_000)
    expect(failed.length).toBeGreaterThan(1)
    bench.network.setReachability(host, 'up')
    await bench.passUntil(() => leech.isComplete)
  })
})
