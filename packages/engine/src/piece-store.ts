// The open pieces of a torrent: those with at least one block asked for or here. Keeps the short list of pieces that still
// have free blocks, so that nobody walks over pieces that only wait.

import { LazyMap } from '@torrential/primitives'
import type { Geometry, PieceIndex } from '@torrential/primitives'
import type { Holder } from './holder.ts'
import { PartialPiece } from './partial-piece.ts'

export class PieceStore<Peer extends Holder = Holder> {
  /** Pieces with free blocks, in no order. */
  readonly withFree: PartialPiece<Peer>[] = []
  readonly #open = new LazyMap<number, PartialPiece<Peer>>()
  readonly #geometry: Geometry
  #last: PartialPiece<Peer> | undefined
  #committing = 0

  constructor(geometry: Geometry) {
    this.#geometry = geometry
  }

  /** Open pieces, committing ones included. */
  get count(): number {
    return this.#open.size
  }

  /** Pieces that wait for blocks. */
  get incomplete(): number {
    return this.#open.size - this.#committing
  }

  get committing(): number {
    return this.#committing
  }

  get(piece: number): PartialPiece<Peer> | undefined {
    if (this.#last?.piece === piece) return this.#last
    const partial = this.#open.get(piece)
    if (partial !== undefined) this.#last = partial
    return partial
  }

  values(): IterableIterator<PartialPiece<Peer>> {
    return this.#open.values()
  }

  open(piece: PieceIndex, inRuns: boolean, now: number): PartialPiece<Peer> {
    const partial = new PartialPiece<Peer>(piece, this.#geometry, inRuns, now)
    this.#open.set(piece, partial)
    this.refile(partial)
    return partial
  }

  /** Puts a piece into or takes it out of `withFree`, after its free blocks may have changed. */
  refile(partial: PartialPiece<Peer>): void {
    const belongs = partial.free > 0 && !partial.isCommitting
    if (belongs === partial.listedAt >= 0) return
    if (belongs) {
      partial.listedAt = this.withFree.push(partial) - 1
      return
    }
    const last = this.withFree.pop() as PartialPiece<Peer>
    if (last !== partial) {
      this.withFree[partial.listedAt] = last
      last.listedAt = partial.listedAt
    }
    partial.listedAt = -1
  }

  /** All blocks arrived: the piece waits for its verdict. */
  startCommit(partial: PartialPiece<Peer>): void {
    partial.isCommitting = true
    this.#committing++
    this.refile(partial)
  }

  /** The verdict was that blocks are missing after all. */
  endCommit(partial: PartialPiece<Peer>): void {
    partial.isCommitting = false
    this.#committing--
    this.refile(partial)
  }

  /** Forgets a piece: it is had, or starts over. */
  close(partial: PartialPiece<Peer>): void {
    if (!this.#open.delete(partial.piece)) return
    if (partial.isCommitting) this.#committing--
    partial.isCommitting = true
    this.refile(partial)
    if (this.#last === partial) this.#last = undefined
  }
}
