// Which pieces are wanted. The user selects pieces by priority; readers want pieces for as long as their window covers them,
// selected or not. Only the selection decides when a download is finished; both decide what is fetched.

import type { Bitfield } from '@torrential/primitives'

/** Priority of a piece nobody said anything about. */
export const NORMAL_PRIORITY = 4
const HIGHEST_PRIORITY = 7

const Counts = Uint16Array

export class Selection {
  /** 0 skips a piece, 1 is low, 7 is high. */
  readonly priorities: Uint8Array
  readonly #have: Bitfield
  /** Readers that have the piece in their window. */
  readonly #readers: Uint16Array
  #selected: number
  #missing = 0
  #needed: number
  #isReadBeyond = false

  constructor(have: Bitfield) {
    this.#have = have
    this.priorities = new Uint8Array(have.length).fill(NORMAL_PRIORITY)
    this.#readers = new Counts(have.length)
    this.#selected = have.length
    this.#missing = have.length - have.count
    this.#needed = this.#missing
  }

  /** Selected pieces, had or not. */
  get selected(): number {
    return this.#selected
  }

  /** Selected pieces that we lack. */
  get missing(): number {
    return this.#missing
  }

  /** Pieces that are wanted, selected or for a reader, and that we lack. */
  get needed(): number {
    return this.#needed
  }

  /** Those of them that are among `pieces`. */
  neededOf(pieces: Bitfield): number {
    let count = 0
    for (let piece = 0; piece < pieces.length; piece++) if (pieces.has(piece) && this.needs(piece)) count++
    return count
  }

  get isFinished(): boolean {
    return this.#missing === 0
  }

  /** A reader has asked for what is not selected: others may come. */
  get isReadBeyond(): boolean {
    return this.#isReadBeyond
  }

  /** Where the piece is to be listed, 1 … 7; 0 when it is not wanted. Says nothing about whether we have it. */
  levelOf(piece: number): number {
    if ((this.#readers[piece] as number) > 0) return HIGHEST_PRIORITY
    return this.priorities[piece] as number
  }

  /** Wanted and lacking. */
  needs(piece: number): boolean {
    return this.levelOf(piece) > 0 && !this.#have.has(piece)
  }

  /** Priorities above 7 count as 7. The caller has checked the length. */
  select(priorities: Uint8Array): void {
    this.#selected = 0
    this.#missing = 0
    this.#needed = 0
    for (let piece = 0; piece < priorities.length; piece++) {
      const priority = Math.min(HIGHEST_PRIORITY, priorities[piece] as number)
      this.priorities[piece] = priority
      if (this.needs(piece)) this.#needed++
      if (priority === 0) continue
      this.#selected++
      if (!this.#have.has(piece)) this.#missing++
    }
  }

  /** A reader's window begins or ceases to cover the piece. True when its level changed. */
  cover(piece: number, by: 1 | -1): boolean {
    const before = this.levelOf(piece)
    this.#isReadBeyond ||= by > 0 && before === 0 && !this.#have.has(piece)
    this.#readers[piece] = (this.#readers[piece] as number) + by
    const after = this.levelOf(piece)
    if (!this.#have.has(piece)) this.#needed += Number(after > 0) - Number(before > 0)
    return after !== before
  }

  /** The piece was added to the bitfield, or taken out of it. */
  changed(piece: number, isHere: boolean): void {
    if (this.levelOf(piece) > 0) this.#needed += isHere ? -1 : 1
    if (this.priorities[piece] === 0) return
    this.#missing += isHere ? -1 : 1
  }
}
