// Compares pieces on disk with what they must be: the recheck, as a stream of verdicts.

import type { PieceHash, PieceHasher } from '@torrential/contracts'
import type { DigestPlan } from '@torrential/metainfo'
import { expectedDigest } from '@torrential/metainfo'
import type { AbortOptions, PieceIndex } from '@torrential/primitives'
import { equalBytes } from '@torrential/primitives'
import type { FilePieceHasher } from './file-piece-hasher.ts'

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
  { hasher, plan, pieces }: CheckPiecesParts,
  options?: AbortOptions,
): AsyncGenerator<PieceVerdict, void, undefined> {
  for await (const hash of hasher.hash(pieces, options)) yield verdictOf(hash, plan)
}

/** The same, as many at a time as the hasher finishes together. */
export async function* checkBatches(
  { hasher, plan, pieces }: CheckPiecesParts & { readonly hasher: FilePieceHasher },
  options?: AbortOptions,
): AsyncGenerator<readonly PieceVerdict[], void, undefined> {
  for await (const batch of hasher.batches(pieces, options)) yield batch.map((hash) => verdictOf(hash, plan))
}

function verdictOf({ piece, digest }: PieceHash, plan: DigestPlan): PieceVerdict {
  const ok = digest !== undefined && equalBytes(digest, expectedDigest(plan, piece))
  return { piece, ok, present: digest !== undefined }
}
