// The hashes of a piece's blocks as they are on disk (BEP 52): what peers ask for, and what tells which blocks of a piece that failed
// are wrong. Read a part at a time, so that the longest piece takes no more memory than the shortest.

import type { Storage } from '@torrential/contracts'
import { type FileTrees, MerkleHasher } from '@torrential/metainfo'
import type { PieceIndex } from '@torrential/primitives'

const part = 1024 * 1024

export class BlockHasher {
  readonly #trees: FileTrees
  readonly #storage: Storage

  constructor(trees: FileTrees, storage: Storage) {
    this.#trees = trees
    this.#storage = storage
  }

  /** 32 bytes for each block, padded with zeros to a power of two. @throws StorageError */
  async leaves(piece: PieceIndex): Promise<Uint8Array | undefined> {
    const file = this.#trees.fileOf(piece)
    if (file === undefined) return undefined
    const { pieceLength } = this.#trees.geometry
    const hasher = new MerkleHasher(2 ** file.pieceLayer)
    // What lies behind the end of the file is no part of its tree.
    const length = Math.min(pieceLength, file.length - (piece - file.firstPiece) * pieceLength)
    for (let at = 0; at < length; at += part) {
      hasher.update(await this.#storage.read(piece, at, Math.min(part, length - at)))
    }
    return hasher.leaves()
  }
}
