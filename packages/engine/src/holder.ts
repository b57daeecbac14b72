// Peers as far as the blocks of a piece are concerned: who is asked for one, and who delivered it.

import type { PeerAddress, PeerId, PeerKey } from '@torrential/primitives'

/** Who delivered a block: remembered after the connection is gone, for smart ban. */
export interface Sender {
  readonly key: PeerKey
  readonly peerId: PeerId
  readonly address: PeerAddress
}

/** A peer as far as a piece is concerned. */
export interface Holder {
  readonly key: PeerKey
  readonly sender: Sender
}
