// Pieces in memory on their way to a hashing thread: where their blocks lie, and not the blocks themselves.

import { BLOCK_LENGTH } from '@torrential/primitives'
import type { HashMethod } from '@torrential/contracts'

/** Structured-cloneable. */
export interface BlocksInMemory extends HashMethod {
  readonly buffers: readonly SharedArrayBuffer[]
  /** Three numbers for each block: index into `buffers`, position, length. */
  readonly spans: Uint32Array
}

/** Undefined when a thread cannot see them all, or when they are not cut as a tree is. */
export function locateBlocks(method: HashMethod, blocks: readonly Uint8Array[]): BlocksInMemory | undefined {
  const { kind, leaves } = method
  const buffers: SharedArrayBuffer[] = []
  const spans = new Uint32Array(3 * blocks.length)
  for (let index = 0; index < blocks.length; index++) {
    const { buffer, byteOffset, length } = blocks[index] as Uint8Array
    if (!(buffer instanceof SharedArrayBuffer)) return undefined
    if (kind === 'merkle-sha256' && length !== BLOCK_LENGTH && index < blocks.length - 1) return undefined
    // Blocks lie side by side: it is nearly always the last one.
    let place = buffers.lastIndexOf(buffer)
    if (place < 0) place = buffers.push(buffer) - 1
    spans[3 * index] = place
    spans[3 * index + 1] = byteOffset
    spans[3 * index + 2] = length
  }
  return { kind, leaves, buffers, spans }
}
