// How long the pieces of a new torrent are.

import { BLOCK_LENGTH, GEOMETRY_LIMITS } from '@torrential/primitives'

/** Pieces to aim for: enough to share well, few enough that the .torrent stays around 40 KB. */
const TARGET_PIECES = 2000
/** Longer pieces make slow peers share late; only sizes that would otherwise have too many pieces go beyond. */
const COMFORTABLE = 16 * 1024 * 1024

/** A power of two from 16 KiB for `totalLength` bytes: 16 MiB at most unless there would be more than 1,048,576 pieces. */
export function choosePieceLength(totalLength: number): number {
  let length = BLOCK_LENGTH
  while (totalLength / length > TARGET_PIECES && length < COMFORTABLE) length *= 2
  while (totalLength / length > GEOMETRY_LIMITS.pieces / 2 && length < GEOMETRY_LIMITS.pieceLength) length *= 2
  return length
}
