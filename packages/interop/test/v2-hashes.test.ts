// Magnet links of v2 torrents whose files are longer than a piece: the info dictionary is not enough, the piece layers have to come from
// the peer too (BEP 52), and they do so in both directions.
import { expect, jest, test } from '@jest/globals'
import { join } from 'node:path'
import { formatMagnet, parseTorrent } from '@torrential/metainfo'
import { toHex } from '@torrential/primitives'
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
