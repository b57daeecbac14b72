import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { concatBytes } from '@torrential/primitives'
import { createTorrent } from '@torrential/storage'
import type { Session, Torrent } from '@torrential/session'
import { BenchFolder, eventOf } from './bench-folder.ts'
import { MetadataPeer } from './metadata-peer.ts'

const tree = {
  'tree/long.bin': 700_001,
  'tree/short.bin': 5_000,
  'tree/deep/longer.bin': 16_384 * 600,
  'tree/empty': '',
}

/** A seed of a v2 torrent of `origin/<name>`. */
async function v2Seed(
  bench: BenchFolder,
  name: string,
  options: { readonly pieceLength?: number; readonly maxUp?: number } = {},
): Promise<[Session, Torrent]> {
  const { pieceLength = 16_384, ...rest } = options
  const bytes = await createTorrent(join(bench.path, 'origin', name), { version: 'v2', pieceLength }).result
  const session = await bench.session(rest)
  const torrent = await session.add(bytes, { path: join(bench.path, 'origin') })
  await torrent.done
  return [session, torrent]
}

describe('a magnet link of a v2 torrent with files longer than a piece', () => {
  test('gets piece layers and files from one peer, and is the torrent that it names', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [seeder, seed] = await v2Seed(bench, 'tree')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.magnet, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await eventOf(leech, 'metadata')
    expect(leech.metainfo.pieceLayers).toEqual(seed.metainfo.pieceLayers)
    expect(leech.metainfo.pieceLayers.size).toBe(2)
    await leech.done
    expect(await bench.isCopied(leech)).toBe(true)
    // What comes of it is a .torrent that stands by itself.
    const again = await bench.session()
    const copy = await again.add(leech.torrentFile, { path: bench.copy(), start: false })
    await copy.done
    expect(copy.infoHashV2).toBe(seed.infoHashV2)
  })

  test('bans who lies about hashes, leaves who has none, and can be stopped on the way', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [seeder, seed] = await v2Seed(bench, 'tree')
    const setup = { infoHash: seed.infoHash, metadata: seed.metainfo.infoBytes }
    await using liar = await MetadataPeer.start(bench.network, { ...setup, hashes: 'lie' })
    await using poor = await MetadataPeer.start(bench.network, setup)
    const leecher = await bench.session()
    const leech = await leecher.add(seed.magnet, { path: bench.copy() })
    const failed = eventOf(leech, 'peer-failed', ({ error }) => error.code === 'HASHES_WRONG')
    leech.addPeer(liar.address)
    await failed
    const blocked = eventOf(leech, 'peer-blocked', ({ reason }) => reason === 'banned')
    leech.addPeer(liar.address)
    await blocked
    leech.addPeer(poor.address)
    await bench.settleUntil(() => poor.hashRequests > 0)
    expect(leech.status).toBe('metadata')
    await leech.stop()
    expect(leech.status).toBe('stopped')
    await leech.start()
    leech.addPeer(bench.addressOf(seeder))
    await leech.done
    expect(await bench.isCopied(leech)).toBe(true)
    expect(liar.handshakes).toHaveLength(1)
  })
})

test('a stream of a v2 torrent begins with the first verified block, long before a piece is whole', async () => {
  await using bench = await BenchFolder.create({ virtual: true })
  await bench.write({ 'movie.bin': 4_000_000 })
  const [seeder, seed] = await v2Seed(bench, 'movie.bin', { pieceLength: 2 * 1024 * 1024, maxUp: 200_000 })
  const leecher = await bench.session()
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
  await leech.ready
  const chunks: Uint8Array[] = []
  const range = { start: 20_000, end: 3_000_000 }
  const run = (async () => {
    for await (const chunk of leech.files[0]?.stream(range) ?? []) chunks.push(chunk)
  })()
  const bytes = () => chunks.reduce((sum, { length }) => sum + length, 0)
  await bench.passUntil(() => bytes() > 300_000)
  expect(leech.stats.have).toBe(0)
  // The first is the rest of the block in which the range begins.
  expect(chunks.slice(0, 2).map(({ length }) => length)).toEqual([2 * 16_384 - 20_000, 16_384])
  await bench.passUntil(() => bytes() === 2_980_000)
  await run
  const original = await readFile(join(bench.path, 'origin/movie.bin'))
  expect(Buffer.compare(concatBytes(chunks), original.subarray(range.start, range.end))).toBe(0)
  await bench.passUntil(() => leech.isComplete)
  expect(await bench.isCopied(leech)).toBe(true)
})

test.each(['hybrid', 'v2'] as const)(
  'of a %s torrent of small files nothing but their blocks is downloaded',
  async (version) => {
    await using bench = await BenchFolder.create()
    await bench.write(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`tree/${index}`, 1_000 + index])))
    await bench.write({ 'tree/long': 600_000 })
    const session = await bench.session()
    const origin = join(bench.path, 'origin/tree')
    const seed = await session.seed(origin, { version, pieceLength: 262_144, trackers: [] })
    await seed.done
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(session)] })
    await leech.done
    expect(await bench.isCopied(leech)).toBe(true)
    // In a hybrid the last block of a file is whole: older peers do not know where the file ends.
    const most = version === 'v2' ? leech.length : 21 * 16_384 + 600_000
    expect(leech.downloaded).toBeLessThanOrEqual(most)
    expect([leech.progress, leech.stats.bytesLeft, leech.stats.bytesWanted]).toEqual([1, 0, leech.length])
  },
)
