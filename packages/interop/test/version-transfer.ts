// One transfer of a torrent of any version between two programs, from the .torrent or from a magnet link by one or both names.
import { join } from 'node:path'
import { formatMagnet, type MetainfoVersion, parseTorrent } from '@torrential/metainfo'
import { createTorrent } from '@torrential/storage'
import {
  comparePayload,
  type Counterpart,
  Ground,
  type Payload,
  type RunningPeer,
  torrential,
  transmission4,
  writePayload,
} from '../src/index.ts'

type Name = 'infoHashV1' | 'infoHashV2'

export interface VersionTransfer {
  readonly from: Counterpart
  readonly to: Counterpart
  readonly version: MetainfoVersion
  /** The names in the magnet link that the leech gets; without any it gets the .torrent. */
  readonly names?: readonly Name[]
}

/** Ends when the leech has every byte. @throws Error with what both sides said */
export async function transferVersion(payload: Payload, { from, to, version, names }: VersionTransfer): Promise<void> {
  await using ground = await Ground.create({ namespace: from.needsNamespace || to.needsNamespace })
  const [source, target] = [await ground.folder('source'), await ground.folder('target')]
  await writePayload(payload, source)
  const { pieceLength } = payload
  const bytes = await createTorrent(join(source, payload.name), { version, pieceLength }).result
  const known = parseTorrent(bytes)
  const magnet = names && formatMagnet(Object.fromEntries(names.map((name) => [name, known[name]])))
  const seed =
    from === transmission4
      ? await fetched(ground, bytes, source)
      : await from.seed(ground, { torrent: bytes, directory: source })
  const peers = [seed.address]
  const leech = await to.leech(ground, { torrent: bytes, directory: target, peers, ...(magnet && { magnet }) })
  try {
    await leech.done()
  } catch (error) {
    throw new Error(`${String(error)}\n${seed.output()}`, { cause: error })
  }
  await leech.stop()
  await comparePayload(payload, target, { lenient: to !== torrential })
}

/** Transmission takes padding for files, so it has all pieces of what it has fetched itself, and not of what it finds without padding. */
async function fetched(ground: Ground, torrent: Uint8Array, source: string): Promise<RunningPeer> {
  const seed = await torrential.seed(ground, { torrent, directory: source })
  const directory = await ground.folder('fetched')
  const peer = await transmission4.leech(ground, { torrent, directory, peers: [seed.address] })
  await peer.done()
  await seed.stop()
  return peer
}
