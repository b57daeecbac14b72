// Hashes pieces of files where they lie (recheck, creation). Pieces go to threads in batches, digests come back in the order
// of the batches; at most two batches per thread and one more are under way, so nothing piles up when the consumer is slow.
// Pieces whose files are missing or too short are answered without a look at the disk per piece.

import type { PieceHash, PieceHasher } from '@torrential/contracts'
import type { AbortOptions, PieceIndex } from '@torrential/primitives'
import { throwIfAborted } from '@torrential/primitives'
import { setImmediate } from 'node:timers/promises'
import type { HashedBatch, HashPlan } from './hash-batch.ts'
import { BatchBuilder } from './hash-batch.ts'
import type { HashCancel } from './hash-pool.ts'
import { createHashCancel, HashPool } from './hash-pool.ts'
import type { PieceLayout, PieceSurvey } from './piece-extent.ts'

export interface FilePieceHasherParts {
  /** Where the pieces lie: a FileStorage. */
  readonly layout: PieceLayout
  /** How they are hashed: `digestPlan(metainfo)`. */
  readonly plan: HashPlan
  /** Shared threads. @default threads of its own for each run, ended with it */
  readonly pool?: HashPool
}

export interface FilePieceHasherOptions {
  /** Threads of a run, when there is no pool. @default the cores available, at most 8 */
  readonly workers?: number
  /** Less than so many bytes are hashed without a thread. @default 4 MiB: starting a thread takes about as long */
  readonly inlineBelow?: number
}

const INLINE_BELOW = 4 * 1_048_576
/** Missing pieces answered in one go. */
const MISSING_AT_ONCE = 4_096

interface Group {
  readonly batch: BatchBuilder
  readonly missing: PieceIndex[]
  /** Nothing follows. */
  isLast: boolean
}

export class FilePieceHasher implements PieceHasher {
  readonly #parts: FilePieceHasherParts
  readonly #options: FilePieceHasherOptions

  constructor(parts: FilePieceHasherParts, options: FilePieceHasherOptions = {}) {
    this.#parts = parts
    this.#options = options
  }

  /** @throws StorageError `FILE_KIND`, `PATH_OUTSIDE`, `HASH_WORKER`, `STORAGE_CLOSED` or the system's code; the signal's reason */
  async *hash(pieces: Iterable<PieceIndex>, options?: AbortOptions): AsyncGenerator<PieceHash, void, undefined> {
    for await (const batch of this.batches(pieces, options)) yield* batch
  }

  /** The same, as many at a time as came together: for torrents of very many pieces. */
  async *batches(
    pieces: Iterable<PieceIndex>,
    options?: AbortOptions,
  ): AsyncGenerator<readonly PieceHash[], void, undefined> {
    throwIfAborted(options)
    const pool = this.#parts.pool ?? new HashPool(this.#options.workers === undefined ? {} : this.#options)
    const cancel = createHashCancel()
    const onAbort = () => pool.cancel(cancel)
    options?.signal?.addEventListener('abort', onAbort, { once: true })
    const running: Promise<readonly PieceHash[]>[] = []
    try {
      const depth = pool.workers * 2 + 1
      for await (const group of this.#groups(pieces, this.#parts.layout.survey())) {
        throwIfAborted(options)
        const isSmall = group.isLast && running.length === 0 && group.batch.bytes < this.#inlineBelow
        const result = hashGroup(group, pool, cancel, isSmall)
        // It is awaited below, but perhaps after an earlier one has failed.
        result.catch(() => {})
        running.push(result)
        if (running.length >= depth) yield await (running.shift() as Promise<readonly PieceHash[]>)
      }
      while (running.length > 0) yield await (running.shift() as Promise<readonly PieceHash[]>)
      throwIfAborted(options)
    } catch (error) {
      throwIfAborted(options)
      throw error
    } finally {
      options?.signal?.removeEventListener('abort', onAbort)
      pool.cancel(cancel)
      // Files are closed when this is over: the caller may want to move or delete them.
      await Promise.allSettled(running)
      if (this.#parts.pool === undefined) await pool.close()
    }
  }

  get #inlineBelow(): number {
    return this.#options.inlineBelow ?? INLINE_BELOW
  }

  async *#groups(pieces: Iterable<PieceIndex>, survey: PieceSurvey): AsyncGenerator<Group> {
    let group = this.#newGroup()
    for (const piece of pieces) {
      if (group.batch.isFull || group.missing.length >= MISSING_AT_ONCE) {
        yield group
        group = this.#newGroup()
        // Where nothing has to be read, nothing else would let the rest of the process run.
        await setImmediate()
      }
      const located = survey.locate(piece)
      const extents = located instanceof Promise ? await located : located
      if (extents === undefined) group.missing.push(piece)
      else group.batch.add(piece, extents)
    }
    group.isLast = true
    yield group
  }

  #newGroup(): Group {
    return { batch: new BatchBuilder(this.#parts.plan), missing: [], isLast: false }
  }
}

async function hashGroup(
  group: Group,
  pool: HashPool,
  cancel: HashCancel,
  isSmall: boolean,
): Promise<readonly PieceHash[]> {
  const hashes: PieceHash[] = group.missing.map((piece) => ({ piece, digest: undefined }))
  if (group.batch.pieces.length === 0) return hashes
  const batch = group.batch.build()
  const hashed = await (isSmall ? pool.hashInline(batch, cancel) : pool.hash(batch, cancel))
  for (const [index, piece] of group.batch.pieces.entries()) hashes.push({ piece, digest: digestAt(hashed, index) })
  return hashes
}

function digestAt({ digests, found }: HashedBatch, index: number): Uint8Array | undefined {
  if (found[index] !== 1) return undefined
  const length = digests.length / found.length
  return digests.subarray(index * length, (index + 1) * length)
}
