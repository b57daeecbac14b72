// Pieces that readers wait for. A window is the range of pieces from where a reader stands to as far as it wants to be
// ahead; its pieces are fetched before anything else, in order, by any peer that has them.
//
// A reader starves while the piece it stands on is missing. Then two rules change: blocks of the first pieces may be asked of
// a second peer when the first one is late, and nothing outside of windows is asked for by peers that could help.

import { LazySet } from '@torrential/primitives'

/** Half-open range of pieces. */
export interface PieceRange {
  readonly start: number
  readonly end: number
  /** Block of the first piece where the reader stands: where blocks are verified one by one it need not wait for those before. @default 0 */
  readonly block?: number
}

/** Pieces that a reader needs soon, the first one soonest. Close it when the reader is done. */
export interface ReadWindow {
  /** The reader went on, or seeked. */
  move(range: PieceRange, now: number): void
  /** Idempotent. */
  close(now: number): void
}

/** How many missing pieces from the start of a window are worth asking twice. */
const URGENT_PIECES = 2
/** Milliseconds after the last reader in which the next one is expected: a player that jumps closes its stream and opens another. */
const LINGER_MS = 5_000

interface OpenWindow {
  start: number
  end: number
  block: number
  /** No missing piece of the window is below. */
  cursor: number
}

export class ReadWindows {
  readonly #windows = new LazySet<OpenWindow>()
  readonly #pieceCount: number
  readonly #isHere: (piece: number) => boolean
  #lastClosed = Number.NEGATIVE_INFINITY

  constructor(pieceCount: number, isHere: (piece: number) => boolean) {
    this.#pieceCount = pieceCount
    this.#isHere = isHere
  }

  get isEmpty(): boolean {
    return this.#windows.size === 0
  }

  /** Somebody reads, or has just stopped and may go on somewhere else. */
  areUsed(now: number): boolean {
    return !this.isEmpty || now - this.#lastClosed < LINGER_MS
  }

  /** The block of a missing piece where a reader stands; 0 when none does. */
  blockIn(piece: number): number {
    for (const { start, block } of this.#windows) if (start === piece) return block
    return 0
  }

  /**
   * `cover` is told of every piece that a window begins (1) or ceases (−1) to cover, `changed` that a window is different
   * now. A range outside of the torrent is cut to what exists.
   */
  open(
    range: PieceRange,
    cover: (piece: number, by: 1 | -1) => void,
    changed: (now: number) => void,
    now: number,
  ): ReadWindow {
    const window: OpenWindow = { start: 0, end: 0, block: 0, cursor: 0 }
    this.#windows.add(window)
    const shift = (start: number, end: number) => {
      for (let piece = start; piece < end; piece++) cover(piece, 1)
      for (let piece = window.start; piece < window.end; piece++) cover(piece, -1)
      window.start = start
      window.end = end
      window.cursor = start
    }
    const move = (to: PieceRange, at: number) => {
      if (!this.#windows.has(window)) return
      const start = this.#clamp(to.start)
      window.block = to.block ?? 0
      shift(start, Math.max(start, this.#clamp(to.end)))
      changed(at)
    }
    move(range, now)
    return {
      move,
      close: (at) => {
        if (!this.#windows.has(window)) return
        shift(0, 0)
        this.#windows.delete(window)
        this.#lastClosed = at
        changed(at)
      },
    }
  }

  /** The first piece, in each reader's order, that is missing and that `can` accepts; −1 when there is none. */
  first(can: (piece: number) => boolean): number {
    for (const window of this.#windows) {
      this.#skipHere(window)
      for (let piece = window.cursor; piece < window.end; piece++) {
        if (!this.#isHere(piece) && can(piece)) return piece
      }
    }
    return -1
  }

  /** True for a piece that a reader wants soon. */
  covers(piece: number): boolean {
    for (const { start, end } of this.#windows) if (piece >= start && piece < end) return true
    return false
  }

  /** The next `count` missing pieces of each reader. */
  ahead(count: number): number[] {
    const pieces: number[] = []
    for (const window of this.#windows) {
      this.#skipHere(window)
      let left = count
      for (let piece = window.cursor; piece < window.end && left > 0; piece++) {
        if (this.#isHere(piece)) continue
        pieces.push(piece)
        left--
      }
    }
    return pieces
  }

  /** As `first`, among the next missing pieces of starving readers only. */
  urgent(can: (piece: number) => boolean): number {
    for (const window of this.#windows) {
      if (!this.#starves(window)) continue
      let missing = 0
      for (let piece = window.cursor; piece < window.end && missing < URGENT_PIECES; piece++) {
        if (this.#isHere(piece)) continue
        if (can(piece)) return piece
        missing++
      }
    }
    return -1
  }

  /** True when a reader stands on a missing piece. */
  get isStarving(): boolean {
    for (const window of this.#windows) if (this.#starves(window)) return true
    return false
  }

  #starves(window: OpenWindow): boolean {
    return window.start < window.end && !this.#isHere(window.start)
  }

  #skipHere(window: OpenWindow): void {
    while (window.cursor < window.end && this.#isHere(window.cursor)) window.cursor++
  }

  /** A piece that was here got lost: no cursor may be past it. */
  rewind(): void {
    for (const window of this.#windows) window.cursor = window.start
  }

  #clamp(piece: number): number {
    return Number.isInteger(piece) ? Math.min(this.#pieceCount, Math.max(0, piece)) : 0
  }
}
