// The hashes that we can give: piece layers and what lies above them, always; what lies below, for pieces whose blocks were
// hashed lately. Trees are built when somebody asks and the last ones are kept, so a torrent of which nobody wants hashes costs
// nothing.

import {
  type FileTrees,
  HASH_LENGTH,
  type HashRange,
  MerkleTree,
  proveRange,
  type TreeFile,
} from '@torrential/metainfo'
import { LazyMap, equalBytes, type PieceIndex } from '@torrential/primitives'

/** Bytes of upper trees that are kept: a file of half a million pieces. One is kept whatever its size. */
const MOST_TREE_BYTES = 16 * 1024 * 1024
/** Bytes of hashes of blocks that are kept: those of 512 MiB of data. */
const MOST_BLOCK_BYTES = 1024 * 1024

export class HashArchive {
  readonly #trees: FileTrees
  readonly #upper = new RecentTrees(MOST_TREE_BYTES)
  readonly #lower = new RecentTrees(MOST_BLOCK_BYTES)

  constructor(trees: FileTrees) {
    this.#trees = trees
  }

  /** True when the hashes of the piece's blocks are here. */
  knows(piece: PieceIndex): boolean {
    return this.#lower.has(piece)
  }

  /** Takes the hashes of a piece's blocks, padded. False when they are not those of the piece. */
  add(piece: PieceIndex, leaves: Uint8Array): boolean {
    const hash = this.#trees.pieceHash(piece)
    if (hash === undefined || leaves.length === 0 || leaves.length % HASH_LENGTH !== 0) return false
    const tree = new MerkleTree(leaves)
    if (!equalBytes(tree.root, hash)) return false
    this.#lower.set(piece, tree, leaves.length)
    return true
  }

  /**
   * The answer to a request, or undefined when it has to be rejected. `piece` is the one in which a range below the piece layer
   * lies.
   */
  answer(file: TreeFile, range: HashRange, piece: PieceIndex | undefined): Uint8Array | undefined {
    const upper = this.#upperTree(file)
    const lower = piece === undefined ? undefined : this.#lower.get(piece)
    const inFile = (piece ?? 0) - file.firstPiece
    return proveRange(range, {
      rootLayer: file.rootLayer,
      hash: (layer, index) => {
        if (layer >= file.pieceLayer) return upper?.hash(layer, index)
        return lower?.hash(layer, index - inFile * 2 ** (file.pieceLayer - layer))
      },
    })
  }

  #upperTree(file: TreeFile): MerkleTree | undefined {
    const known = this.#upper.get(file.key)
    const layer = this.#trees.layerOf(file)
    if (known !== undefined || layer === undefined) return known
    const tree = new MerkleTree(layer, file.pieceLayer)
    this.#upper.set(file.key, tree, layer.length)
    return tree
  }
}

/** The trees used last, up to so many bytes. */
class RecentTrees {
  readonly #most: number
  readonly #trees = new LazyMap<PieceIndex | string, { readonly tree: MerkleTree; readonly bytes: number }>()
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  has(key: PieceIndex | string): boolean {
    return this.#trees.has(key)
  }

  get(key: PieceIndex | string): MerkleTree | undefined {
    const entry = this.#trees.get(key)
    if (entry === undefined) return undefined
    // Set anew, so that the order of the map is the order of use.
    this.#trees.delete(key)
    this.#trees.set(key, entry)
    return entry.tree
  }

  set(key: PieceIndex | string, tree: MerkleTree, bytes: number): void {
    this.#bytes += bytes - (this.#trees.get(key)?.bytes ?? 0)
    this.#trees.delete(key)
    this.#trees.set(key, { tree, bytes })
    for (const [oldest, entry] of this.#trees) {
      if (this.#bytes <= this.#most || this.#trees.size === 1) return
      this.#trees.delete(oldest)
      this.#bytes -= entry.bytes
    }
  }
}
