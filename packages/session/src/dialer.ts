// Outgoing connections of all torrents: a bounded number half-open at once, and a bounded number started each second, because
// a burst of SYNs is what home routers fall over. A torrent asks for one dial at a time and gets an established peer or an error.

import PQueue from 'p-queue'
import type { ByteStream, Transport } from '@torrential/contracts'
import {
  type Clock,
  type InfoHash,
  isTorrentialError,
  type PeerAddress,
  type PeerId,
  withAbort,
} from '@torrential/primitives'
import type { Capabilities } from '@torrential/protocol'
import { DialPace } from './dial-pace.ts'
import { greet } from './handshaker.ts'
import { DEFAULTS } from './options.ts'
import type { EstablishedPeer } from './peer-connection.ts'
import type { SwarmIdentity } from './swarm-identity.ts'

export interface Dialed {
  readonly established: EstablishedPeer
  readonly capabilities: Capabilities
}

export class Dialer {
  readonly #transport: Transport
  readonly #parts: { readonly clock: Clock; readonly peerId: PeerId }
  readonly #queue = new PQueue({ concurrency: DEFAULTS.dialsAtOnce })
  // Not the queue's own interval: that one keeps a timer for a second after the last dial, also when the session is closed.
  readonly #pace: DialPace

  constructor(parts: { readonly transport: Transport; readonly clock: Clock; readonly peerId: PeerId }) {
    this.#transport = parts.transport
    this.#parts = parts
    this.#pace = new DialPace(parts.clock, DEFAULTS.dialsPerSecond, DEFAULTS.dialBurst)
  }

  /** By one of the torrent's names. @throws PeerError of the dial or the handshake; the signal's reason */
  dial(
    address: PeerAddress,
    swarm: { readonly name: InfoHash; readonly identity: SwarmIdentity },
    signal: AbortSignal,
  ): Promise<Dialed> {
    // The signal is looked at inside the task: the queue would have one more listener on it until its turn comes.
    const connected = this.#queue.add(() => this.#connect(address, signal))
    // A peer that is silent after it was reached keeps nobody from being dialed: it is not half-open any more.
    const dialed = connected.then((stream) => this.#greet(address, stream, swarm, signal))
    // A torrent that stops does not wait until the queue comes to its dials.
    return withAbort(dialed, signal)
  }

  async #connect(address: PeerAddress, signal: AbortSignal): Promise<ByteStream> {
    await this.#pace.turn(signal)
    try {
      const stream = await this.#transport.dial(address, { timeout: DEFAULTS.dialTimeout, signal })
      this.#pace.answered()
      return stream
    } catch (error) {
      if (isTorrentialError(error) && error.code === 'DIAL_REFUSED') this.#pace.answered()
      throw error
    }
  }

  async #greet(
    address: PeerAddress,
    stream: ByteStream,
    swarm: { readonly name: InfoHash; readonly identity: SwarmIdentity },
    signal: AbortSignal,
  ): Promise<Dialed> {
    const { wire, remote, capabilities } = await greet(stream, swarm, this.#parts, signal)
    return { established: { wire, stream, peerId: remote.peerId, incoming: false, address }, capabilities }
  }

  /** Forgets what has not begun; every torrent has been stopped before. */
  close(): void {
    this.#queue.clear()
  }
}
