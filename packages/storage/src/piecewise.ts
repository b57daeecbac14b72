// A run of bytes that may go on in the pieces behind its first, piece by piece.

import type { Geometry, PieceIndex } from '@torrential/primitives'

/** What a run has in one piece. */
export interface PiecePart {
  readonly piece: PieceIndex
  readonly offset: number
  readonly length: number
}

/** The parts of a run of `length` bytes that begins at `offset` of `piece`, in order; none when it is empty. */
export function* piecewise(
  { pieceLength }: Geometry,
  piece: PieceIndex,
  offset: number,
  length: number,
): Generator<PiecePart> {
  let from = offset
  let left = length
  for (let index = piece; left > 0; index = (index + 1) as PieceIndex) {
    const take = Math.min(left, pieceLength - from)
    yield { piece: index, offset: from, length: take }
    left -= take
    from = 0
  }
}
