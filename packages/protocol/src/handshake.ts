// The first 68 bytes of a connection (BEP 3): protocol string, eight reserved bytes of capability bits, infohash, peer id.

import type { InfoHash, PeerId } from '@torrential/primitives'

/** Capability bits of the reserved bytes. */
export interface Capabilities {
  /** BEP 10: extension protocol. */
  readonly extensions: boolean
  /** BEP 6: fast extension. */
  readonly fast: boolean
  /** BEP 5: the peer runs a DHT node. */
  readonly dht: boolean
  /** BEP 52: the peer knows v2 of this (hybrid) torrent. */
  readonly v2: boolean
}

export interface Handshake {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly capabilities: Capabilities
  /** The eight bytes as received, 8 bytes; made from `capabilities` when absent. */
  readonly reserved?: Uint8Array
}
