// What a peer may say that brings neither side anything: a budget that time refills. Everything with a limit of its own (blocks,
// requests, rejects, hashes) and everything that can be said once only (a piece that the peer has) is free, so that an honest peer
// never notices; who floods us with the rest is out of patience within a second, whatever it floods us with.

import type { Message } from '@torrential/protocol'
import { EXTENSION_IDS } from './extension-ids.ts'
import type { Peer } from './peer.ts'

/** A reader that seeks cancels some 500 requests at once: sixteen seeks. */
const BURST = 8_000
/** Per second. */
const REFILL = 100
/** Of a cancel, or of a metadata message, of which a large info dictionary needs thousands. */
const CHEAP = 1
const USUAL = 4
/** An extension handshake is parsed, and everybody who watches is told. */
const HANDSHAKE = 40
/** A bitfield that comes again is looked at piece by piece, a payload is carried here for nothing. */
const BYTES_PER_POINT = 128

export class Patience {
  #left = BURST
  #at: number

  constructor(now: number) {
    this.#at = now
  }

  /** False when nothing is left. */
  spend(cost: number, now: number): boolean {
    if (cost === 0) return true
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) * REFILL) / 1_000) - cost
    this.#at = now
    return this.#left >= 0
  }
}

/** What a message costs the patience with its sender. */
export function costOf(message: Message, peer: Peer): number {
  switch (message.type) {
    case 'piece':
    case 'request':
    case 'reject':
    case 'hash-request':
    case 'hashes':
    case 'hash-reject':
      return 0
    case 'have':
      return peer.pieces.has(message.piece) ? USUAL : 0
    case 'bitfield':
      return peer.hasShownPieces ? USUAL + message.bitfield.length / BYTES_PER_POINT : 0
    case 'cancel':
      return CHEAP
    case 'extended':
      return extensionCost(message.id) + message.payload.length / BYTES_PER_POINT
    case 'unknown':
      return USUAL + message.payload.length / BYTES_PER_POINT
    default:
      return USUAL
  }
}

function extensionCost(id: number): number {
  if (id === 0) return HANDSHAKE
  return id === EXTENSION_IDS.metadata ? CHEAP : USUAL
}
