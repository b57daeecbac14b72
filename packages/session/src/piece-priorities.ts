// From what users say about files to what the engine needs about pieces: a piece is as urgent as its most wanted file.

import type { Geometry } from '@torrential/primitives'

/** One priority per piece, 0 (skip) … 7, from one per file of the geometry. Padding wants nothing. */
export function piecePriorities(geometry: Geometry, filePriorities: Uint8Array): Uint8Array {
  const priorities = new Uint8Array(geometry.pieceCount)
  for (let file = 0; file < geometry.files.length; file++) {
    const priority = geometry.files[file]?.pad === true ? 0 : (filePriorities[file] as number)
    if (priority === 0) continue
    const { start, end } = geometry.piecesOf(file)
    for (let piece = start; piece < end; piece++) {
      if ((priorities[piece] as number) < priority) priorities[piece] = priority
    }
  }
  return priorities
}
