// Magnet links, each way with each program: whoever leeches gets the infohash and a peer, and the info dictionary from that peer.
import { expect, jest, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { formatMagnet, parseTorrent } from '@torrential/metainfo'
import { createTorrent } from '@torrential/storage'
import { createSession } from '@torrential/session'
import {
  aria2,
  comparePayload,
  type Counterpart,
  Ground,
  libtorrent,
  makeTorrent,
  type Payload,
  torrential,
  transmission,
  webtorrent,
  writePayload,
} from '../src/index.ts'
import { manyFiles } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(180_000)

const smallFiles: Payload = {
  name: 'small',
  seed: 12,
  // Every file fits into a piece: then a v2 torrent needs no piece layers, which magnet links do not bring.
  pieceLength: 1024 * 1024,
  files: [
    { path: 'a.bin', length: 900_000 },
    { path: 'b/c.bin', length: 20_000 },
  ],
}

const torrent = makeTorrent(manyFiles)
const magnet = `magnet:?xt=urn:btih:${torrent.infoHash}`

async function transfer(from: Counterpart, to: Counterpart): Promise<void> {
  await using ground = await Ground.create({ namespace: from.needsNamespace || to.needsNamespace })
  const [source, target] = [await ground.folder('source'), await ground.folder('target')]
  await writePayload(manyFiles, source)
  const seed = await from.seed(ground, { torrent: torrent.bytes, directory: source })
  const leech = await to.leech(ground, { torrent: torrent.bytes, magnet, directory: target, peers: [seed.address] })
  try {
    await leech.done()
  } catch (error) {
    throw new Error(`${String(error)}\n${seed.output()}`, { cause: error })
  }
  await leech.stop()
  await comparePayload(manyFiles, target, { lenient: to !== torrential })
}

for (const other of [libtorrent, aria2, transmission, webtorrent]) {
  await suiteWith([other], `magnet links with ${other.name}`, () => {
    test.concurrent('we get the metadata from it, and then the files', () => transfer(other, torrential))
    test.concurrent('it gets the metadata from us, and then the files', () => transfer(torrential, other))
  })
}

await suiteWith([libtorrent], 'the metadata that libtorrent gives us', () => {
  test('makes a .torrent with the same info dictionary, byte for byte', async () => {
    await using ground = await Ground.create()
    const source = await ground.folder('source')
    await writePayload(manyFiles, source)
    const seed = await libtorrent.seed(ground, { torrent: torrent.bytes, directory: source })
    await using session = await createSession({ host: ground.host, port: 0 })
    const link = `${magnet}&x.pe=${seed.address}`
    const ours = await session.add(link, { path: await ground.folder('target') })
    await ours.ready
    expect(createHash('sha1').update(ours.metainfo.infoBytes).digest('hex')).toBe(torrent.infoHash)
    await using again = await createSession({ listen: false })
    const reread = await again.add(ours.torrentFile, { start: false, path: await ground.folder('again') })
    expect(reread.infoHash).toBe(torrent.infoHash)
  })
})

await suiteWith([libtorrent], 'magnet links of v2 and hybrid torrents with libtorrent', () => {
  async function transferOf(version: 'hybrid' | 'v2', by: 'v1' | 'v2', from: Counterpart, to: Counterpart) {
    await using ground = await Ground.create()
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    await writePayload(smallFiles, source)
    const { pieceLength } = smallFiles
    const bytes = await createTorrent(join(source, smallFiles.name), { version, pieceLength }).result
    const { infoHashV1, infoHashV2 } = parseTorrent(bytes)
    const names = by === 'v1' ? infoHashV1 && { infoHashV1 } : infoHashV2 && { infoHashV2 }
    const link = formatMagnet({ ...names })
    const seed = await from.seed(ground, { torrent: bytes, directory: source })
    const leech = await to.leech(ground, { torrent: bytes, magnet: link, directory: target, peers: [seed.address] })
    await leech.done()
    await leech.stop()
    await comparePayload(smallFiles, target, { lenient: to !== torrential })
  }

  test.concurrent('we get a hybrid by its v1 name', () => transferOf('hybrid', 'v1', libtorrent, torrential))
  test.concurrent('we get a hybrid by its v2 name', () => transferOf('hybrid', 'v2', libtorrent, torrential))
  test.concurrent('we get a v2 torrent', () => transferOf('v2', 'v2', libtorrent, torrential))
  test.concurrent('it gets a hybrid by its v1 name', () => transferOf('hybrid', 'v1', torrential, libtorrent))
  test.concurrent('it gets a hybrid by its v2 name', () => transferOf('hybrid', 'v2', torrential, libtorrent))
})
