// A read cache with read-ahead, for serving 16 KiB blocks to many leeches without one disk read each: a miss reads a whole
// run of the piece (256 KiB by default), readers of the same run share one read, and hits are views without a copy.
//
// Because of that a caller must not modify what it reads through a cache. Bounded by bytes, least recently used first;
// runs being read count in full. A write drops the runs it touches, before and after: a read that overlapped it is not kept.

import type { Storage } from '@torrential/contracts'
import type { AbortOptions, Geometry, PieceIndex } from '@torrential/primitives'
import { LazyMap, InputError, type Slab, type SlabPool, withAbort } from '@torrential/primitives'
import { CacheBudget, type CacheEntry } from './cache-budget.ts'
import { piecewise } from './piecewise.ts'
import { lengthOf } from './pooled-io.ts'

export interface CacheOptions {
  /** Most bytes held. @default 64 MiB */
  readonly bytes?: number
  /** Shared with other caches, instead of `bytes` of its own. */
  readonly budget?: CacheBudget
  /** Bytes read at once around a miss; runs never cross a piece. @default 256 KiB: a disk read costs much the same up to there */
  readonly run?: number
  /** Memory for the runs: a run that was dropped is read into again once every view of it was given back. @default new memory for each run */
  readonly slabs?: SlabPool
}

/** A storage with a cache in front. */
export interface CachedStorage extends Storage {
  /** The bytes when they are in memory, as a view; undefined otherwise. */
  peek(piece: PieceIndex, offset: number, length: number): Uint8Array | undefined
  /** Starts to read the run around `offset` when it is not here: somebody will ask for it soon. Never fails. */
  prefetch(piece: PieceIndex, offset: number): void
  readonly cache: CacheStatistics
}

/** Counts since the start; a live view. */
export interface CacheStatistics {
  /** Reads answered from memory, or from a read that was under way. */
  readonly hits: number
  /** Reads that went to the storage. */
  readonly misses: number
  /** Bytes held now. */
  readonly bytes: number
}

const DEFAULTS = { bytes: 64 * 1_048_576, run: 262_144 }

interface Run extends CacheEntry {
  readonly length: number
  readonly slab: Slab | undefined
  readonly reading: Promise<Uint8Array>
  /** Undefined until it is read. */
  bytes: Uint8Array | undefined
  /** Dropped from the cache. */
  isForgotten: boolean
}

/**
 * @throws InputError `CACHE_BYTES`, `CACHE_RUN` (not positive integers)
 */
export function cached(storage: Storage, geometry: Geometry, options: CacheOptions = {}): CachedStorage {
  return new ReadCache(storage, geometry, options)
}

class ReadCache implements CachedStorage {
  readonly #storage: Storage
  readonly #geometry: Geometry
  readonly #budget: CacheBudget
  readonly #run: number
  readonly #runsPerPiece: number
  readonly #slabs: SlabPool | undefined
  /** By piece × runs per piece + run. */
  readonly #runs = new LazyMap<number, Run>()
  readonly cache = { hits: 0, misses: 0, bytes: 0 }

  constructor(storage: Storage, geometry: Geometry, options: CacheOptions) {
    this.#storage = storage
    this.#geometry = geometry
    this.#budget = options.budget ?? new CacheBudget(options.bytes ?? DEFAULTS.bytes)
    this.#run = positive('CACHE_RUN', options.run ?? DEFAULTS.run)
    this.#slabs = options.slabs
    this.#runsPerPiece = Math.ceil(geometry.pieceLength / this.#run)
  }

