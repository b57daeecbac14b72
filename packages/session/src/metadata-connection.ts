// One connection while the metadata is fetched: a receive loop into the fetch, and nothing else. It can be handed on, open and
// with everything the peer has said, to whoever downloads the torrent.

import type { PeerInfo } from '@torrential/engine'
import { type Clock, isTorrentialError, PeerError, type PeerKey, type TorrentialError } from '@torrential/primitives'
import type { Capabilities, Message } from '@torrential/protocol'
import type { Dialed } from './dialer.ts'
import { MessageTap } from './message-tap.ts'
import { Peer, type PeerLink } from './peer.ts'
import type { EstablishedPeer } from './peer-connection.ts'
import type { Meeting } from './peer-intake.ts'

export interface MetadataConnectionOwner {
  readonly clock: Clock
  received(connection: MetadataConnection, messages: readonly Message[]): void
  closed(connection: MetadataConnection, error: TorrentialError | undefined): void
}

export class MetadataConnection implements PeerLink, Meeting {
  readonly key: PeerKey
  readonly peer: Peer
  readonly #established: EstablishedPeer
  readonly #capabilities: Capabilities
  readonly #owner: MetadataConnectionOwner
  readonly #tap: MessageTap
  readonly #since: number
  #over = false

  constructor(key: PeerKey, { established, capabilities }: Dialed, owner: MetadataConnectionOwner) {
    this.key = key
    this.#established = established
    this.#capabilities = capabilities
    this.#owner = owner
    this.#tap = new MessageTap(established.wire.receive())
    this.#since = owner.clock.now()
    this.peer = new Peer(this)
  }

  /** What its handshake told. */
  get info(): PeerInfo {
    const { peerId, address, incoming } = this.#established
    return { peerId, address, incoming, capabilities: this.#capabilities }
  }

  get address(): EstablishedPeer['address'] {
    return this.#established.address
  }

  get peerId(): EstablishedPeer['peerId'] {
    return this.#established.peerId
  }

  get incoming(): boolean {
    return this.#established.incoming
  }

  /** The address of an incoming connection is not one to dial. */
  get dialable(): EstablishedPeer['address'] | undefined {
    return this.incoming ? undefined : this.address
  }

  get via(): string {
    return this.#established.stream.via
  }

  get age(): number {
    return this.#owner.clock.now() - this.#since
  }

  get bytesIn(): number {
    return this.#established.wire.bytesIn
  }

  get bytesOut(): number {
    return this.#established.wire.bytesOut
  }

  /** Nothing is known of choking and pieces yet. */
  snapshot(): undefined {
    return undefined
  }

  start(): void {
    this.#receive().then(
      () => this.close(undefined),
      (error: unknown) => this.close(asPeerError(error)),
    )
  }

  send(message: Message): void {
    if (!this.#over) this.#established.wire.send(message)
  }

  /** Idempotent, and without effect once handed on. Without an error the peer has simply gone. */
  close(error: TorrentialError | undefined): void {
    if (this.#over) return
    this.#over = true
    void this.#established.wire.close(error instanceof PeerError ? error : undefined)
    this.#owner.closed(this, error)
  }

  /** The open connection for somebody else; undefined when it cannot be used any more. */
  handOn(): Dialed | undefined {
    if (this.#over || !this.#tap.isWhole) return undefined
    this.#over = true
    const established = { ...this.#established, greeted: true, messages: this.#tap.release() }
    return { established, capabilities: this.#capabilities }
  }

  async #receive(): Promise<void> {
    for (;;) {
      const batch = await this.#tap.next()
      if (batch === undefined || this.#over) return
      this.#owner.received(this, batch)
    }
  }
}

function asPeerError(error: unknown): TorrentialError {
  if (isTorrentialError(error)) return error
  return new PeerError('CONNECTION_FAILED', 'the connection broke', { cause: error })
}
