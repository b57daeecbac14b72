import { join } from 'node:path'
import { createTorrent } from '@torrential/storage'
import { jest, test } from '@jest/globals'
import { comparePayload, Ground, libtorrent, torrential, writePayload } from '../src/index.ts'
import { matrixWith } from './matrix.ts'
import { manyFiles } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(180_000)

await matrixWith(libtorrent)

await suiteWith([libtorrent], 'createTorrent and libtorrent', () => {
  test('libtorrent downloads what we made a torrent of', async () => {
    await using ground = await Ground.create()
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    await writePayload(manyFiles, source)
    const torrent = await createTorrent(join(source, manyFiles.name)).result
    const seed = await torrential.seed(ground, { torrent, directory: source })
    const leech = await libtorrent.leech(ground, { torrent, directory: target, peers: [seed.address] })
    await leech.done()
    await leech.stop()
    await comparePayload(manyFiles, target, { lenient: true })
  })
})
