// Magnet links of v2 torrents whose files are longer than a piece: the info dictionary is not enough, the piece layers have to come from
// the peer too (BEP 52), and they do so in both directions.
import { expect, jest, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatMagnet, parseTorrent } from '@torrential/metainfo'
import { peerAddress, toHex } from '@torrential/primitives'
import { createSession } from '@torrential/session'
import { createTorrent } from '@torrential/storage'
import {
  comparePayload,
  CorruptSeed,
  type Counterpart,
  Ground,
  libtorrent,
  type Payload,
  torrential,
  writePayload,
} from '../src/index.ts'
import { TcpTransport } from '@torrential/transport'
import { MetadataPeer } from '../../session/test/metadata-peer.ts'
import { suiteWith } from './suite-with.ts'
import { transferVersion } from './version-transfer.ts'

jest.setTimeout(180_000)

const kibi = 1024

/** Layers of one range and of several, the last of which holds a single hash, which no power of two is left for but 1. */
const longFiles: Payload = {
  name: 'long files',
  seed: 21,
  pieceLength: 16 * kibi,
  files: [
    { path: 'a few pieces.bin', length: 5 * 16 * kibi + 3 },
    { path: 'empty', length: 0 },
    { path: 'one more than 512.bin', length: 513 * 16 * kibi },
    { path: 'sub/a block.bin', length: 16 * kibi },
    { path: 'sub/many.bin', length: 1100 * 16 * kibi - 1 },
  ],
}

const longPieces: Payload = { name: 'long pieces.bin', seed: 22, pieceLength: 256 * kibi, length: 5_000_000 }

const transfer = (payload: Payload, from: Counterpart, to: Counterpart): Promise<void> =>
  transferVersion(payload, { from, to, version: 'v2', names: ['infoHashV2'] })

await suiteWith([libtorrent], 'a corrupt v2 seed beside a good one', () => {
  for (const good of [torrential, libtorrent]) {
    test.concurrent(`is banned, and we finish from ${good === torrential ? 'ourselves' : good.name}`, async () => {
      await using ground = await Ground.create()
      const [source, target] = [await ground.folder('source'), await ground.folder('target')]
      await writePayload(longPieces, source)
      const { pieceLength } = longPieces
      const bytes = await createTorrent(join(source, longPieces.name), { version: 'v2', pieceLength }).result
      const { infoHash, geometry } = parseTorrent(bytes)
      const corrupt = ground.own(
        await CorruptSeed.start({ bytes, infoHash: toHex(infoHash), pieceCount: geometry.pieceCount }),
      )
      const seed = await good.seed(ground, { torrent: bytes, directory: source, uploadLimit: 2_000_000 })
      await using session = await createSession({ host: ground.host, port: 0 })
      const leech = await session.add(bytes, { path: target, peers: [corrupt.address, seed.address] })
      const states = leech.events({ types: ['peer-state'] })
      await leech.done
      await comparePayload(longPieces, target)
      expect(corrupt.blocksSent).toBeGreaterThan(0)
      await leech[Symbol.asyncDispose]()
      const banned = new Set<string>()
      for await (const event of states) {
        if (event.type === 'peer-state' && event.change === 'banned') banned.add(event.peer.address.host)
      }
      expect([...banned]).toEqual(['127.0.0.2'])
    })
  }
})

await suiteWith([libtorrent], 'a sly v2 seed, whose first block of each piece is wrong, beside a good one', () => {
  test('loses us its wrong blocks and no other, and is banned', async () => {
    await using ground = await Ground.create()
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    await writePayload(longPieces, source)
    const { pieceLength } = longPieces
    const path = join(source, longPieces.name)
    const [bytes, content] = [await createTorrent(path, { version: 'v2', pieceLength }).result, await readFile(path)]
    const { infoHash, geometry } = parseTorrent(bytes)
    const made = { bytes, infoHash: toHex(infoHash), pieceCount: geometry.pieceCount }
    const sly = ground.own(
      await CorruptSeed.start(made, (piece, offset, length) => {
        const start = piece * pieceLength + offset
        return offset === 0 || start + length > content.length ? undefined : content.subarray(start, start + length)
      }),
    )
    // The good one is here first and slow: it is who knows the hashes of blocks, and most blocks come from the sly one.
    // libtorrent knows those of what it has hashed itself: as a leech that looks at what is there, not as a seed that believes.
    const good = await libtorrent.leech(ground, { torrent: bytes, directory: source, uploadLimit: 1_000_000 })
    await good.done()
    await using session = await createSession({ host: ground.host, port: 0 })
    const leech = await session.add(bytes, { path: target, peers: [good.address] })
    const states = leech.events({ types: ['peer-state'] })
    for await (const event of leech.events({ types: ['peer-state'] })) {
      if (event.type === 'peer-state' && event.change === 'unchoked') break
    }
    leech.addPeer(sly.address)
    const hosts: string[] = []
    const heard = (async () => {
      for await (const event of states) {
        if (event.type !== 'peer-state' || event.change !== 'banned') continue
        hosts.push(event.peer.address.host)
        await good.setLimits({ upload: 0 })
      }
    })()
    await leech.done
    await comparePayload(longPieces, target)
    await leech[Symbol.asyncDispose]()
    await heard
    expect(hosts).toEqual(['127.0.0.2'])
    expect(sly.blocksSent).toBeGreaterThan(0)
    expect(leech.stats.wasted).toBeGreaterThan(0)
    expect(leech.stats.wasted).toBeLessThanOrEqual(sly.blocksSent * 16 * kibi)
  })
})

