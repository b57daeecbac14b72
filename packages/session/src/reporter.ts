// Turns what the driver sees into events, for the torrent's readers and the session's. What is costly or frequent is made only
// when somebody subscribed to it.

import type { EngineEvent } from '@torrential/engine'
import { type EventHub, keep, type PieceIndex, type TorrentialError } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { Peer } from './peer.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { SessionEvent } from './session-events.ts'
import type { Torrent } from './torrent.ts'
import type { PeerStateEvent, TorrentEvent } from './torrent-events.ts'

export class Reporter {
  readonly #torrent: Torrent
  readonly #hub: EventHub<TorrentEvent>
  readonly #sessionHub: EventHub<SessionEvent>

  constructor(torrent: Torrent, hub: EventHub<TorrentEvent>, sessionHub: EventHub<SessionEvent>) {
    this.#torrent = torrent
    this.#hub = hub
    this.#sessionHub = sessionHub
  }

  /** To the torrent's readers and to the session's. */
  emit(event: TorrentEvent): void {
    this.#hub.emit(event)
    this.#sessionHub.emit(event)
  }

  wants(type: TorrentEvent['type']): boolean {
    return this.#hub.wants(type) || this.#sessionHub.wants(type)
  }

  piece(piece: PieceIndex, have: number, of: number): void {
    if (this.wants('piece')) this.emit({ type: 'piece', torrent: this.#torrent, piece, have, of })
  }

  peerState(event: EngineEvent, connection: PeerConnection | undefined): void {
    if (connection === undefined) return
    const change = peerChange(event)
    if (change !== undefined && this.wants('peer-state')) {
      this.emit({ type: 'peer-state', torrent: this.#torrent, peer: connection.peer, ...change })
    }
  }

  connected(connection: PeerConnection): void {
    this.emit({ type: 'peer-connected', torrent: this.#torrent, peer: connection.peer })
  }

  disconnected(connection: PeerConnection, error: TorrentialError | undefined): void {
    const reason = error?.code ?? 'CONNECTION_CLOSED'
    this.emit({ type: 'peer-disconnected', torrent: this.#torrent, peer: connection.peer, reason, error })
  }

  received({ peer }: PeerConnection, messages: readonly Message[], bytes: number): void {
    this.#bytes(peer, 'in', bytes)
    if (!this.wants('message')) return
    for (const message of messages) {
      // Whoever reads events may look at the block at any time.
      if (message.type === 'piece') keep(message.block)
      this.emit({ type: 'message', torrent: this.#torrent, peer, direction: 'in', message })
    }
  }

  sent({ peer }: PeerConnection, message: Message, bytes: number): void {
    this.#bytes(peer, 'out', bytes)
    if (!this.wants('message')) return
    if (message.type === 'piece') keep(message.block)
    this.emit({ type: 'message', torrent: this.#torrent, peer, direction: 'out', message })
  }

  /** Several messages left of which nobody wants to know more. */
  sentBytes({ peer }: PeerConnection, bytes: number): void {
    this.#bytes(peer, 'out', bytes)
  }

  #bytes(peer: Peer, direction: 'in' | 'out', bytes: number): void {
    if (bytes > 0 && this.wants('peer-bytes')) {
      this.emit({ type: 'peer-bytes', torrent: this.#torrent, peer, direction, bytes })
    }
  }
}

function peerChange(event: EngineEvent): Pick<PeerStateEvent, 'change' | 'by'> | undefined {
  switch (event.type) {
    case 'choked':
    case 'unchoked':
      return { change: event.type, by: event.by }
    case 'interested':
    case 'not-interested':
      return { change: event.type, by: 'peer' }
    case 'snubbed':
    case 'banned':
      return { change: event.type, by: 'us' }
    case 'extension-handshake':
    case 'waste':
    case 'block':
    case 'piece-layer':
    case 'endgame':
    case 'finished':
      return undefined
    default:
      event satisfies never
      return undefined
  }
}
