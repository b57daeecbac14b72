// Whether we are interested in each peer, kept exact by counting: a peer's `needed` is the number of pieces that it has and
// we need. A `have` costs one step, a piece of ours one step per peer; nobody ever compares two bitfields after connecting.

import type { Message } from '@torrential/protocol'
import type { Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'

const INTERESTED: Message = { type: 'interested' }
const NOT_INTERESTED: Message = { type: 'not-interested' }

export class Interest {
  readonly #swarm: Swarm

  constructor(swarm: Swarm) {
    this.#swarm = swarm
  }

  /** Counts anew: after a bitfield. */
  recount(peer: Peer): void {
    const { selection } = this.#swarm
    peer.needed = 0
    for (const piece of peer.pieces) if (selection.needs(piece)) peer.needed++
    this.#refresh(peer)
  }

  recountAll(): void {
    for (const peer of this.#swarm.peers.values()) this.recount(peer)
  }

  /** The peer has one piece more. */
  peerGained(peer: Peer, piece: number): void {
    if (this.#swarm.selection.needs(piece)) this.#shift(peer, 1)
  }

  /** The peer has one piece fewer. */
  peerLost(peer: Peer, piece: number): void {
    if (this.#swarm.selection.needs(piece)) this.#shift(peer, -1)
  }

  /** We need the piece from now on (1), or not any more (−1). */
  shiftAll(piece: number, by: 1 | -1): void {
    for (const peer of this.#swarm.peers.values()) if (peer.pieces.has(piece)) this.#shift(peer, by)
  }

  #shift(peer: Peer, by: 1 | -1): void {
    peer.needed += by
    this.#refresh(peer)
  }

  #refresh(peer: Peer): void {
    const wants = peer.needed > 0
    if (wants === peer.amInterested) return
    peer.amInterested = wants
    this.#swarm.outbox.send(peer.key, wants ? INTERESTED : NOT_INTERESTED)
  }
}
