// The two ways in which a byte stream becomes an established peer. Both end with a Wire whose handshake is done, or with a
// closed stream and a typed error; there is no third state.

import type { ByteStream } from '@torrential/contracts'
import type { Clock, InfoHash, PeerId } from '@torrential/primitives'
import { giveBack, PeerError } from '@torrential/primitives'
import type { Capabilities, Handshake } from '@torrential/protocol'
import { connectWire, Wire } from '@torrential/wire'
import { DEFAULTS } from './options.ts'

/** What we can do, as the handshake's reserved bytes tell it (BEP 6, 10). */
export const CAPABILITIES: Capabilities = { extensions: true, fast: true, dht: false, v2: false }

/** What both sides can do: a bit that only one of them has set means nothing. */
export function agreed({ extensions, fast, dht, v2 }: Capabilities): Capabilities {
  return {
    extensions: extensions && CAPABILITIES.extensions,
    fast: fast && CAPABILITIES.fast,
    dht: dht && CAPABILITIES.dht,
    v2: v2 && CAPABILITIES.v2,
  }
}

export interface HandshakeParts {
  readonly clock: Clock
  readonly peerId: PeerId
}

export interface Shaken {
  readonly wire: Wire
  readonly remote: Handshake
}

/** Our side dialed: we speak first. @throws PeerError */
export async function greet(
  stream: ByteStream,
  infoHash: InfoHash,
  parts: HandshakeParts,
  signal: AbortSignal,
): Promise<Shaken> {
  return shake(stream, parts, (wire) =>
    wire.handshake(
      { infoHash, peerId: parts.peerId, capabilities: CAPABILITIES },
      { signal, timeout: DEFAULTS.handshakeTimeout },
    ),
  )
}

/** They dialed: they speak first, and name the torrent. @throws PeerError `HANDSHAKE_UNKNOWN_TORRENT` and others */
export async function answer(
  stream: ByteStream,
  serves: (infoHash: InfoHash) => boolean,
  parts: HandshakeParts,
  signal: AbortSignal,
): Promise<Shaken> {
  return shake(stream, parts, (wire) =>
    wire.accept(
      ({ infoHash }) => (serves(infoHash) ? { infoHash, peerId: parts.peerId, capabilities: CAPABILITIES } : undefined),
      { signal, timeout: DEFAULTS.handshakeTimeout },
    ),
  )
}

async function shake(
  stream: ByteStream,
  parts: HandshakeParts,
  exchange: (wire: Wire) => Promise<Handshake>,
): Promise<Shaken> {
  const wire = new Wire({ clock: parts.clock })
  // Blocks that we upload lie in slabs of the read cache; nobody else hands a block of ours to two wires.
  connectWire(wire, stream, { left: giveBack })
  try {
    const remote = await exchange(wire)
    if (Buffer.compare(remote.peerId, parts.peerId) === 0) {
      throw new PeerError('PEER_SELF', 'this address is our own', { address: stream.remote })
    }
    return { wire, remote }
  } catch (error) {
    void wire.close()
    throw error
  }
}