  peek(piece: PieceIndex, offset: number, length: number): Uint8Array | undefined {
    const index = Math.floor(offset / this.#run)
    const from = offset - index * this.#run
    const key = piece * this.#runsPerPiece + index
    const run = this.#runs.get(key)
    if (run?.bytes === undefined || from + length > run.length) return undefined
    this.cache.hits++
    this.#budget.touch(run)
    return viewOf(run, run.bytes, from, length)
  }

  prefetch(piece: PieceIndex, offset: number): void {
    const index = Math.floor(offset / this.#run)
    const key = piece * this.#runsPerPiece + index
    // Where memory is short, a run would push out the one that is being served.
    if (this.#run * 2 > this.#budget.limit || this.#runs.has(key)) return
    this.cache.misses++
    this.#fetch(key, piece, index)
  }

  read(piece: PieceIndex, offset: number, length: number, options?: AbortOptions): Promise<Uint8Array> {
    const index = Math.floor(offset / this.#run)
    const from = offset - index * this.#run
    // What does not lie in one run is a large or odd read, which gains nothing here.
    if (from + length > this.#run || this.#run > this.#budget.limit)
      return this.#storage.read(piece, offset, length, options)
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason as Error)
    const key = piece * this.#runsPerPiece + index
    let run = this.#runs.get(key)
    if (run === undefined) {
      this.cache.misses++
      run = this.#fetch(key, piece, index)
    } else {
      this.cache.hits++
      this.#budget.touch(run)
      if (run.bytes !== undefined) return Promise.resolve(viewOf(run, run.bytes, from, length))
    }
    // Counted before it is waited for: the run may be dropped meanwhile, and its slab must not be.
    const lent = run.slab?.handOut(from, from + length)
    const view = run.reading.then(
      (bytes) => lent ?? bytes.subarray(from, from + length),
      // The rest of the run may be missing where this block is not.
      () => this.#storage.read(piece, offset, length, options),
    )
    return withAbort(view, options?.signal)
  }

  async write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[], options?: AbortOptions): Promise<void> {
    const length = lengthOf(blocks)
    this.#drop(piece, offset, length)
    try {
      await this.#storage.write(piece, offset, blocks, options)
    } finally {
      this.#drop(piece, offset, length)
    }
  }

  flush(options?: AbortOptions): Promise<void> {
    return this.#storage.flush(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [key, run] of this.#runs) this.#forget(key, run)
    await this.#storage[Symbol.asyncDispose]()
  }

  #fetch(key: number, piece: PieceIndex, index: number): Run {
    const start = index * this.#run
    const length = Math.min(this.#run, this.#geometry.lengthOf(piece) - start)
    const slab = length === this.#run ? this.#slabs?.lend(length) : undefined
    const reading = this.#readRun(piece, start, length, slab)
    const evict = () => this.#forget(key, run)
    const run: Run = { length, slab, reading, bytes: undefined, isForgotten: false, evict }
    this.#runs.set(key, run)
    this.cache.bytes += length
    void this.#settle(key, run)
    this.#budget.add(run)
    return run
  }

  async #readRun(piece: PieceIndex, start: number, length: number, slab: Slab | undefined): Promise<Uint8Array> {
    if (slab === undefined) return this.#storage.read(piece, start, length)
    const bytes = await this.#storage.read(piece, start, length, { into: slab.bytes })
    // A storage that has bytes of its own: views of the slab are what everybody here holds.
    if (bytes !== slab.bytes) slab.bytes.set(bytes)
    return slab.bytes
  }

  async #settle(key: number, run: Run): Promise<void> {
    try {
      run.bytes = await run.reading
      // Nothing is read into it any more.
      if (run.isForgotten) run.slab?.close()
    } catch {
      // Each reader asks the storage for its own block then, and gets its own answer.
      this.#forget(key, run)
    }
  }

  #drop(first: PieceIndex, start: number, bytes: number): void {
    if (this.#runs.size === 0) return
    for (const { piece, offset, length } of piecewise(this.#geometry, first, start, bytes)) {
      for (let index = Math.floor(offset / this.#run); index * this.#run < offset + length; index++) {
        const key = piece * this.#runsPerPiece + index
        const run = this.#runs.get(key)
        if (run !== undefined) this.#forget(key, run)
      }
    }
  }

  #forget(key: number, run: Run): void {
    if (this.#runs.get(key) !== run) return
    this.#runs.delete(key)
    this.cache.bytes -= run.length
    this.#budget.remove(run)
    run.isForgotten = true
    if (run.bytes !== undefined) run.slab?.close()
  }
}

function viewOf(run: Run, bytes: Uint8Array, from: number, length: number): Uint8Array {
  return run.slab?.handOut(from, from + length) ?? bytes.subarray(from, from + length)
}

function positive(code: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InputError(code, `a positive integer is needed, not ${value}`)
}
