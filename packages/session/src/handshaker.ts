// The two ways in which a byte stream becomes an established peer. Both end with a Wire whose handshake is done, or with a
// closed stream and a typed error; there is no third state.

import type { ByteStream } from '@torrential/contracts'
import type { Clock, InfoHash, PeerId } from '@torrential/primitives'
import { giveBack, PeerError } from '@torrential/primitives'
import type { Capabilities, Handshake } from '@torrential/protocol'
import { connectWire, Wire } from '@torrential/wire'
import { DEFAULTS } from './options.ts'
import { agreed, answerName, capabilitiesOf, type SwarmIdentity } from './swarm-identity.ts'

export interface HandshakeParts {
  readonly clock: Clock
  readonly peerId: PeerId
}

export interface Shaken {
  readonly wire: Wire
  readonly remote: Handshake
  /** What both sides can do. */
  readonly capabilities: Capabilities
}

/** Our side dialed: we speak first, by one of the torrent's names. @throws PeerError */
export async function greet(
  stream: ByteStream,
  swarm: { readonly name: InfoHash; readonly identity: SwarmIdentity },
  parts: HandshakeParts,
  signal: AbortSignal,
): Promise<Shaken> {
  const { name, identity } = swarm
  const greeting = { infoHash: name, peerId: parts.peerId, capabilities: capabilitiesOf(identity) }
  const alternatives = identity.v2 === undefined ? [] : [identity.v2]
  const { wire, remote } = await shake(stream, parts, (fresh) =>
    fresh.handshake(greeting, { signal, timeout: DEFAULTS.handshakeTimeout, alternatives }),
  )
  return { wire, remote, capabilities: agreed(identity, remote.capabilities, remote.infoHash) }
}

/** They dialed: they speak first, and name the torrent. @throws PeerError `HANDSHAKE_UNKNOWN_TORRENT` and others */
export async function answer(
  stream: ByteStream,
  identify: (infoHash: InfoHash) => Promise<SwarmIdentity | undefined>,
  parts: HandshakeParts,
  signal: AbortSignal,
): Promise<Shaken> {
  let capabilities: Capabilities | undefined
  const { wire, remote } = await shake(stream, parts, (fresh) =>
    fresh.accept(
      async (theirs) => {
        const identity = await identify(theirs.infoHash)
        if (identity === undefined) return undefined
        const infoHash = answerName(identity, theirs)
        capabilities = agreed(identity, theirs.capabilities, infoHash)
        return { infoHash, peerId: parts.peerId, capabilities: capabilitiesOf(identity) }
      },
      { signal, timeout: DEFAULTS.handshakeTimeout },
    ),
  )
  // The callback has run: without its answer there is no handshake.
  return { wire, remote, capabilities: capabilities as Capabilities }
}

async function shake(
  stream: ByteStream,
  parts: HandshakeParts,
  exchange: (wire: Wire) => Promise<Handshake>,
): Promise<{ readonly wire: Wire; readonly remote: Handshake }> {
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
