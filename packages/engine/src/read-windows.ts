/** Half-open range of pieces. */
export interface PieceRange {
  readonly start: number
  readonly end: number
}

/** Pieces that a reader needs soon, the first one soonest. Close it when the reader is done. */
export interface ReadWindow {
  move(range: PieceRange, now: number): void
  close(now: number): void
}
