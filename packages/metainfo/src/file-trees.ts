// Where the merkle tree of each file lies among the pieces of a v2 or hybrid torrent (BEP 52), and which piece layers are known.
// Layers of a torrent that came from a magnet link arrive later, from peers; everything that needs a piece's hash asks here, so a
// layer counts for all of them from the moment it is added. Nothing is added that does not hash to its file's root.

import { BLOCK_LENGTH, equalBytes, type Geometry, InputError, type PieceIndex, toLatin1 } from '@torrential/primitives'
import { HASH_LENGTH, merkleRoot, powerOfTwoFrom } from './merkle.ts'
import type { HashRange } from './merkle-proof.ts'
import type { Metainfo } from './metainfo.ts'

/** A file that has bytes, and so a tree. */
export interface TreeFile {
  /** Index in the torrent's files. */
  readonly file: number
  /** 32 bytes: what peers name the file by. */
  readonly piecesRoot: Uint8Array
  /** The root in latin1: what piece layers are kept under. */
  readonly key: string
  /** bytes */
  readonly length: number
  readonly firstPiece: PieceIndex
  readonly pieceCount: number
  /** Layer of the pieces' hashes, 0 being the blocks; of a file that fits into one piece the layer of the root. */
  readonly pieceLayer: number
  /** Layer of the root. */
  readonly rootLayer: number
}

/** What it takes of a torrent. */
export type TreeSource = Pick<Metainfo, 'geometry' | 'files' | 'pieceLayers'>

/** Most hashes to ask for at once (BEP 52: larger requests may be rejected). */
export const MOST_HASHES = 512

/** The trees of one torrent. */
export class FileTrees {
  readonly geometry: Geometry
  /** In the torrent's order. */
  readonly files: readonly TreeFile[]
  readonly #layers: Map<string, Uint8Array>
  readonly #byRoot = new Map<string, TreeFile[]>()
  /** 1 + the index in `files` of the file that each piece belongs to. */
  readonly #ofPiece: Uint32Array

  constructor({ geometry, files, pieceLayers }: TreeSource) {
    this.geometry = geometry
    this.#layers = new Map(pieceLayers)
    this.#ofPiece = new Uint32Array(geometry.pieceCount)
    const trees: TreeFile[] = []
    for (const { index, length, pad, piecesRoot } of files) {
      if (pad || length === 0 || piecesRoot === undefined) continue
      const { start, end } = geometry.piecesOf(index)
      const tree = treeOf(geometry, index, length, piecesRoot)
      trees.push(tree)
      this.#ofPiece.fill(trees.length, start, end)
      const twins = this.#byRoot.get(tree.key)
      if (twins === undefined) this.#byRoot.set(tree.key, [tree])
      else twins.push(tree)
    }
    this.files = trees
  }

  /** The files with this root, which is one unless files have the same content; empty for a root of no file. */
  withRoot(piecesRoot: Uint8Array): readonly TreeFile[] {
    return this.#byRoot.get(toLatin1(piecesRoot)) ?? []
  }

  /** The file that a piece belongs to; `undefined` for a piece that is nothing but padding, as an odd hybrid may have. */
  fileOf(piece: PieceIndex): TreeFile | undefined {
    return this.files[(this.#ofPiece[piece] as number) - 1]
  }

  /** The piece layer of a file: 32 bytes for each piece; `undefined` when it is not known yet. A view: do not change it. */
  layerOf(file: TreeFile): Uint8Array | undefined {
    return file.pieceCount === 1 ? file.piecesRoot : this.#layers.get(file.key)
  }

  /** The root of a piece's own tree, 32 bytes; `undefined` when the piece layer of its file is not known yet. */
  pieceHash(piece: PieceIndex): Uint8Array | undefined {
    const file = this.fileOf(piece)
    if (file === undefined) return undefined
    const start = (piece - file.firstPiece) * HASH_LENGTH
    return this.layerOf(file)?.subarray(start, start + HASH_LENGTH)
  }

  /** Files whose piece layer is not known yet, one for each root. */
  get incomplete(): TreeFile[] {
    return [...this.#byRoot.values()].map(([first]) => first as TreeFile).filter((file) => !this.layerOf(file))
  }

  /** Layers that are known, of files longer than a piece, by root in latin1: what a .torrent holds as `piece layers`. */
  get pieceLayers(): ReadonlyMap<string, Uint8Array> {
    return this.#layers
  }

  /** @throws InputError `TORRENT_PIECE_LAYER` unless `hashes` are the piece layer of the file */
  add(file: TreeFile, hashes: Uint8Array): void {
    const isWhole = hashes.length === file.pieceCount * HASH_LENGTH && file.pieceCount > 1
    if (!isWhole || !equalBytes(merkleRoot(hashes, file.pieceLayer), file.piecesRoot)) {
      throw new InputError('TORRENT_PIECE_LAYER', `file ${file.file} is not what its piece layer hashes to`)
    }
    this.#layers.set(file.key, hashes)
  }
}

/**
 * What to ask peers for to get the piece layer of a file, as libtorrent does: 512 hashes at a time, at the end as many as there
 * may be, each with the proof up to the root.
 */
export function layerRanges(file: TreeFile): HashRange[] {
  const ranges: HashRange[] = []
  const width = powerOfTwoFrom(file.pieceCount)
  for (let index = 0; index < file.pieceCount; index += MOST_HASHES) {
    const length = Math.min(MOST_HASHES, Math.max(2, powerOfTwoFrom(file.pieceCount - index)))
    ranges.push({ baseLayer: file.pieceLayer, index, length, proofLayers: Math.log2(width) - 1 })
  }
  return ranges
}

function treeOf(geometry: Geometry, file: number, length: number, piecesRoot: Uint8Array): TreeFile {
  const { start, end } = geometry.piecesOf(file)
  const rootLayer = Math.log2(powerOfTwoFrom(Math.ceil(length / BLOCK_LENGTH)))
  return {
    file,
    piecesRoot,
    key: toLatin1(piecesRoot),
    length,
    // An empty file has no tree.
    firstPiece: geometry.piece(start) as PieceIndex,
    pieceCount: end - start,
    pieceLayer: Math.min(rootLayer, Math.log2(geometry.pieceLength / BLOCK_LENGTH)),
    rootLayer,
  }
}
