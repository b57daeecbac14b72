// Pieces whose blocks the driver is asked to hash where they lie on disk: few at a time, each once, however many ask for it.

import { LazySet } from '@torrential/primitives'
import type { PieceIndex } from '@torrential/primitives'
import type { Outbox } from './outbox.ts'

/** Pieces that are being hashed at a time: a read and a hash of the whole piece each. */
const MOST_AT_ONCE = 2

export class BlockHashing {
  readonly #outbox: Outbox
  readonly #running = new LazySet<PieceIndex>()
  readonly #waiting = new LazySet<PieceIndex>()

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  want(piece: PieceIndex): void {
    if (this.#running.has(piece)) return
    this.#waiting.add(piece)
    this.#next()
  }

  /** The driver has answered. */
  done(piece: PieceIndex): void {
    if (this.#running.delete(piece)) this.#next()
  }

  #next(): void {
    for (const piece of this.#waiting) {
      if (this.#running.size >= MOST_AT_ONCE) return
      this.#waiting.delete(piece)
      this.#running.add(piece)
      this.#outbox.push({ type: 'hash-blocks', piece })
    }
  }
}
