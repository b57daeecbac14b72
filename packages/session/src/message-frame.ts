// Blocks lie in the read cache as they are sent: each behind the head of its `piece` message, so that a row of blocks is one view
// for whoever asks for it.

import { BLOCK_LENGTH } from '@torrential/primitives'
import { encodePieceHead, PIECE_HEAD_LENGTH } from '@torrential/protocol'
import type { BlockFrame } from '@torrential/storage'

/** A `piece` message around each block. */
export const MESSAGE_FRAME: BlockFrame = {
  block: BLOCK_LENGTH,
  lead: PIECE_HEAD_LENGTH,
  write: (into, at, piece, offset, length) => encodePieceHead(into, at, piece, offset, length),
}

/** Bytes of a whole block with its frame. */
export const FRAMED_LENGTH = BLOCK_LENGTH + PIECE_HEAD_LENGTH
