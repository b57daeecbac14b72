// Peers that took part in a piece that passed. A piece that failed goes to one peer alone, and to one of these first: whoever never
// sent anything that was right may hold it up without sending, or spoil it once more.

import type { PeerKey } from '@torrential/primitives'
import type { Peer } from './peer.ts'

/** A peer that takes longer for a piece, in seconds, keeps nobody else from it. */
const SOON_ENOUGH = 20

export class ProvenPeers {
  readonly #peers: ReadonlyMap<PeerKey, Peer>
  #list: readonly Peer[] = []
  #listedAt = Number.NEGATIVE_INFINITY

  constructor(peers: ReadonlyMap<PeerKey, Peer>) {
    this.#peers = peers
  }

  /** One of them could send the piece of `length` bytes within a short time. Peers are looked through once a millisecond at the most. */
  canServe(piece: number, length: number, now: number): boolean {
    if (now !== this.#listedAt) {
      this.#listedAt = now
      this.#list = [...this.#peers.values()].filter(({ isProven }) => isProven)
    }
    return this.#list.some((peer) => {
      if (peer.isClosed || peer.isSnubbed || !peer.canServe(piece)) return false
      return peer.bestRate * SOON_ENOUGH >= length
    })
  }
}
