// Compares pieces on disk with what they must be: the recheck, as a stream of verdicts.

import type { PieceHasher } from '@torrential/contracts'
import type { DigestPlan } from '@torrential/metainfo'
import { expectedDigest } from '@torrential/metainfo'
import type { AbortOptions, PieceIndex } from '@torrential/primitives'
import { equalBytes } from '@torrential/primitives'

export interface CheckPiecesParts {
  readonly hasher: PieceHasher
  /** `digestPlan(metainfo)`; the same that the hasher works by. */
  readonly plan: DigestPlan
  /** Which pieces, e.g. all: `allPieces(geometry)`. */
  readonly pieces: Iterable<PieceIndex>
}

/** What became of a piece. */
export interface PieceVerdict {
  readonly piece: PieceIndex
  /** It is there, and it is right. */
  readonly ok: boolean
  /** Its bytes are all there, right or wrong. */
  readonly present: boolean
}

/**
 * Each of `pieces` once, in any order. Leaving the loop stops the work.
 * @throws StorageError as the hasher's; the signal's reason
 */
export async function* checkPieces(
  parts: CheckPiecesParts,
  options?: AbortOptions,
): AsyncGenerator<PieceVerdict, void, undefined> {
  const { hasher, plan, pieces } = parts
  for await (const { piece, digest } of hasher.hash(pieces, options)) {
    const ok = digest !== undefined && equalBytes(digest, expectedDigest(plan, piece))
    yield { piece, ok, present: digest !== undefined }
  }
}
