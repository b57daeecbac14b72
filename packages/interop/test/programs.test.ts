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
import { manyFiles } from './payloads.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(120_000)

for (const other of [aria2, transmission, webtorrent]) {
  await suiteWith([libtorrent, other], `libtorrent and ${other.name}, without us`, () => {
    test.concurrent(`${other.name} downloads from libtorrent`, () => exchange(libtorrent, other))
    test.concurrent(`libtorrent downloads from ${other.name}`, () => exchange(other, libtorrent))
  })
}

async function exchange(from: Counterpart, to: Counterpart): Promise<void> {
  await using ground = await Ground.create({ namespace: from.needsNamespace || to.needsNamespace })
  const [source, target] = [await ground.folder('source'), await ground.folder('target')]
  await writePayload(manyFiles, source)
  const torrent = makeTorrent(manyFiles).bytes
  const seed = await from.seed(ground, { torrent, directory: source })
  const leech = await to.leech(ground, { torrent, directory: target, peers: [seed.address] })
  await leech.done()
  const { have, downloaded } = await leech.status()
  expect({ have: have.length > 0, downloaded: downloaded > 0 }).toEqual({ have: true, downloaded: true })
  await leech.stop()
  await comparePayload(manyFiles, target, { lenient: true })
}
