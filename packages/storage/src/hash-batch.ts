// The pieces of one message to a hashing thread, and what comes back. Flat arrays: a batch may hold a thousand small pieces.

import type { PieceIndex } from '@torrential/primitives'
import type { PieceExtent } from './piece-extent.ts'

/** How pieces are hashed: `digestPlan` of metainfo has these fields, among others. */
export interface HashPlan {
  /**
   * `sha1`: SHA-1 of the piece, padding included (v1). `merkle-sha256`: merkle root over SHA-256 of its blocks (v2, BEP 52).
   * `both`: the one and behind it the other, which leaves padding out, in one read (a new hybrid torrent).
   */
  readonly kind: 'sha1' | 'merkle-sha256' | 'both'
  /** Not for `sha1`: leaves of each piece's padded tree, powers of two. */
  readonly leafCounts: Uint32Array
}

/** Structured-cloneable. */
export interface HashBatch {
  readonly kind: HashPlan['kind']
  readonly paths: readonly string[]
  /** Three numbers for each run: index into `paths` (−1 for padding), position, length. */
  readonly runs: Float64Array
  /** Runs of each piece. */
  readonly counts: Uint32Array
  /** Leaves of each piece. */
  readonly leaves: Uint32Array
}

/** Bytes of one digest. */
export const DIGEST_LENGTHS: Readonly<Record<HashPlan['kind'], number>> = { sha1: 20, 'merkle-sha256': 32, both: 52 }

/** What a batch came to. */
export interface HashedBatch {
  /** 20, 32 or 52 bytes for each piece, one behind the other. */
  readonly digests: Uint8Array
  /** 1 for each piece whose bytes were all there. */
  readonly found: Uint8Array
}

/** Enough for a few milliseconds of hashing: the message costs nothing beside it, and progress still flows. */
const BATCH_BYTES = 8 * 1_048_576
const BATCH_PIECES = 1_024

/** Gathers pieces until there are enough for a message. */
export class BatchBuilder {
  readonly #plan: HashPlan
  readonly #paths = new Map<string, number>()
  readonly #runs: number[] = []
  readonly #counts: number[] = []
  readonly #leaves: number[] = []
  /** The pieces of the batch, in order. */
  readonly pieces: PieceIndex[] = []
  bytes = 0

  constructor(plan: HashPlan) {
    this.#plan = plan
  }

  get isFull(): boolean {
    return this.bytes >= BATCH_BYTES || this.pieces.length >= BATCH_PIECES
  }

  add(piece: PieceIndex, extents: readonly PieceExtent[]): void {
    for (const { path, position, length } of extents) {
      this.#runs.push(path === undefined ? -1 : this.#indexOf(path), position, length)
      this.bytes += length
    }
    this.pieces.push(piece)
    this.#counts.push(extents.length)
    this.#leaves.push(this.#plan.leafCounts[piece] ?? 1)
  }

  build(): HashBatch {
    return {
      kind: this.#plan.kind,
      paths: [...this.#paths.keys()],
      runs: Float64Array.from(this.#runs),
      counts: Uint32Array.from(this.#counts),
      leaves: Uint32Array.from(this.#leaves),
    }
  }

  #indexOf(path: string): number {
    const known = this.#paths.get(path)
    if (known !== undefined) return known
    this.#paths.set(path, this.#paths.size)
    return this.#paths.size - 1
  }
}
