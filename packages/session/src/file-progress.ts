// Which files are complete: one counter per file of the pieces that it still misses, kept as pieces come and go.

import type { Bitfield, Geometry, PieceIndex } from '@torrential/primitives'

export class FileProgress {
  readonly #geometry: Geometry
  readonly #missing: Uint32Array

  constructor(geometry: Geometry, have: Bitfield) {
    this.#geometry = geometry
    this.#missing = new Uint32Array(geometry.files.length)
    for (let file = 0; file < geometry.files.length; file++) {
      const { start, end } = geometry.piecesOf(file)
      let missing = 0
      for (let piece = start; piece < end; piece++) if (!have.has(piece)) missing++
      this.#missing[file] = missing
    }
  }

  /** A piece has come; returns the files (indices of the geometry) that are complete by it. */
  add(piece: PieceIndex): number[] {
    const completed: number[] = []
    for (const { file } of this.#geometry.slices(piece, 0, this.#geometry.lengthOf(piece))) {
      const left = (this.#missing[file] as number) - 1
      this.#missing[file] = left
      if (left === 0) completed.push(file)
    }
    return completed
  }

  /** A piece turned out to be gone. */
  delete(piece: PieceIndex): void {
    for (const { file } of this.#geometry.slices(piece, 0, this.#geometry.lengthOf(piece))) {
      this.#missing[file] = (this.#missing[file] as number) + 1
    }
  }

  /** Pieces that a file still misses. */
  missing(file: number): number {
    return this.#missing[file] as number
  }
}
