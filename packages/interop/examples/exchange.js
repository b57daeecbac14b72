// libtorrent seeds, we download, every byte is compared. Says so and ends when libtorrent is not installed.
import {
  comparePayload,
  Ground,
  libtorrent,
  makeTorrent,
  missingPrograms,
  payloadLength,
  torrential,
  writePayload,
} from '@torrential/interop'

const missing = await missingPrograms([libtorrent])
if (missing.length > 0) {
  console.log(`not run: ${missing.join('; ')}`)
} else {
  await exchange({ name: 'file.bin', length: 8_000_000, pieceLength: 65_536, seed: 1 })
}

async function exchange(payload) {
  const ground = await Ground.create()
  try {
    const [source, target] = [await ground.folder('source'), await ground.folder('target')]
    await writePayload(payload, source)
    const torrent = makeTorrent(payload).bytes
    const seed = await libtorrent.seed(ground, { torrent, directory: source })
    const leech = await torrential.leech(ground, { torrent, directory: target, peers: [seed.address] })
    await leech.done()
    await leech.stop()
    await comparePayload(payload, target)
    console.log(`${payloadLength(payload)} bytes came from libtorrent, every one as it should be`)
  } finally {
    await ground[Symbol.asyncDispose]()
  }
}
