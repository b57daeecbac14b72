// Asks a session for the hashes of every block it has, so that what it keeps of them is all there at each look: an archive that fills
// by and by for longer than a day (`@torrential/engine`, at most 1 MiB a torrent) cannot be told from one that leaks.

import { parseTorrent } from '@torrential/metainfo'
import {
  BLOCK_LENGTH,
  createPeerId,
  fromHex,
  infoHashV2From,
  peerAddress,
  truncateInfoHash,
} from '@torrential/primitives'
import type { HashRequestMessage } from '@torrential/protocol'
import type { Session, Torrent } from '@torrential/session'
import { connectWire, Wire } from '@torrential/wire'
import type { SoakWorld } from './soak-world.ts'

const CAPABILITIES = { extensions: true, fast: true, dht: false, v2: true }

/** Of a v2 torrent whose files are all longer than a piece. Rejects when a hash is not given. */
export async function askForAllHashes(world: SoakWorld, session: Session, torrent: Torrent): Promise<void> {
  const { clock } = world
  const host = session.addresses[0]?.host ?? ''
  await using transport = world.network.transport()
  const stream = await transport.dial(peerAddress(host, session.port))
  await using wire = new Wire({ clock })
  connectWire(wire, stream, { clock })
  const infoHash = truncateInfoHash(infoHashV2From(fromHex(torrent.infoHashV2 ?? '')))
  await wire.handshake({ infoHash, peerId: createPeerId(world.dice), capabilities: CAPABILITIES })
  const requests = requestsOf(torrent)
  for (const request of requests) wire.send(request)
  let answers = 0
  for await (const batch of wire.receive()) {
    for (const { type } of batch) {
      if (type === 'hash-reject') throw new Error('the hash of a block was refused')
      if (type === 'hashes' && ++answers === requests.length) return
    }
  }
  throw new Error(`${answers} of ${requests.length} hashes came`)
}

function requestsOf(torrent: Torrent): HashRequestMessage[] {
  const { files, geometry } = parseTorrent(torrent.torrentFile)
  const { pieceLength } = geometry
  const length = pieceLength / BLOCK_LENGTH
  return files.flatMap((file) => {
    const { piecesRoot } = file
    if (piecesRoot === undefined) return []
    return Array.from({ length: Math.ceil(file.length / pieceLength) }, (_, piece): HashRequestMessage => {
      return { type: 'hash-request', piecesRoot, baseLayer: 0, index: piece * length, length, proofLayers: 0 }
    })
  })
}
