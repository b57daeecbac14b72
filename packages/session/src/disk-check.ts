// Finds out which pieces are on disk: from a resume record when the files still look as it says, by hashing otherwise. Hashing
// happens in threads that read the files themselves; here only verdicts arrive.

import type { Metainfo } from '@torrential/metainfo'
import { digestPlan } from '@torrential/metainfo'
import type { Bitfield, Geometry, PieceIndex } from '@torrential/primitives'
import { checkPieces, FilePieceHasher, type FileStorage } from '@torrential/storage'

export interface DiskCheckParts {
  readonly metainfo: Metainfo
  readonly storage: FileStorage
  /** Every piece in turn; also those that were known before. */
  readonly verdict: (piece: PieceIndex, good: boolean) => void
  /** Now and then, and once at the end. */
  readonly progress: (done: number, of: number) => void
}

/** How many times a check tells of its progress. */
const steps = 100

/** @throws StorageError when the disk cannot be read; the signal's reason */
export async function hashDisk(parts: DiskCheckParts, signal: AbortSignal): Promise<void> {
  const { metainfo, storage } = parts
  const { geometry } = metainfo
  const plan = digestPlan(metainfo)
  const hasher = new FilePieceHasher({ layout: storage, plan })
  const every = Math.max(1, Math.floor(geometry.pieceCount / steps))
  let done = 0
  for await (const { piece, ok } of checkPieces({ hasher, plan, pieces: allPieces(geometry) }, { signal })) {
    parts.verdict(piece, ok)
    done++
    if (done % every === 0 || done === geometry.pieceCount) parts.progress(done, geometry.pieceCount)
  }
}

/** Believes `have`. */
export function believe(parts: DiskCheckParts, have: Bitfield): void {
  for (const index of have) parts.verdict(index as PieceIndex, true)
  parts.progress(have.length, have.length)
}

function* allPieces(geometry: Geometry): Generator<PieceIndex> {
  for (let index = 0; index < geometry.pieceCount; index++) yield index as PieceIndex
}
