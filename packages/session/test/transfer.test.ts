import { describe, expect, test } from '@jest/globals'
import { createSession } from '@torrential/session'
import { BenchFolder } from './bench-folder.ts'

const tree = { 'tree/a.bin': 300_000, 'tree/deep/b.bin': 70_001, 'tree/empty.txt': '', 'tree/c.txt': 'hello torrent' }

describe('a torrent that goes from one session to another', () => {
  test('arrives byte for byte over TCP, empty files included', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write(tree)
    await using seeder = await createSession({ port: 0, host: '127.0.0.1' })
    const seed = await seeder.seed(`${origin}/tree`, { pieceLength: 16_384 })
    await using leecher = await createSession({ port: 0, host: '127.0.0.1' })
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [`127.0.0.1:${seeder.port}`] })
    await leech.done
    expect(leech.status).toBe('seeding')
    expect(leech.progress).toBe(1)
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('arrives when the seed dials the leech', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [, seed] = await bench.seed('tree')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
    await leech.ready
    seed.addPeer(bench.addressOf(leecher))
    await leech.done
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('arrives in runs when its pieces are longer than what is held in memory', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'big.bin': 20_000_003 })
    const [seeder, seed] = await bench.seed('big.bin', { pieceLength: 8 * 1024 * 1024 })
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await leech.done
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('a leech passes on what it has while it downloads, so that a second leech needs no seed', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 900_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const first = await bench.session()
    const second = await bench.session()
    const middle = await first.add(seed.torrentFile, { path: bench.copy('first'), peers: [bench.addressOf(seeder)] })
    const last = await second.add(seed.torrentFile, { path: bench.copy('second'), peers: [bench.addressOf(first)] })
    await Promise.all([middle.done, last.done])
    expect(middle.uploaded).toBeGreaterThanOrEqual(900_000)
    expect(await bench.isCopied(last, bench.copy('second'))).toBe(true)
  })

  test('counts payload on both sides', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 500_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await leech.done
    expect(leech.downloaded).toBe(500_000)
    expect(seed.uploaded).toBe(500_000)
    expect(leecher.stats).toMatchObject({ torrents: 1, downloaded: 500_000 })
    expect(leech.stats).toMatchObject({ have: 31, of: 31, wanted: 31, bytesLeft: 0, bytesWanted: 500_000 })
  })
})
