import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createSession } from '@torrential/session'
import { createTorrent } from '@torrential/storage'
import { expect, jest, test } from '@jest/globals'
import { comparePayload, Ground, libtorrent, makeTorrent, torrential, writePayload } from '../src/index.ts'
import { matrixWith } from './matrix.ts'
import { manyFiles, singleFile } from './payloads.ts'
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

await suiteWith([libtorrent], 'a stream of what nobody selected', () => {
  test('comes from a libtorrent seed, which is still connected for the next one', async () => {
    await using ground = await Ground.create()
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    await writePayload(singleFile, source)
    const torrent = makeTorrent(singleFile).bytes
    const seed = await libtorrent.seed(ground, { torrent, directory: source })
    await using session = await createSession({ host: ground.host, port: 0 })
    const leech = await session.add(torrent, {
      path: target,
      peers: [seed.address],
      trackers: false,
      select: () => false,
    })
    const content = await readFile(join(source, singleFile.name))
    const peers = new Set<unknown>()
    for (const start of [0, Math.floor(content.length / 2)]) {
      const bytes = await buffer(leech.files[0]!.stream({ start, end: start + 100_000 }))
      expect(Buffer.compare(bytes, content.subarray(start, start + 100_000))).toBe(0)
      for (const peer of leech.peers) peers.add(peer)
    }
    expect(peers.size).toBe(1)
    expect(leech.isComplete).toBe(false)
  })
})
