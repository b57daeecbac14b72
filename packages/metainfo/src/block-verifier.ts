// Verifies single blocks of v2 and hybrid torrents (BEP 52), so that a wrong block is known, and its sender, as it arrives and not
// when its piece is complete. The hashes of blocks are in no .torrent: peers are asked for them, piece by piece, and believed when
// they lead up to the piece's own hash. Until then the answer is 'unknown' and the whole piece has to be verified as ever.
//
// It holds 32 bytes for each block of the pieces whose hashes have come, until `forget`. In a hybrid the padding behind a file is
// part of the piece but not of the tree: it has to be zeros.

import { LazyMap, BLOCK_LENGTH, equalBytes, type PieceIndex } from '@torrential/primitives'
import { type FileTrees, MOST_HASHES, type TreeFile } from './file-trees.ts'
import { HASH_LENGTH, sha256 } from './merkle.ts'
import { type HashRange, verifyHashes } from './merkle-proof.ts'

/** What is known about a block. */
export type BlockVerdict = 'right' | 'wrong' | 'unknown'

/** A hash request to send: the fields of the message of BEP 52. */
export interface BlockHashRequest extends HashRange {
  /** 32 bytes: names the file. */
  readonly piecesRoot: Uint8Array
}

interface KnownPiece {
  readonly hashes: Uint8Array
  /** 1 for each range of `MOST_HASHES` hashes that has come. */
  readonly ranges: Uint8Array
}

/** Blocks of one torrent. */
export class BlockVerifier {
  readonly #trees: FileTrees
  readonly #pieces = new LazyMap<PieceIndex, KnownPiece>()

  /** @param trees of the torrent; pieces whose layer is not known yet are 'unknown' until it is added there */
  constructor(trees: FileTrees) {
    this.#trees = trees
  }

  /**
   * What to ask peers for before blocks of `piece` can be verified: nothing when that is known, when it has one block, and
   * while the piece layer of its file is not known.
   */
  requests(piece: PieceIndex): readonly BlockHashRequest[] {
    const file = this.#trees.fileOf(piece)
    const leaves = leavesOf(file)
    if (file === undefined || leaves === 1 || this.#trees.pieceHash(piece) === undefined) return []
    const { piecesRoot } = file
    const length = Math.min(leaves, MOST_HASHES)
    const proofLayers = leaves > length ? Math.log2(leaves) - 1 : 0
    const first = (piece - file.firstPiece) * leaves
    const known = this.#pieces.get(piece)?.ranges
    const requests: BlockHashRequest[] = []
    for (let range = 0; range < leaves / length; range++) {
      if (known?.[range] === 1) continue
      requests.push({ piecesRoot, baseLayer: 0, index: first + range * length, length, proofLayers })
    }
    return requests
  }

  /**
   * Takes the answer to one of `requests(piece)`. False when it is not what was asked for or a lie; then nothing of it is kept.
   * Taking an answer twice changes nothing.
   */
  accept(piece: PieceIndex, range: HashRange, hashes: Uint8Array): boolean {
    const file = this.#trees.fileOf(piece)
    const hash = this.#trees.pieceHash(piece)
    if (file === undefined || hash === undefined) return false
    const leaves = leavesOf(file)
    const length = Math.min(leaves, MOST_HASHES)
    const inFile = piece - file.firstPiece
    const at = range.index - inFile * leaves
    if (leaves === 1 || range.baseLayer !== 0 || range.length !== length || at < 0 || at >= leaves) return false
    if (!verifyHashes(range, hashes, { layer: Math.log2(leaves), index: inFile, hash })) return false
    const held = this.#pieces.get(piece) ?? {
      hashes: new Uint8Array(leaves * HASH_LENGTH),
      ranges: new Uint8Array(leaves / length),
    }
    held.hashes.set(hashes.subarray(0, length * HASH_LENGTH), at * HASH_LENGTH)
    held.ranges[at / length] = 1
    this.#pieces.set(piece, held)
    return true
  }

  /** Whether `bytes` are the block at `offset` (a multiple of 16 KiB) of `piece`; longer or shorter blocks are wrong. */
  verify(piece: PieceIndex, offset: number, bytes: Uint8Array): BlockVerdict {
    const wanted = Math.min(BLOCK_LENGTH, this.#trees.geometry.lengthOf(piece) - offset)
    if (offset % BLOCK_LENGTH !== 0 || bytes.length !== wanted) return 'wrong'
    const data = Math.max(0, Math.min(wanted, dataIn(this.#trees, piece) - offset))
    if (data < wanted && bytes.subarray(data).some((byte) => byte !== 0)) return 'wrong'
    if (data === 0) return 'right'
    const hash = this.#hashOf(piece, offset / BLOCK_LENGTH)
    if (hash === undefined) return 'unknown'
    return equalBytes(sha256(bytes.subarray(0, data)), hash) ? 'right' : 'wrong'
  }

  /** True when every block of the piece can be verified. */
  knows(piece: PieceIndex): boolean {
    const leaves = leavesOf(this.#trees.fileOf(piece))
    if (leaves === 1) return this.#trees.pieceHash(piece) !== undefined
    return this.#pieces.get(piece)?.ranges.every((come) => come === 1) ?? false
  }

  /**
   * The blocks of a piece that are wrong, by number. `leaves` are the hashes of its blocks as they are, as `MerkleHasher.leaves`
   * gives them. Undefined while the right ones are not all known.
   */
  differing(piece: PieceIndex, leaves: Uint8Array): number[] | undefined {
    const wrong: number[] = []
    for (let block = 0; block < this.#trees.geometry.blocksIn(piece); block++) {
      // Behind the end of the file there is only padding.
      if (block * BLOCK_LENGTH >= dataIn(this.#trees, piece)) break
      const right = this.#hashOf(piece, block)
      if (right === undefined) return undefined
      const start = block * HASH_LENGTH
      if (!equalBytes(leaves.subarray(start, start + HASH_LENGTH), right)) wrong.push(block)
    }
    return wrong
  }

  /** Lets go of the hashes of a piece, once it is there. */
  forget(piece: PieceIndex): void {
    this.#pieces.delete(piece)
  }

  #hashOf(piece: PieceIndex, block: number): Uint8Array | undefined {
    if (leavesOf(this.#trees.fileOf(piece)) === 1) return this.#trees.pieceHash(piece)
    const known = this.#pieces.get(piece)
    if (known === undefined || known.ranges[Math.floor(block / MOST_HASHES)] !== 1) return undefined
    return known.hashes.subarray(block * HASH_LENGTH, (block + 1) * HASH_LENGTH)
  }
}

/** Leaves of the padded tree of each piece of a file. */
function leavesOf(file: TreeFile | undefined): number {
  return 2 ** (file?.pieceLayer ?? 0)
}

/** Bytes of the piece that are not padding. */
function dataIn(trees: FileTrees, piece: PieceIndex): number {
  const file = trees.fileOf(piece)
  if (file === undefined) return 0
  const { length, firstPiece } = file
  const { pieceLength } = trees.geometry
  return Math.min(pieceLength, length - (piece - firstPiece) * pieceLength)
}
