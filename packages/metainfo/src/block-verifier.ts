// Verifies single blocks of v2 and hybrid torrents (BEP 52), so that a wrong block is known, and its sender, as it arrives and not
// when its piece is complete. The hashes of blocks are in no .torrent: peers are asked for them, piece by piece, and believed when
// they lead up to the piece's own hash. Until then the answer is 'unknown' and the whole piece has to be verified as ever.
//
// It holds 32 bytes for each block of the pieces whose hashes have come, until `forget`. In a hybrid the padding behind a file is
// part of the piece but not of the tree: it has to be zeros.

import { BLOCK_LENGTH, equalBytes, type Geometry, type PieceIndex } from '@torrential/primitives'
import { digestPlan, expectedDigest, type DigestPlan } from './digest-plan.ts'
import { HASH_LENGTH, sha256 } from './merkle.ts'
import { type HashRange, verifyHashes } from './merkle-proof.ts'
import type { Metainfo } from './metainfo.ts'

/** What is known about a block. */
export type BlockVerdict = 'right' | 'wrong' | 'unknown'

/** A hash request to send: the fields of the message of BEP 52. */
export interface BlockHashRequest extends HashRange {
  /** 32 bytes: names the file. */
  readonly piecesRoot: Uint8Array
}

/** Most hashes to ask for at once (BEP 52: larger requests may be rejected). */
const MAX_LENGTH = 512

interface KnownPiece {
  readonly hashes: Uint8Array
  /** 1 for each range of `MAX_LENGTH` hashes that has come. */
  readonly ranges: Uint8Array
}

/** Blocks of one torrent. */
export class BlockVerifier {
  readonly #metainfo: Metainfo
  readonly #geometry: Geometry
  readonly #plan: DigestPlan
  /** The file that each piece belongs to. */
  readonly #fileOf: Uint32Array
  readonly #pieces = new Map<PieceIndex, KnownPiece>()

  /** @throws InputError `TORRENT_VERSION` for v1, `TORRENT_PIECE_LAYER_MISSING` */
  constructor(metainfo: Metainfo) {
    this.#metainfo = metainfo
    this.#geometry = metainfo.geometry
    this.#plan = digestPlan(metainfo, 'merkle-sha256')
    this.#fileOf = new Uint32Array(metainfo.geometry.pieceCount)
    for (const { index, pad } of metainfo.files) {
      const { start, end } = metainfo.geometry.piecesOf(index)
      if (!pad) this.#fileOf.fill(index, start, end)
    }
  }

  /** What to ask peers for before blocks of `piece` can be verified: nothing when that is known, or when it has one block. */
  requests(piece: PieceIndex): readonly BlockHashRequest[] {
    const leaves = this.#leavesOf(piece)
    const { piecesRoot } = this.#metainfo.files[this.#fileOf[piece] as number] ?? {}
    if (leaves === 1 || piecesRoot === undefined) return []
    const length = Math.min(leaves, MAX_LENGTH)
    const proofLayers = leaves > length ? Math.log2(leaves) - 1 : 0
    const first = this.#indexInFile(piece) * leaves
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
    const leaves = this.#leavesOf(piece)
    const length = Math.min(leaves, MAX_LENGTH)
    const at = range.index - this.#indexInFile(piece) * leaves
    if (leaves === 1 || range.baseLayer !== 0 || range.length !== length || at < 0 || at >= leaves) return false
    const known = { layer: Math.log2(leaves), index: this.#indexInFile(piece), hash: expectedDigest(this.#plan, piece) }
    if (!verifyHashes(range, hashes, known)) return false
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
    const wanted = Math.min(BLOCK_LENGTH, this.#geometry.lengthOf(piece) - offset)
    if (offset % BLOCK_LENGTH !== 0 || bytes.length !== wanted) return 'wrong'
    const data = Math.max(0, Math.min(wanted, this.#dataIn(piece) - offset))
    if (data < wanted && bytes.subarray(data).some((byte) => byte !== 0)) return 'wrong'
    if (data === 0) return 'right'
    const hash = this.#hashOf(piece, offset / BLOCK_LENGTH)
    if (hash === undefined) return 'unknown'
    return equalBytes(sha256(bytes.subarray(0, data)), hash) ? 'right' : 'wrong'
  }

  /** Lets go of the hashes of a piece, once it is there. */
  forget(piece: PieceIndex): void {
    this.#pieces.delete(piece)
  }

  #hashOf(piece: PieceIndex, block: number): Uint8Array | undefined {
    if (this.#leavesOf(piece) === 1) return expectedDigest(this.#plan, piece)
    const known = this.#pieces.get(piece)
    if (known === undefined || known.ranges[Math.floor(block / MAX_LENGTH)] !== 1) return undefined
    return known.hashes.subarray(block * HASH_LENGTH, (block + 1) * HASH_LENGTH)
  }

  #leavesOf(piece: PieceIndex): number {
    return this.#plan.leafCounts[piece] as number
  }

  #indexInFile(piece: PieceIndex): number {
    return piece - this.#geometry.piecesOf(this.#fileOf[piece] as number).start
  }

  /** Bytes of the piece that are not padding. */
  #dataIn(piece: PieceIndex): number {
    const { length } = this.#metainfo.files[this.#fileOf[piece] as number] as { readonly length: number }
    const { pieceLength } = this.#geometry
    return Math.min(pieceLength, length - this.#indexInFile(piece) * pieceLength)
  }
}
