// Magnet links, each way with each program: whoever leeches gets the infohash and a peer, and the info dictionary from that peer.
import { expect, jest, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { createSession } from '@torrential/session'
import {
  aria2,
  comparePayload,
  type Counterpart,
  Ground,
  libtorrent,
  makeTorrent,
  torrential,
  transmission,
  webtorrent,
  writePayload,
} from '../src/index.ts'
import { manyFiles } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(180_000)

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