await suiteWith([libtorrent], 'magnet links of v2 torrents with files longer than a piece', () => {
  for (const [name, payload] of [
    ['many small pieces', longFiles],
    ['pieces of many blocks', longPieces],
  ] as const) {
    test.concurrent(`we get ${name} from libtorrent`, () => transfer(payload, libtorrent, torrential))
    test.concurrent(`libtorrent gets ${name} from us`, () => transfer(payload, torrential, libtorrent))
    test.concurrent(`we get ${name} from ourselves`, () => transfer(payload, torrential, torrential))
  }

  for (const name of ['infoHashV1', 'infoHashV2'] as const) {
    test.concurrent(`we get a hybrid by its ${name} from libtorrent`, () =>
      transferVersion(longPieces, { from: libtorrent, to: torrential, version: 'hybrid', names: [name] }))
  }

  test('a peer that lies about piece layers is banned, and they come from libtorrent', async () => {
    await using ground = await Ground.create()
    const source = await ground.folder('source')
    await writePayload(longFiles, source)
    const { pieceLength } = longFiles
    const bytes = await createTorrent(join(source, longFiles.name), { version: 'v2', pieceLength }).result
    const { infoBytes, infoHash, infoHashV2, pieceLayers } = parseTorrent(bytes)
    const lies = { infoHash: toHex(infoHash), metadata: infoBytes, hashes: 'lie' } as const
    const liar = ground.own(await MetadataPeer.startOn(new TcpTransport(), peerAddress('127.0.0.2', 0), lies))
    await using session = await createSession({ host: ground.host, port: 0 })
    const link = `${formatMagnet({ ...(infoHashV2 && { infoHashV2 }) })}&x.pe=${liar.address}`
    const leech = await session.add(link, { path: await ground.folder('target') })
    const failures = leech.events({ types: ['peer-failed', 'metadata'] })
    // The honest one comes when the liar has been heard: whoever is asked first, lies first.
    for await (const event of failures) {
      if (event.type !== 'peer-failed') continue
      expect([event.error.code, event.address.host]).toEqual(['HASHES_WRONG', '127.0.0.2'])
      break
    }
    expect(liar.hashRequests).toBeGreaterThan(0)
    expect(leech.status).toBe('metadata')
    const honest = await libtorrent.seed(ground, { torrent: bytes, directory: source })
    leech.addPeer(honest.address)
    await leech.done
    expect(leech.metainfo.pieceLayers).toEqual(pieceLayers)
    await comparePayload(longFiles, leech.path)
  })

  test('the .torrent that comes of one is the one that it names, piece layers included', async () => {
    await using ground = await Ground.create()
    const source = await ground.folder('source')
    await writePayload(longFiles, source)
    const { pieceLength } = longFiles
    const bytes = await createTorrent(join(source, longFiles.name), { version: 'v2', pieceLength }).result
    const original = parseTorrent(bytes)
    const seed = await libtorrent.seed(ground, { torrent: bytes, directory: source })
    await using session = await createSession({ host: ground.host, port: 0 })
    const { infoHashV2 } = original
    const link = `${formatMagnet({ ...(infoHashV2 && { infoHashV2 }) })}&x.pe=${seed.address}`
    const ours = await session.add(link, { path: await ground.folder('target') })
    await ours.ready
    const copy = parseTorrent(ours.torrentFile)
    expect(copy.infoBytes).toEqual(original.infoBytes)
    expect(copy.pieceLayers).toEqual(original.pieceLayers)
  })
})
