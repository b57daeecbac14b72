// Incoming connections: what a stranger may cost before we know what torrent it wants. The number of handshakes under way is
// bounded and shared out between hosts, each has its deadline, and an address can be refused before a single byte is read.

import type { ByteStream, Inbound, Listener } from '@torrential/contracts'
import {
  type Clock,
  type InfoHash,
  isTorrentialError,
  type PeerAddress,
  PeerError,
  type PeerId,
  toHex,
} from '@torrential/primitives'
import type { Dialed } from './dialer.ts'
import { answer } from './handshaker.ts'
import { DEFAULTS } from './options.ts'
import { PendingHandshakes } from './pending-handshakes.ts'
import type { SwarmIdentity } from './swarm-identity.ts'
import { torrentStopped } from './torrent-stopped.ts'

/** A torrent that takes peers in. */
export interface InboundTorrent {
  readonly identity: SwarmIdentity
  /** While it looks at what is on its disk: resolves when that is over. A peer is not answered before. */
  readonly settled?: Promise<void> | undefined
  /** It takes part in its swarm; otherwise no peer is answered. */
  readonly isJoined: boolean
  /** Takes the peer over; returns the reason when it does not want it. */
  accept(inbound: Dialed): PeerError | undefined
}

export interface InboundParts {
  readonly clock: Clock
  readonly peerId: PeerId
  /** The running torrent of that infohash (hex). */
  readonly find: (infoHash: string) => InboundTorrent | undefined
  readonly allows: (address: PeerAddress) => boolean
  readonly refused: (address: PeerAddress, reason: string) => void
}

export class InboundGate {
  readonly #parts: InboundParts
  readonly #pending: PendingHandshakes
  #isClosed = false

  constructor(parts: InboundParts) {
    this.#parts = parts
    this.#pending = new PendingHandshakes(DEFAULTS.pendingHandshakes, parts.clock)
  }

  /** Accepts until the listener is disposed. */
  async serve(listener: Listener): Promise<void> {
    // Not `for await`: its variable would hold the last connection, and the torrent that it was for, until another one comes.
    const arrivals = listener[Symbol.asyncIterator]()
    while (await this.#serveNext(arrivals));
  }

  /** Gives up the handshakes under way. */
  close(): void {
    this.#isClosed = true
    this.#pending.close(new PeerError('SESSION_CLOSED', 'the session was closed'))
  }

  async #serveNext(arrivals: AsyncIterator<Inbound>): Promise<boolean> {
    const { done, value } = await arrivals.next()
    if (done === true) return false
    this.#take(value.stream)
    return true
  }

  #take(stream: ByteStream): void {
    if (this.#isClosed) return void stream.duplex.destroy()
    if (!this.#parts.allows(stream.remote)) return this.#refuse(stream, 'PEER_FILTERED')
    const place = this.#pending.take(stream.remote.host)
    if (place === undefined) return this.#refuse(stream, 'TOO_MANY_HANDSHAKES')
    void this.#shake(stream, place.signal).finally(() => this.#pending.give(place))
  }

  async #shake(stream: ByteStream, signal: AbortSignal): Promise<void> {
    const identify = (infoHash: InfoHash) => this.#identify(toHex(infoHash))
    try {
      const { wire, remote, capabilities } = await answer(stream, identify, this.#parts, signal)
      const torrent = this.#parts.find(toHex(remote.infoHash))
      const established = { wire, stream, peerId: remote.peerId, incoming: true, address: stream.remote }
      const refused =
        torrent === undefined
          ? new PeerError('HANDSHAKE_UNKNOWN_TORRENT', 'the torrent has gone')
          : torrent.accept({ established, capabilities })
      if (refused === undefined) return
      void wire.close(refused)
      this.#parts.refused(stream.remote, refused.code)
    } catch (error) {
      this.#parts.refused(stream.remote, isTorrentialError(error) ? error.code : 'HANDSHAKE_FAILED')
    }
  }

  /** @throws PeerError `TORRENT_STOPPED` */
  async #identify(infoHash: string): Promise<SwarmIdentity | undefined> {
    // Sent away, it would come back much later than the check takes that most torrents need; the handshake's deadline stays.
    await this.#parts.find(infoHash)?.settled
    const torrent = this.#parts.find(infoHash)
    if (torrent?.isJoined === false) throw torrentStopped()
    return torrent?.identity
  }

  #refuse(stream: ByteStream, reason: string): void {
    stream.duplex.destroy()
    this.#parts.refused(stream.remote, reason)
  }
}
