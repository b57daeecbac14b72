// A peer that claims everything and delivers noise: real clients find it out, and we finish in spite of it.
import { expect, jest, test } from '@jest/globals'
import {
  comparePayload,
  CorruptSeed,
  Ground,
  libtorrent,
  makeTorrent,
  torrential,
  until,
  writePayload,
} from '../src/index.ts'
import { smallPieces } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(120_000)

await suiteWith([libtorrent], 'a seed that is always wrong', () => {
  test('is found out by libtorrent, so it is as wrong as it says', async () => {
    await using ground = await Ground.create()
    const torrent = makeTorrent(smallPieces)
    const corrupt = ground.own(await CorruptSeed.start(torrent))
    const leech = await libtorrent.leech(ground, {
      torrent: torrent.bytes,
      directory: await ground.folder('target'),
      peers: [corrupt.address],
    })
    await until(
      'a failed piece',
      () => leech.output().includes('hash check failed') || leech.output().includes('hash for piece'),
      {
        detail: () => leech.output(),
      },
    )
    expect((await leech.status()).have.every((bits) => bits === 0)).toBe(true)
    expect(corrupt.blocksSent).toBeGreaterThan(0)
  })

  test('does not keep us from finishing from an honest seed', async () => {
    await using ground = await Ground.create()
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    await writePayload(smallPieces, source)
    const torrent = makeTorrent(smallPieces)
    const corrupt = ground.own(await CorruptSeed.start(torrent))
    const honest = await libtorrent.seed(ground, { torrent: torrent.bytes, directory: source, uploadLimit: 4_000_000 })
    const leech = await torrential.leech(ground, {
      torrent: torrent.bytes,
      directory: target,
      peers: [corrupt.address, honest.address],
    })
    await leech.done()
    await leech.stop()
    expect(corrupt.blocksSent).toBeGreaterThan(0)
    await comparePayload(smallPieces, target)
  })
})
