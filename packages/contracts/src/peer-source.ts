import type { AbortOptions, InfoHash, PeerAddress, PeerId } from '@torrential/primitives'

export type PeerOrigin = 'tracker' | 'dht' | 'pex' | 'lsd' | 'magnet' | 'incoming' | 'user'

export interface PeerCandidate {
  readonly address: PeerAddress
  readonly origin: PeerOrigin
  /** Known only when a tracker says so in its long form (BEP 3). */
  readonly peerId?: PeerId
}

export interface PeerSourceOptions extends AbortOptions {
  /** Our own listening port, for sources that tell others about us. 0 when we do not listen. */
  readonly port?: number
}

/** Trackers, DHT, PEX, LSD: an endless iterable of candidates; leaving the loop or the signal stops it. */
export interface PeerSource {
  peers(infoHash: InfoHash, options?: PeerSourceOptions): AsyncIterable<PeerCandidate>
}
