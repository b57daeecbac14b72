// How many bytes are not here yet, of everything and of what is wanted, padding not counted: kept as pieces come and go, so that asking for a
// torrent's statistics costs nothing, however many pieces it has.

import type { Bitfield, Geometry, PieceIndex } from '@torrential/primitives'

export class ByteTally {
  readonly #geometry: Geometry
  readonly #have: Bitfield
  #priorities: Uint8Array
  #missing: number
  #left: number

  /** Everything is wanted. `have` is read again by `select` only. */
  constructor(geometry: Geometry, have: Bitfield) {
    this.#geometry = geometry
    this.#have = have
    this.#priorities = new Uint8Array(geometry.pieceCount).fill(1)
    this.#missing = this.#sum(() => true)
    this.#left = this.#missing
  }

  /** Bytes of all pieces that are not here. */
  get missing(): number {
    return this.#missing
  }

  /** Bytes of the wanted pieces that are not here. */
  get left(): number {
    return this.#left
  }

  /** One priority per piece; 0 is not wanted. */
  select(priorities: Uint8Array): void {
    this.#priorities = priorities
    this.#left = this.#sum((piece) => priorities[piece] !== 0)
  }

  gained(piece: PieceIndex): void {
    this.#add(piece, -this.#geometry.dataLengthOf(piece))
  }

  lost(piece: PieceIndex): void {
    this.#add(piece, this.#geometry.dataLengthOf(piece))
  }

  #add(piece: PieceIndex, bytes: number): void {
    this.#missing += bytes
    if (this.#priorities[piece] !== 0) this.#left += bytes
  }

  #sum(counts: (piece: PieceIndex) => boolean): number {
    let bytes = 0
    for (let index = 0; index < this.#geometry.pieceCount; index++) {
      const piece = index as PieceIndex
      if (!this.#have.has(piece) && counts(piece)) bytes += this.#geometry.dataLengthOf(piece)
    }
    return bytes
  }
}
