// Who is told of a piece when. At once whoever lacks it; whoever has it waits for nothing, and a write for each piece and peer is what
// many seeds would cost most. They hear of all that came meanwhile together with the next requests, which cost a write anyway, or after
// ten seconds.

import type { PieceIndex } from '@torrential/primitives'
import { encodeDontHave, EXTENSION_NAMES } from '@torrential/protocol'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'

/** Milliseconds. */
const PATIENCE = 10_000

export class HaveNews {
  readonly #outbox: Outbox
  readonly #peers: { values(): Iterable<Peer> }
  /** Pieces in the order in which they came. Of each peer is known how many of them it has been told of. */
  #log: PieceIndex[] = []
  #toldAt = 0

  constructor(outbox: Outbox, peers: { values(): Iterable<Peer> }) {
    this.#outbox = outbox
    this.#peers = peers
  }

  /** The peer has just been told of all that we have. */
  greeted(peer: Peer): void {
    peer.toldHaves = this.#log.length
  }

  /** We have the piece from now on. */
  gained(piece: PieceIndex): void {
    this.#log.push(piece)
    for (const peer of this.#peers.values()) if (!peer.pieces.has(piece)) this.tell(peer)
  }

  /** We have it no more: whoever was told hears that where it understands it (BEP 54). */
  lost(piece: PieceIndex): void {
    const at = this.#log.lastIndexOf(piece)
    if (at !== -1) this.#log.splice(at, 1)
    for (const peer of this.#peers.values()) {
      if (at !== -1) {
        if (peer.toldHaves <= at) continue
        peer.toldHaves--
      }
      const id = peer.extensions.get(EXTENSION_NAMES.dontHave)
      if (id === undefined || id === 0) continue
      this.#outbox.send(peer.key, { type: 'extended', id, payload: encodeDontHave(piece) })
    }
  }

  /** Something goes out to the peer anyway. */
  tell(peer: Peer): void {
    const from = peer.toldHaves
    const owed = this.#log.length - from
    if (owed === 0) return
    peer.toldHaves = this.#log.length
    if (owed === 1) this.#outbox.send(peer.key, { type: 'have', piece: this.#log[from] as PieceIndex })
    else this.#outbox.push({ type: 'send-haves', peer: peer.key, pieces: this.#log.slice(from) })
  }

  tellAll(): void {
    for (const peer of this.#peers.values()) {
      this.tell(peer)
      peer.toldHaves = 0
    }
    this.#log = []
  }

  /** To be called about once a second. */
  second(now: number): void {
    if (now - this.#toldAt < PATIENCE) return
    this.#toldAt = now
    this.tellAll()
  }
}
