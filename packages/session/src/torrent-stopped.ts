// Why a torrent that takes no part in its swarm has no connections, the same wherever one ends for it: those who wait for a peer put
// its address back instead of counting a failure.

import { PeerError } from '@torrential/primitives'

/** The reason of connections, dials and handshakes that a stopped torrent ends. */
export function torrentStopped(): PeerError {
  return new PeerError('TORRENT_STOPPED', 'the torrent is not running')
}
