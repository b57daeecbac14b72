// Whether we are interested in each peer, kept exact by counting: a peer's `needed` is the number of pieces that it has and
// we need. A `have` costs one step, a piece of ours one step per peer; nobody ever compares two bitfields after connecting.

import type { Message } from '@torrential/protocol'
import type { Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'

/**
 * Milliseconds in which a reader that has all it asked for may want more. A seed that hears that we want nothing chokes us, and rejects what
 * the next reader asks for before it unchokes us again: a jump would take a round trip more.
 */
const READER_PAUSE = 5_000

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
    peer.needed = peer.pieces.isComplete ? selection.needed : selection.neededOf(peer.pieces)
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

  /** To be called about once a second. */
  review(peer: Peer, now: number): void {
    if (peer.amInterested && peer.needed === 0 && now - peer.satisfiedAt >= READER_PAUSE) this.#tell(peer, false)
  }

  #shift(peer: Peer, by: 1 | -1): void {
    peer.needed += by
    this.#refresh(peer)
  }

  #refresh(peer: Peer): void {
    const wants = peer.needed > 0
    if (wants === peer.amInterested) return
    const { now, windows, isUploadOnly } = this.#swarm
    if (wants || !peer.isSeed || isUploadOnly || !windows.areUsed(now)) this.#tell(peer, wants)
    else peer.satisfiedAt = now
  }

  #tell(peer: Peer, wants: boolean): void {
    peer.amInterested = wants
    this.#swarm.outbox.send(peer.key, wants ? INTERESTED : NOT_INTERESTED)
  }
}
