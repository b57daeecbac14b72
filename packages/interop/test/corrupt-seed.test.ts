// The tool itself: a real client has to find it out and finish all the same.
import { expect, jest, test } from '@jest/globals'
import { comparePayload, CorruptSeed, Ground, libtorrent, makeTorrent, writePayload } from '../src/index.ts'
import { smallPieces } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(120_000)

await suiteWith([libtorrent], 'a seed that is always wrong', () => {
  test('gets asked by libtorrent, which then finishes from an honest seed', async () => {
    await using ground = await Ground.create()
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    await writePayload(smallPieces, source)
    const torrent = makeTorrent(smallPieces)
    const corrupt = ground.own(await CorruptSeed.start(torrent))
    const honest = await libtorrent.seed(ground, { torrent: torrent.bytes, directory: source, uploadLimit: 4_000_000 })
    const peers = [corrupt.address, honest.address]
    const leech = await libtorrent.leech(ground, { torrent: torrent.bytes, directory: target, peers })
    await leech.done()
    await leech.stop()
    expect(corrupt.blocksSent).toBeGreaterThan(0)
    await comparePayload(smallPieces, target)
  })
})
