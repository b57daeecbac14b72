// A connected peer as users see it: a live view, not a copy. Flags say whose side they are on, as in BEP 3.

import type { PeerSnapshot } from '@torrential/engine'
import { PeerError, type PeerAddress, type PeerId, type PeerKey } from '@torrential/primitives'

/** What a Peer needs from its connection. */
export interface PeerLink {
  readonly key: PeerKey
  readonly address: PeerAddress
  readonly peerId: PeerId
  readonly incoming: boolean
  readonly via: string
  readonly bytesIn: number
  readonly bytesOut: number
  snapshot(): PeerSnapshot | undefined
  close(error: PeerError): void
}

export class Peer {
  readonly #link: PeerLink
  #last: PeerSnapshot | undefined

  constructor(link: PeerLink) {
    this.#link = link
  }

  /** Where the connection goes; of an incoming one the port is not the port it listens on. */
  get address(): PeerAddress {
    return this.#link.address
  }

  /** 20 bytes, as the peer claims. */
  get peerId(): PeerId {
    return this.#link.peerId
  }

  /** Name and version as the peer tells them (BEP 10), without control characters. */
  get client(): string | undefined {
    return this.#snapshot?.client
  }

  /** True when the peer connected to us. */
  get incoming(): boolean {
    return this.#link.incoming
  }

  /** `tcp`, `memory`, … */
  get via(): string {
    return this.#link.via
  }

  get amChoking(): boolean {
    return this.#snapshot?.amChoking ?? true
  }

  get amInterested(): boolean {
    return this.#snapshot?.amInterested ?? false
  }

  get peerChoking(): boolean {
    return this.#snapshot?.peerChoking ?? true
  }

  get peerInterested(): boolean {
    return this.#snapshot?.peerInterested ?? false
  }

  /** Bytes per second of blocks that arrive from the peer. */
  get downRate(): number {
    return this.#snapshot?.downRate ?? 0
  }

  /** Bytes per second of blocks that go to the peer. */
  get upRate(): number {
    return this.#snapshot?.upRate ?? 0
  }

  /** Bytes of blocks received. */
  get downloaded(): number {
    return this.#snapshot?.downloaded ?? 0
  }

  /** Bytes of blocks sent. */
  get uploaded(): number {
    return this.#snapshot?.uploaded ?? 0
  }

  /** Bytes of everything received, protocol included. */
  get bytesIn(): number {
    return this.#link.bytesIn
  }

  /** Bytes of everything sent, protocol included. */
  get bytesOut(): number {
    return this.#link.bytesOut
  }

  /** Pieces the peer says it has. */
  get pieces(): number {
    return this.#snapshot?.piecesCount ?? 0
  }

  /** Ends the connection; the torrent may connect again later. */
  disconnect(): void {
    this.#link.close(new PeerError('DISCONNECTED', 'disconnected by the user'))
  }

  /** After the connection ended the last known state stays readable. */
  get #snapshot(): PeerSnapshot | undefined {
    const now = this.#link.snapshot()
    if (now !== undefined) this.#last = now
    return this.#last
  }
}
