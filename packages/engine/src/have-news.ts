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
  #toldAt = 0

  constructor(outbox: Outbox, peers: { values(): Iterable<Peer> }) {
    this.#outbox = outbox
    this.#peers = peers
  }

  /** We have the piece from now on. */
  gained(piece: PieceIndex): void {
    const message = { type: 'have', piece } as const
    for (const peer of this.#peers.values()) {
      if (peer.pieces.has(piece)) peer.owedHaves.push(piece)
      else this.#outbox.send(peer.key, message)
    }
  }

  /** We have it no more: whoever was told hears that where it understands it (BEP 54). */
  lost(piece: PieceIndex): void {
    for (const peer of this.#peers.values()) {
      const owed = peer.owedHaves.indexOf(piece)
      if (owed >= 0) {
        peer.owedHaves.splice(owed, 1)
        continue
      }
      const id = peer.extensions.get(EXTENSION_NAMES.dontHave)
      if (id === undefined || id === 0) continue
      this.#outbox.send(peer.key, { type: 'extended', id, payload: encodeDontHave(piece) })
    }
  }

  /** Something goes out to the peer anyway. */
  tell(peer: Peer): void {
    if (peer.owedHaves.length === 0) return
    for (const piece of peer.owedHaves) this.#outbox.send(peer.key, { type: 'have', piece })
    peer.owedHaves = []
  }

  tellAll(): void {
    for (const peer of this.#peers.values()) this.tell(peer)
  }

  /** To be called about once a second. */
  second(now: number): void {
    if (now - this.#toldAt < PATIENCE) return
    this.#toldAt = now
    this.tellAll()
  }
}
