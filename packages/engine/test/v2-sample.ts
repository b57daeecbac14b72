// A v2 or hybrid torrent of one file whose blocks are those of `SwarmBench.bytes`, with all of its trees.

import { createHash } from 'node:crypto'
import { FileTrees, HASH_LENGTH, MerkleTree } from '@torrential/metainfo'
import { BLOCK_LENGTH, Geometry, type PieceIndex, toLatin1 } from '@torrential/primitives'
import type { HashesMessage, HashRequestMessage } from '@torrential/protocol'

export interface V2Sample {
  /** Of the whole file, from the blocks up. */
  readonly tree: MerkleTree
  /** 32 bytes a piece. */
  readonly layer: Uint8Array
  /** Fresh each time; without the layer it is a magnet link's. */
  trees(layer?: 'known' | 'missing'): FileTrees
  /** Hashes of the blocks of a piece, `wrong` ones spoilt. */
  leaves(piece: PieceIndex, wrong?: readonly number[]): Uint8Array
  /** The right answer. */
  answer(request: HashRequestMessage): HashesMessage
}

export function v2Sample(pieces: number, blocks = 2, kind: 'v2' | 'hybrid' = 'v2'): V2Sample {
  const hashes = new Uint8Array(pieces * blocks * HASH_LENGTH)
  for (let piece = 0; piece < pieces; piece++) {
    for (let block = 0; block < blocks; block++) {
      hashes.set(sha256(new Uint8Array(BLOCK_LENGTH).fill(piece + block)), (piece * blocks + block) * HASH_LENGTH)
    }
  }
  const tree = new MerkleTree(hashes)
  const layer = tree.layer(Math.log2(blocks)) as Uint8Array
  const length = pieces * blocks * BLOCK_LENGTH
  const geometry = new Geometry(kind, blocks * BLOCK_LENGTH, [{ length }])
  const file = { index: 0, path: 'a', length, pad: false, executable: false, hidden: false, piecesRoot: tree.root }
  return {
    tree,
    layer,
    trees: (state = 'known') => {
      const pieceLayers = new Map(state === 'known' && pieces > 1 ? [[toLatin1(tree.root), layer]] : [])
      return new FileTrees({ geometry, files: [file], pieceLayers })
    },
    leaves: (piece, wrong = []) => {
      const leaves = hashes.slice(piece * blocks * HASH_LENGTH, (piece + 1) * blocks * HASH_LENGTH)
      for (const block of wrong) leaves.fill(0xee, block * HASH_LENGTH, (block + 1) * HASH_LENGTH)
      return leaves
    },
    answer: (request) => ({ ...request, type: 'hashes', hashes: tree.hashes(request) as Uint8Array }),
  }
}

/** Other hashes than the right ones. */
export function lie(message: HashesMessage): HashesMessage {
  return { ...message, hashes: message.hashes.map((byte) => byte ^ 1) }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
