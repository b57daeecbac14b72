import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { parseMagnet, parseTorrent } from '@torrential/metainfo'
import { SeededRandom } from '@torrential/primitives'
import { createSession, type Session, type Torrent } from '@torrential/session'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'
import { MetadataPeer } from './metadata-peer.ts'

const tree = { 'tree/a.bin': 300_000, 'tree/deep/b.bin': 70_001, 'tree/empty.txt': '', 'tree/c.txt': 'hello torrent' }

interface Scene extends AsyncDisposable {
  readonly bench: BenchFolder
  readonly seeder: Session
  readonly seed: Torrent
  readonly leecher: Session
  /** The link, with the seed in it. */
  readonly link: string
}

async function setScene(): Promise<Scene> {
  const bench = await BenchFolder.create()
  await bench.write(tree)
  const [seeder, seed] = await bench.seed('tree')
  const leecher = await bench.session()
  const link = `${seed.magnet}&x.pe=${bench.addressOf(seeder)}`
  return { bench, seeder, seed, leecher, link, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}

describe('a magnet link', () => {
  test('becomes the torrent, byte for byte, from one peer that it names', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher, link } = scene
    const leech = await leecher.add(link, { path: bench.copy() })
    await leech.done
    expect(leech.status).toBe('seeding')
    expect(Buffer.compare(leech.metainfo.infoBytes, seed.metainfo.infoBytes)).toBe(0)
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('is a torrent at once, with documented stand-ins for what only the metadata can tell', async () => {
    await using scene = await setScene()
    const { bench, leecher, seed } = scene
    const leech = await leecher.add(seed.magnet, { path: bench.copy() })
    expect(leecher.torrents).toEqual([leech])
    expect(leech).toMatchObject({ status: 'metadata', hasMetadata: false, name: 'tree', version: 'v1', files: [] })
    expect(leech).toMatchObject({ length: 0, pieceCount: 0, progress: 0, isComplete: false, private: false })
    expect(leech).toMatchObject({ infoHash: seed.infoHash, infoHashV1: seed.infoHash, magnet: seed.magnet })
    expect(leech.bitfield.length).toBe(0)
    expect(leech.stats).toMatchObject({ have: 0, of: 0, bytesLeft: 0, peers: 0, eta: undefined })
    for (const ask of [() => leech.metainfo, () => leech.torrentFile]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'METADATA_UNKNOWN' }))
    }
    await expect(leech.check()).rejects.toMatchObject({ code: 'METADATA_UNKNOWN' })
  })

  test('without a name is called by its infohash', async () => {
    await using scene = await setScene()
    const { leecher, seed } = scene
    const leech = await leecher.add(`magnet:?xt=urn:btih:${seed.infoHash.toUpperCase()}`)
    expect(leech.name).toBe(seed.infoHash)
  })

  test('tells of metadata, then of the check, then that it is ready', async () => {
    await using scene = await setScene()
    const { bench, leecher, link } = scene
    const leech = await leecher.add(link, { path: bench.copy() })
    const events = collect(leech.events({ types: ['metadata', 'checking', 'ready', 'started', 'done'] }))
    await leech.done
    await bench.settle()
    const types = events.map(({ type }) => type)
    expect([...new Set(types)]).toEqual(['metadata', 'checking', 'ready', 'started', 'done'])
  })

  test('keeps the connection over which the metadata came', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher, link } = scene
    const met = collect(seed.events({ types: ['peer-connected'] }))
    const leech = await leecher.add(link, { path: bench.copy() })
    await leech.done
    expect(met).toHaveLength(1)
  })

  test('takes peers that dial it, and peers that the user adds', async () => {
    await using scene = await setScene()
    const { bench, seeder, seed, leecher } = scene
    const first = await leecher.add(seed.magnet, { path: bench.copy('first') })
    seed.addPeer(bench.addressOf(leecher))
    await first.done
    const second = await (await bench.session()).add(seed.magnet, { path: bench.copy('second') })
    second.addPeer(bench.addressOf(seeder))
    await second.done
    expect(await bench.isCopied(second, bench.copy('second'))).toBe(true)
  })

  test('says what a new session needs: its .torrent has the same info dictionary, and the trackers of the link', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher, link } = scene
    const tracker = 'http://tracker.example/announce'
    const leech = await leecher.add(`${link}&tr=${encodeURIComponent(tracker)}`, { path: bench.copy() })
    await leech.ready
    const read = parseTorrent(leech.torrentFile)
    expect(Buffer.compare(read.infoBytes, seed.metainfo.infoBytes)).toBe(0)
    expect(read.trackers).toEqual([[tracker]])
    expect(parseMagnet(leech.magnet).trackers).toEqual([tracker])
  })

  test('passes the metadata on: a second leech needs no seed for it', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher, link } = scene
    const first = await leecher.add(link, { path: bench.copy('first') })
    await first.done
    await seed.stop()
    const second = await (await bench.session()).add(seed.magnet, {
      path: bench.copy('second'),
      peers: [bench.addressOf(leecher)],
    })
    await second.done
    expect(await bench.isCopied(second, bench.copy('second'))).toBe(true)
  })

  test('finds what is on disk already', async () => {
    await using scene = await setScene()
    const { bench, leecher, link } = scene
    const first = await leecher.add(link, { path: bench.copy() })
    await first.done
    await leecher.remove(first)
    const second = await leecher.add(link, { path: bench.copy() })
    await second.done
    expect(second.downloaded).toBe(0)
  })

  test('downloads only the files that it selects (BEP 53), unless the user selects', async () => {
    await using scene = await setScene()
    const { bench, leecher, link } = scene
    const leech = await leecher.add(`${link}&so=0,2-3`, { path: bench.copy() })
    await leech.ready
    const wanted = leech.files.filter(({ priority }) => priority > 0).map(({ path }) => path)
    expect(wanted).toEqual(leech.files.filter((_, file) => file !== 1).map(({ path }) => path))
    await leecher.remove(leech, { deleteFiles: true })
    const other = await leecher.add(`${link}&so=0`, { path: bench.copy(), select: ({ index }) => index === 1 })
    await other.ready
    expect(other.files.map(({ priority }) => priority > 0)).toEqual([false, true, false, false])
  })
})

