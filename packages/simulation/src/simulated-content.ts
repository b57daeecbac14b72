// The torrent's bytes without the bytes: every right block of a length is one shared array, every wrong one another. A piece
// is right when no block of it is wrong, which stands for its hash; the engine's own digests see real, different bytes.

import { BLOCK_LENGTH } from '@torrential/primitives'

const right = new Uint8Array(BLOCK_LENGTH).fill(1)
const wrong = new Uint8Array(BLOCK_LENGTH).fill(2)

export function rightBlock(length: number): Uint8Array {
  return right.subarray(0, length)
}

export function wrongBlock(length: number): Uint8Array {
  return wrong.subarray(0, length)
}

export function isRight(block: Uint8Array): boolean {
  return block[0] === 1
}
