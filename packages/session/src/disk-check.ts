// Finds out which pieces are on disk: from a resume record when the files still look as it says, by hashing otherwise. Hashing
// happens in threads that read the files themselves; here only verdicts arrive.

import type { Metainfo } from '@torrential/metainfo'
import { digestPlan } from '@torrential/metainfo'
import type { Bitfield, Geometry, PieceIndex } from '@torrential/primitives'
import { checkBatches, FilePieceHasher, type FileStorage, type HashPool } from '@torrential/storage'

export interface DiskCheckParts {
  readonly metainfo: Metainfo
  readonly storage: FileStorage
  /** Threads that hash, shared by the torrents of a session. */
  readonly hashing: HashPool
  /** Every piece in turn; also those that were known before. */
  readonly verdict: (piece: PieceIndex, good: boolean) => void
  /** Now and then, and once at the end. */
  readonly progress: (done: number, of: number) => void
}

/** How many times a check tells of its progress. */
const steps = 100

/** Hashes `pieces`, or all. @throws StorageError when the disk cannot be read; the signal's reason */
export async function hashDisk(
  parts: DiskCheckParts,
  signal: AbortSignal,
  pieces: readonly PieceIndex[] = allPieces(parts.metainfo.geometry),
): Promise<void> {
  const { metainfo, storage, hashing } = parts
  const plan = digestPlan(metainfo)
  const hasher = new FilePieceHasher({ layout: storage, plan, pool: hashing })
  const every = Math.max(1, Math.floor(pieces.length / steps))
  let done = 0
  for await (const batch of checkBatches({ hasher, plan, pieces }, { signal })) {
    for (const { piece, ok } of batch) {
      parts.verdict(piece, ok)
      done++
      if (done % every === 0 || done === pieces.length) parts.progress(done, pieces.length)
    }
  }
}

/** Believes that what `have` says is there, and hashes the `doubtful` pieces, claimed or not. @throws as `hashDisk` */
export async function believe(
  parts: DiskCheckParts,
  record: { readonly have: Bitfield; readonly doubtful: ReadonlySet<number> },
  signal: AbortSignal,
): Promise<void> {
  for (const piece of record.have) if (!record.doubtful.has(piece)) parts.verdict(piece as PieceIndex, true)
  const { length } = record.have
  if (record.doubtful.size === 0) {
    parts.progress(length, length)
    return
  }
  // The first word after a start is what is believed.
  parts.progress(0, record.doubtful.size)
  const { geometry } = parts.metainfo
  const doubtful = [...record.doubtful].sort((a, b) => a - b).map((piece) => geometry.piece(piece) as PieceIndex)
  await hashDisk(parts, signal, doubtful)
}

function allPieces(geometry: Geometry): PieceIndex[] {
  return Array.from({ length: geometry.pieceCount }, (_, index) => index as PieceIndex)
}
