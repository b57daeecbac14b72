// What one engine leaves to the next of pieces that are not complete. Nothing of it has been verified, and nobody is to blame for it:
// what is wrong costs its piece and no more. Of a piece that is written in runs most is on disk already, and only where it lies is
// handed on; the next engine reads it back when the rest has come.

import { BLOCK_LENGTH, type PieceIndex } from '@torrential/primitives'
import type { Downloads } from './downloads.ts'
import { FREE, HERE, type PartialPiece, WRITING, WRITTEN } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'

/** A block in memory; `offset` in its piece, a multiple of 16 KiB. */
export interface HeldBlock {
  readonly offset: number
  readonly block: Uint8Array
}

/** Bytes of a piece, from one block's start to another's end: `[start, end)`. */
export interface HeldRange {
  readonly start: number
  readonly end: number
}

/** What is here of a piece that is not complete. */
export interface HeldPiece {
  readonly piece: PieceIndex
  /** What is on disk, ascending, gapless ranges as one. */
  readonly written: readonly HeldRange[]
  /** What is in memory, ascending; disjoint from `written`. */
  readonly blocks: Iterable<HeldBlock>
}

/** The same of a live engine: shows what is here at the moment of looking, and nothing once the piece is complete or given up. */
export interface OpenPiece extends HeldPiece {
  /** When it was first asked for, or taken over from an earlier engine. */
  readonly begunAt: number
}

export class CarryOver {
  readonly #swarm: Swarm
  readonly #downloads: Downloads

  constructor(swarm: Swarm, downloads: Downloads) {
    this.#swarm = swarm
    this.#downloads = downloads
  }

  /** See `SwarmEngine.heldPieces`. */
  held(): OpenPiece[] {
    const { store, geometry } = this.#swarm
    return Array.from(store.values())
      .filter(({ isCommitting, isSuspect }) => !isCommitting && !isSuspect)
      .toSorted((one, other) => one.missing - other.missing)
      .map((partial) => new LivePiece(partial, geometry.paddingStart(partial.piece)))
      .filter(({ isEmpty }) => !isEmpty)
  }

  /** See `SwarmEngine.restorePiece`. */
  restore({ piece, written, blocks }: HeldPiece, now: number): boolean {
    const { selection, store, picker, geometry } = this.#swarm
    if (!selection.needs(piece) || store.get(piece) !== undefined) return false
    const inRuns = written.length > 0 || this.#swarm.writesInRuns(geometry.lengthOf(piece))
    const partial = store.open(piece, inRuns, now)
    for (const { start, end } of written) {
      partial.restoreWritten(Math.floor(start / BLOCK_LENGTH), Math.ceil(end / BLOCK_LENGTH))
    }
    for (const held of blocks) this.#take(partial, held)
    if (partial.isUntouched) {
      store.close(partial)
      return false
    }
    store.refile(partial)
    picker.refile(piece)
    this.#swarm.hasNewWork = true
    this.#downloads.advance(partial)
    return true
  }

  /** At most half of the credit goes to such blocks, since they may lie for long. */
  #take(partial: PartialPiece<Peer>, { offset, block }: HeldBlock): void {
    const { ledger } = this.#swarm
    const { used, budget } = ledger.credit
    const index = offset / BLOCK_LENGTH
    if (used + block.length > budget / 2 || partial.stateOf(index) !== FREE) return
    if (ledger.arriveUnasked(block.length)) partial.receive(index, block, undefined)
  }
}

class LivePiece implements OpenPiece {
  readonly #partial: PartialPiece<Peer>
  readonly #padding: number

  constructor(partial: PartialPiece<Peer>, padding: number) {
    this.#partial = partial
    this.#padding = padding
  }

  get piece(): PieceIndex {
    return this.#partial.piece
  }

  get begunAt(): number {
    return this.#partial.openedAt
  }

  get isEmpty(): boolean {
    return this.#partial.heldBytes === 0 && this.written.length === 0
  }

  get written(): readonly HeldRange[] {
    const ranges: { start: number; end: number }[] = []
    const { inRuns, isCommitting, blockCount, length } = this.#partial
    if (!inRuns || isCommitting) return ranges
    for (let index = 0; index < blockCount; index++) {
      if (this.#partial.stateOf(index) !== WRITTEN) continue
      const start = index * BLOCK_LENGTH
      const end = Math.min(start + BLOCK_LENGTH, length)
      const last = ranges.at(-1)
      if (last?.end === start) last.end = end
      else ranges.push({ start, end })
    }
    return ranges
  }

  get blocks(): Iterable<HeldBlock> {
    return this.#blocks()
  }

  *#blocks(): Generator<HeldBlock> {
    for (let index = 0; index * BLOCK_LENGTH < this.#padding && !this.#partial.isCommitting; index++) {
      const state = this.#partial.stateOf(index)
      const block = state === HERE || state === WRITING ? this.#partial.blocks()[index] : undefined
      if (block !== undefined) yield { offset: index * BLOCK_LENGTH, block }
    }
  }
}