describe('the peers of a magnet link', () => {
  test('may lie, be wrong about the length, or say nothing: the others are enough', async () => {
    await using scene = await setScene()
    const { bench, seeder, seed, leecher } = scene
    const { length } = seed.metainfo.infoBytes
    const noise = new SeededRandom(1).bytes(length)
    const { network } = bench
    const { infoHash } = seed
    await using liar = await MetadataPeer.start(network, { infoHash, metadata: noise })
    await using wrong = await MetadataPeer.start(network, { infoHash, metadata: noise.subarray(1) })
    await using huge = await MetadataPeer.start(network, {
      infoHash,
      metadata: noise,
      length: 16 * 1024 * 1024,
      silent: true,
    })
    await using silent = await MetadataPeer.start(network, { infoHash, metadata: noise, silent: true })
    const bad = [liar, wrong, huge, silent]
    const leech = await leecher.add(seed.magnet, { path: bench.copy(), peers: bad.map(({ address }) => address) })
    await bench.settle()
    leech.addPeer(bench.addressOf(seeder))
    await leech.done
    expect(await bench.isCopied(leech)).toBe(true)
    for (const { requests } of bad) expect(requests).toBeGreaterThan(0)
  })

  test('that sent wrong metadata are not dialed again', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher } = scene
    const metadata = new Uint8Array(seed.metainfo.infoBytes.length)
    await using liar = await MetadataPeer.start(bench.network, { infoHash: seed.infoHash, metadata })
    const leech = await leecher.add(seed.magnet, { path: bench.copy() })
    const failed = eventOf(leech, 'peer-failed', ({ error }) => error.code === 'METADATA_WRONG')
    leech.addPeer(liar.address)
    await failed
    const blocked = eventOf(leech, 'peer-blocked', ({ reason }) => reason === 'banned')
    leech.addPeer(liar.address)
    await blocked
    expect(liar.handshakes).toHaveLength(1)
  })

  test('are shown while the metadata is fetched', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher } = scene
    const metadata = new Uint8Array(40_000)
    await using silent = await MetadataPeer.start(bench.network, { infoHash: seed.infoHash, metadata, silent: true })
    const leech = await leecher.add(seed.magnet, { path: bench.copy(), peers: [silent.address] })
    while (silent.requests === 0) await bench.settle()
    expect(leech.peers).toHaveLength(1)
    expect(leech.stats.peers).toBe(1)
    expect(leech.peers[0]).toMatchObject({ incoming: false, amChoking: true, pieces: 0 })
  })

  test('come from its trackers, which are told that something is missing', async () => {
    await using scene = await setScene()
    const { bench, seed } = scene
    const left: string[] = []
    const server = createServer((request, response) => {
      left.push(new URL(request.url ?? '', 'http://localhost').searchParams.get('left') ?? '')
      response.end('d8:intervali1800e5:peers0:e')
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`
      const leecher = await bench.session({ trackers: true })
      const leech = await leecher.add(`${seed.magnet}&tr=${encodeURIComponent(url)}`, { path: bench.copy() })
      await eventOf(leech, 'tracker-reply')
      expect(Number(left[0])).toBeGreaterThan(0)
      expect(leech.trackers).toHaveLength(1)
    } finally {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    }
  })

  test('do not get the metadata of a private torrent from us', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 50_000 })
    const seeder = await bench.session()
    const seed = await seeder.seed(`${bench.path}/origin/one.bin`, { private: true })
    await seed.ready
    await using other = await MetadataPeer.start(bench.network, {
      infoHash: seed.infoHash,
      metadata: new Uint8Array(1),
    })
    seed.addPeer(other.address)
    while (other.handshakes.length === 0) await bench.settle()
    expect(other.handshakes[0]?.extensions.has('ut_metadata')).toBe(false)
    expect(other.handshakes[0]?.metadataLength).toBeUndefined()
  })
})

describe('the life of a magnet link', () => {
  test('stops and starts while the metadata is fetched', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher, link } = scene
    const leech = await leecher.add(link, { path: bench.copy(), start: false })
    const events = collect(leech.events({ types: ['stopped', 'started', 'metadata'] }))
    expect(leech.status).toBe('stopped')
    seed.addPeer(bench.addressOf(leecher))
    await bench.settle()
    expect(leech.peers).toEqual([])
    await leech.start()
    await leech.done
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(['started', 'metadata'])
  })

  test('stop closes what is connected', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher } = scene
    const metadata = new Uint8Array(40_000)
    await using silent = await MetadataPeer.start(bench.network, { infoHash: seed.infoHash, metadata, silent: true })
    const leech = await leecher.add(seed.magnet, { path: bench.copy(), peers: [silent.address] })
    while (leech.peers.length === 0) await bench.settle()
    await leech.stop()
    expect(leech.status).toBe('stopped')
    expect(leech.peers).toEqual([])
    await leech.start()
    expect(leech.status).toBe('metadata')
  })

  test('pause lets the metadata come and no data, so that files can be chosen first', async () => {
    await using scene = await setScene()
    const { bench, leecher, link } = scene
    const leech = await leecher.add(link, { path: bench.copy() })
    leech.pause()
    await leech.ready
    await bench.settle()
    expect(leech.status).toBe('paused')
    expect(leech.stats.have).toBe(0)
    for (const file of leech.files) if (!file.path.endsWith('.txt')) file.priority = 0
    leech.resume()
    await leech.done
    expect(leech.downloaded).toBeLessThan(100_000)
    expect(await readdir(`${bench.copy()}/tree`)).not.toContain('a.bin')
  })

  test('closing and removing reject what waits', async () => {
    await using scene = await setScene()
    const { bench, seed, leecher } = scene
    const leech = await leecher.add(seed.magnet, { path: bench.copy() })
    const ready = leech.ready
    const closed = eventOf(leech, 'closed')
    await leecher.remove(leech, { deleteFiles: true })
    await closed
    await expect(ready).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
    await expect(leech.done).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
    await expect(leech.start()).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
    expect(leech.status).toBe('closed')
    expect(leecher.torrents).toEqual([])
    const again = await leecher.add(seed.magnet, { path: bench.copy() })
    await leecher.close()
    await expect(again.ready).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
  })

  test('limits that were set before the metadata came hold afterwards', async () => {
    await using scene = await setScene()
    const { bench, leecher, link } = scene
    const leech = await leecher.add(link, { path: bench.copy(), start: false })
    leech.maxDown = 5_000_000
    leech.maxUp = 1_000
    await leech.start()
    await leech.ready
    expect([leech.maxDown, leech.maxUp]).toEqual([5_000_000, 1_000])
  })

  test('metadata with the right hash that is no torrent is an error of the torrent, for good', async () => {
    await using bench = await BenchFolder.create()
    const metadata = new Uint8Array(Buffer.from('d6:lengthi5e4:name3:onee'))
    const infoHash = createHash('sha1').update(metadata).digest('hex')
    await using peer = await MetadataPeer.start(bench.network, { infoHash, metadata })
    const session = await bench.session()
    const torrent = await session.add(`magnet:?xt=urn:btih:${infoHash}`, { path: bench.copy() })
    const error = eventOf(torrent, 'error')
    torrent.addPeer(peer.address)
    expect((await error).error.code).toBe('TORRENT_PIECE_LENGTH')
    await expect(torrent.ready).rejects.toMatchObject({ code: 'TORRENT_PIECE_LENGTH' })
    expect(torrent.status).toBe('error')
    expect(torrent.peers).toEqual([])
    await session.remove(torrent)
  })
})

describe('the two names of a hybrid torrent', () => {
  const [v1, v2] = ['ab'.repeat(20), 'cd'.repeat(32)]

  test('are one torrent: its v1, its v2 and its whole magnet are duplicates of each other', async () => {
    await using session = await createSession({ listen: false })
    const both = `magnet:?xt=urn:btih:${v1}&xt=urn:btmh:1220${v2}`
    const torrent = await session.add(both)
    for (const link of [both, `magnet:?xt=urn:btih:${v1}`, `magnet:?xt=urn:btmh:1220${v2}`]) {
      const error: unknown = await session.add(link).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'TORRENT_DUPLICATE' })
      expect((error as { data: { torrent: unknown } }).data.torrent).toBe(torrent)
    }
    await session.remove(torrent)
    await session.add(`magnet:?xt=urn:btmh:1220${v2}`)
    await session.add(`magnet:?xt=urn:btih:${v1}`)
    expect(session.torrents).toHaveLength(2)
  })

  test('both find it, and of two links the one whose metadata comes first is the torrent', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const seeder = await bench.session()
    const seed = await seeder.seed(`${bench.path}/origin/tree`, { version: 'hybrid', pieceLength: 16_384 })
    await seed.done
    const leecher = await bench.session()
    const peers = [bench.addressOf(seeder)]
    const byV2 = await leecher.add(`magnet:?xt=urn:btmh:1220${seed.infoHashV2}`, { path: bench.copy(), peers })
    expect(byV2.infoHash).toBe(seed.infoHashV2?.slice(0, 40))
    const byV1 = await leecher.add(`magnet:?xt=urn:btih:${seed.infoHashV1}`, { path: bench.copy('other') })
    const failed = eventOf(byV1, 'error')
    await byV2.done
    expect(byV2).toMatchObject({ version: 'hybrid', infoHashV1: seed.infoHashV1, infoHashV2: seed.infoHashV2 })
    expect((await failed).error).toMatchObject({ code: 'TORRENT_DUPLICATE' })
    await expect(byV1.done).rejects.toMatchObject({ code: 'TORRENT_DUPLICATE' })
    expect(byV1.status).toBe('error')
    expect(await bench.isCopied(byV2)).toBe(true)
    await leecher.remove(byV1)
    const error: unknown = await leecher.add(byV1.magnet).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'TORRENT_DUPLICATE', data: { torrent: byV2 } })
  })
})
