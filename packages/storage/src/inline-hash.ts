// Hashes a batch on this thread, reading through the thread pool of the process: for torrents so small that starting a worker would
// take longer, and for files that only an injected file system can read. The same answer as `hash-files.js`.

import { HASH_LENGTH, MerkleHasher } from '@torrential/metainfo'
import { createHash } from 'node:crypto'
import type { FileSystem, OpenFile } from './file-system.ts'
import { DIGEST_LENGTHS, type HashBatch, type HashedBatch } from './hash-batch.ts'
import { readFully } from './pooled-io.ts'
import { storageFailure } from './storage-failure.ts'

const READ_LENGTH = 1_048_576
/** The bytes are not there, or not all: no error, the piece just has no digest. */
const ABSENT: ReadonlySet<string> = new Set(['FILE_MISSING', 'SHORT_READ'])

/** Ends early, with less than was asked for, once `cancelled` is true. @throws StorageError `FILE_KIND` or the system's code */
export async function hashInline(
  batch: HashBatch,
  fileSystem: FileSystem,
  cancelled: () => boolean,
): Promise<HashedBatch> {
  const length = DIGEST_LENGTHS[batch.kind]
  const digests = new Uint8Array(batch.counts.length * length)
  const found = new Uint8Array(batch.counts.length)
  const reader = new RunReader(batch.paths, fileSystem, cancelled)
  let run = 0
  try {
    for (const [index, count] of batch.counts.entries()) {
      if (cancelled()) break
      const runs = batch.runs.subarray(run * 3, (run + count) * 3)
      run += count
      const sha1 = batch.kind === 'merkle-sha256' ? undefined : createHash('sha1')
      const merkle = batch.kind === 'sha1' ? undefined : new MerkleHasher(batch.leaves[index] ?? 1)
      const take = (bytes: Uint8Array, isPadding: boolean) => {
        sha1?.update(bytes)
        if (!isPadding) merkle?.update(bytes)
      }
      if (!(await reader.feed(runs, take))) continue
      if (sha1 !== undefined) digests.set(sha1.digest(), index * length)
      if (merkle !== undefined) digests.set(merkle.digest(), (index + 1) * length - HASH_LENGTH)
      found[index] = 1
    }
  } finally {
    await reader.close()
  }
  return { digests, found }
}

type Take = (bytes: Uint8Array, isPadding: boolean) => void

/** Reads runs in order, with one file open at a time. */
class RunReader {
  readonly #paths: readonly string[]
  readonly #fileSystem: FileSystem
  readonly #cancelled: () => boolean
  #index = -1
  #file: OpenFile | undefined

  constructor(paths: readonly string[], fileSystem: FileSystem, cancelled: () => boolean) {
    this.#paths = paths
    this.#cancelled = cancelled
    this.#fileSystem = fileSystem
  }

  /** False when some bytes are not there, or nobody wants them any more. */
  async feed(runs: Float64Array, take: Take): Promise<boolean> {
    for (let i = 0; i < runs.length; i += 3) {
      const index = runs[i] as number
      try {
        if (!(await this.#feedRun(index, runs[i + 1] as number, runs[i + 2] as number, take))) return false
      } catch (error) {
        const failure = storageFailure(error, { path: this.#paths[index] ?? '' })
        if (ABSENT.has(failure.code)) return false
        throw failure
      }
    }
    return true
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    // Nothing was written to it: a failure to close takes nothing back of what was read.
    await file?.close().catch(() => {})
  }

  async #feedRun(index: number, position: number, length: number, take: Take): Promise<boolean> {
    for (let done = 0; done < length; ) {
      if (this.#cancelled()) return false
      const bytes = Buffer.alloc(Math.min(READ_LENGTH, length - done))
      if (index >= 0) await readFully(await this.#open(index), bytes, position + done, this.#paths[index] as string)
      take(bytes, index < 0)
      done += bytes.length
    }
    return true
  }

  async #open(index: number): Promise<OpenFile> {
    if (this.#file !== undefined && this.#index === index) return this.#file
    await this.close()
    const file = await this.#fileSystem.open(this.#paths[index] as string, 'read')
    this.#file = file
    this.#index = index
    if ((await file.stat()).kind !== 'file') throw Object.assign(new Error('not a file'), { code: 'EISDIR' })
    return file
  }
}
