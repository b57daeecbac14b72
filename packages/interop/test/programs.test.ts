// The harness itself: two programs that are not ours exchange a torrent, so a failure of another suite is not the harness's fault.
import { expect, jest, test } from '@jest/globals'
import {
  aria2,
  comparePayload,
  type Counterpart,
  Ground,
  libtorrent,
  makeTorrent,
  transmission,
  webtorrent,
  writePayload,
} from '../src/index.ts'
import { manyFiles, type singleFile } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(120_000)

const pairs: readonly (readonly [Counterpart, Counterpart])[] = [
  [libtorrent, aria2],
  [aria2, libtorrent],
  [libtorrent, transmission],
  [transmission, libtorrent],
  [libtorrent, webtorrent],
  [webtorrent, libtorrent],
]

for (const [from, to] of pairs) {
  await suiteWith([from, to], `${from.name} seeds, ${to.name} downloads`, () => {
    test.concurrent('every byte arrives', async () => {
      await using ground = await Ground.create({ namespace: from.needsNamespace || to.needsNamespace })
      await exchange(ground, from, to, manyFiles)
    })
  })
}

async function exchange(ground: Ground, from: Counterpart, to: Counterpart, payload: typeof singleFile): Promise<void> {
  const [source, target] = [await ground.folder('source'), await ground.folder('target')]
  await writePayload(payload, source)
  const torrent = makeTorrent(payload).bytes
  const seed = await from.seed(ground, { torrent, directory: source })
  const leech = await to.leech(ground, { torrent, directory: target, peers: [seed.address] })
  await leech.done()
  const { have, downloaded } = await leech.status()
  expect({ have: have.length > 0, downloaded: downloaded > 0 }).toEqual({ have: true, downloaded: true })
  await leech.stop()
  await comparePayload(payload, target, { lenient: true })
}
