// The torrent's bytes without the bytes: every right block of a length is one shared array, every wrong one another. A piece
// is right when no block of it is wrong, which stands for its hash; the engine's own digests see real, different bytes. The
// merkle trees of v2 are real ones.

import { createHash } from 'node:crypto'
import { FileTrees, HASH_LENGTH, MerkleTree } from '@torrential/metainfo'
import { BLOCK_LENGTH, type Geometry, toLatin1 } from '@torrential/primitives'

const right = new Uint8Array(BLOCK_LENGTH).fill(1)
const wrong = new Uint8Array(BLOCK_LENGTH).fill(2)

export function rightBlock(length: number): Uint8Array {
  return right.subarray(0, length)
}

export function wrongBlock(length: number): Uint8Array {
  return wrong.subarray(0, length)
}

const rightHash = createHash('sha256').update(right).digest()
const wrongHash = createHash('sha256').update(wrong).digest()

/** Hashes of `count` blocks, 32 bytes each, of which those for which `isWrong` holds are wrong. */
export function blockHashes(count: number, isWrong: (block: number) => boolean = () => false): Uint8Array {
  const hashes = new Uint8Array(count * HASH_LENGTH)
  for (let block = 0; block < count; block++) hashes.set(isWrong(block) ? wrongHash : rightHash, block * HASH_LENGTH)
  return hashes
}

/** Trees of a torrent of one file of whole pieces; without the piece layer they are those of a magnet link. */
export function simulatedTrees(geometry: Geometry, layer: 'known' | 'missing'): FileTrees {
  const { length, pieceLength } = geometry
  const tree = new MerkleTree(blockHashes(length / BLOCK_LENGTH))
  const pieces = tree.layer(Math.log2(pieceLength / BLOCK_LENGTH))
  const file = { index: 0, path: 'file', length, pad: false, executable: false, hidden: false, piecesRoot: tree.root }
  const isKnown = layer === 'known' && length > pieceLength && pieces !== undefined
  return new FileTrees({
    geometry,
    files: [file],
    pieceLayers: new Map(isKnown ? [[toLatin1(tree.root), pieces]] : []),
  })
}

export function isRight(block: Uint8Array): boolean {
  return block[0] === 1
}
