// A read cache with read-ahead, for serving 16 KiB blocks to many leeches without one disk read each: a miss reads a whole
// run of the piece (256 KiB by default), readers of the same run share one read, and hits are views without a copy.
//
// Because of that a caller must not modify what it reads through a cache. Bounded by bytes, least recently used first;
// runs being read count in full. A write drops the runs it touches, before and after: a read that overlapped it is not kept.

import type { ReadTarget, Storage } from '@torrential/contracts'
import type { AbortOptions, Geometry, PieceIndex } from '@torrential/primitives'
import { LazyMap, InputError, type SlabPool, withAbort } from '@torrential/primitives'
import { CacheBudget } from './cache-budget.ts'
import { type BlockFrame, CachedRun } from './cached-run.ts'
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
  /**
   * Lets rows of blocks leave as one view (`peekRow`): runs in slabs are kept with this in front of each block. Reads of more than a
   * block are copies then.
   */
  readonly frame?: BlockFrame
}

/** A storage with a cache in front. */
export interface CachedStorage extends Storage {
  /** The bytes when they are in memory, as a view; undefined otherwise. */
  peek(piece: PieceIndex, offset: number, length: number): Uint8Array | undefined
  /**
   * Blocks in a row from `offset` on, each behind its frame, at most `most` of them and no more than are in memory together;
   * undefined when the first is not there with a frame.
   */
  peekRow(piece: PieceIndex, offset: number, most: number): Uint8Array | undefined
  /** Resolves when the run that `peekRow` needs was read, or could not be; undefined when nothing is to be waited for. */
  bringRow(piece: PieceIndex, offset: number): Promise<void> | undefined
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
/** Runs that are read at once for somebody who reads on: what a read costs beside its bytes is paid once for all of them. */
const LONGEST_SPAN = 4
/** Parts of the memory that may be read ahead: by long reads, and at all. Beyond that one reader would push out what another waits for. */
const AHEAD = { long: 1 / 4, most: 3 / 4 }

interface Reading {
  readonly run: CachedRun
  readonly done: Promise<void>
  /** As `done`, but never rejects. */
  readonly over: Promise<void>
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
  readonly #frame: BlockFrame | undefined
  /** By piece × runs per piece + run. */
  readonly #runs = new LazyMap<number, Reading>()
  readonly cache = { hits: 0, misses: 0, bytes: 0 }

  constructor(storage: Storage, geometry: Geometry, options: CacheOptions) {
    this.#storage = storage
    this.#geometry = geometry
    this.#budget = options.budget ?? new CacheBudget(options.bytes ?? DEFAULTS.bytes)
    this.#run = positive('CACHE_RUN', options.run ?? DEFAULTS.run)
    this.#slabs = options.slabs
    // Runs that are no whole number of blocks are not framed.
    this.#frame = options.frame !== undefined && this.#run % options.frame.block === 0 ? options.frame : undefined
    this.#runsPerPiece = Math.ceil(geometry.pieceLength / this.#run)
  }

  peek(piece: PieceIndex, offset: number, length: number): Uint8Array | undefined {
    const from = offset % this.#run
    const run = this.#here(piece, offset)
    return run === undefined || from + length > run.length ? undefined : run.take(from, length)
  }

  peekRow(piece: PieceIndex, offset: number, most: number): Uint8Array | undefined {
    return this.#here(piece, offset)?.row(offset % this.#run, most)
  }

  prefetch(piece: PieceIndex, offset: number): void {
    const index = Math.floor(offset / this.#run)
    const key = piece * this.#runsPerPiece + index
    // Where memory is short, a run would push out the one that is being served.
    if (this.#run * 2 > this.#budget.limit || this.#runs.has(key)) return
    if (this.#budget.ahead + this.#run > this.#budget.limit * AHEAD.most) return
    this.#fetch(piece, index, this.#span)
  }

  bringRow(piece: PieceIndex, offset: number): Promise<void> | undefined {
    if (this.#frame === undefined || this.#run > this.#budget.limit) return undefined
    const index = Math.floor(offset / this.#run)
    const key = piece * this.#runsPerPiece + index
    const { run, over } = this.#runs.get(key) ?? this.#fetch(piece, index, this.#span)
    return run.isHere || !run.isFramed ? undefined : over
  }

  read(piece: PieceIndex, offset: number, length: number, options?: AbortOptions): Promise<Uint8Array> {
    const index = Math.floor(offset / this.#run)
    const from = offset - index * this.#run
    // What does not lie in one run is a large or odd read, which gains nothing here.
    if (from + length > this.#run || this.#run > this.#budget.limit)
      return this.#storage.read(piece, offset, length, options)
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason as Error)
    const key = piece * this.#runsPerPiece + index
    const known = this.#runs.get(key)
    const { run, done } = known ?? this.#fetch(piece, index, 1)
    this.#budget.touch(run)
    if (known !== undefined) this.cache.hits++
    if (run.isHere) return Promise.resolve(run.take(from, length))
    const bytes = done.then(
      run.promise(from, length),
      // The rest of the run may be missing where this block is not.
      () => this.#storage.read(piece, offset, length, options),
    )
    return withAbort(bytes, options?.signal)
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
    for (const [key, { run }] of this.#runs) this.#forget(key, run)
    await this.#storage[Symbol.asyncDispose]()
  }

  /** The run, when it is in memory; it was needed just now. */
  #here(piece: PieceIndex, offset: number): CachedRun | undefined {
    const run = this.#runs.get(piece * this.#runsPerPiece + Math.floor(offset / this.#run))?.run
    if (run?.isHere !== true) return undefined
    this.cache.hits++
    this.#budget.touch(run)
    return run
  }

  /** Runs that may be read at once for somebody who reads on; long reads are for few readers. */
  get #span(): number {
    const { limit, ahead } = this.#budget
    return Math.max(1, Math.min(LONGEST_SPAN, Math.floor((limit * AHEAD.long - ahead) / this.#run)))
  }

  /** Reads a run that is not here, and at most `span` of them in a row. */
  #fetch(piece: PieceIndex, index: number, span: number): Reading {
    const first = this.#lend(piece, index)
    const runs = [first]
    while (first.slab !== undefined && runs.length < span && this.#isAbsent(piece, index + runs.length)) {
      const next = this.#lend(piece, index + runs.length)
      if (next.slab === undefined) break
      runs.push(next)
    }
    this.cache.misses++
    const done = this.#read(runs, piece, index * this.#run)
    // Whoever waits for it asks the storage itself when it fails, and gets an answer of its own.
    const over = done.catch(() => {})
    const readings = runs.map((run) => ({ run, done, over }))
    for (const [at, reading] of readings.entries()) this.#runs.set(piece * this.#runsPerPiece + index + at, reading)
    // Only now: to make room, the first of them may have to go again.
    for (const run of runs) {
      this.cache.bytes += run.length
      this.#budget.add(run)
    }
    return readings[0] as Reading
  }

  #isAbsent(piece: PieceIndex, index: number): boolean {
    const isInside = (index + 1) * this.#run <= this.#geometry.lengthOf(piece)
    return isInside && !this.#runs.has(piece * this.#runsPerPiece + index)
  }

  #lend(piece: PieceIndex, index: number): CachedRun {
    const start = index * this.#run
    const length = Math.min(this.#run, this.#geometry.lengthOf(piece) - start)
    const frame = this.#frame
    const lead = frame === undefined ? 0 : (length / frame.block) * frame.lead
    const slab = length === this.#run ? this.#slabs?.lend(length + lead) : undefined
    const key = piece * this.#runsPerPiece + index
    return new CachedRun({ piece, start, length }, (run) => this.#forget(key, run), slab, frame)
  }

  async #read(runs: readonly CachedRun[], piece: PieceIndex, start: number): Promise<void> {
    const into = targetOf(runs)
    const length = runs.reduce((sum, run) => sum + run.length, 0)
    try {
      const bytes = await this.#storage.read(piece, start, length, into && { into })
      let at = 0
      for (const run of runs) {
        run.arrived(bytes === into?.bytes ? undefined : bytes.subarray(at, at + run.length))
        at += run.length
      }
    } catch (error) {
      for (const run of runs) run.evict()
      throw error
    }
    // Nothing is read into them any more.
    for (const run of runs) if (run.isForgotten) run.slab?.close()
  }

  #drop(first: PieceIndex, start: number, bytes: number): void {
    if (this.#runs.size === 0) return
    for (const { piece, offset, length } of piecewise(this.#geometry, first, start, bytes)) {
      for (let index = Math.floor(offset / this.#run); index * this.#run < offset + length; index++) {
        const key = piece * this.#runsPerPiece + index
        const run = this.#runs.get(key)?.run
        if (run !== undefined) this.#forget(key, run)
      }
    }
  }

  #forget(key: number, run: CachedRun): void {
    if (this.#runs.get(key)?.run !== run) return
    this.#runs.delete(key)
    this.cache.bytes -= run.length
    this.#budget.remove(run)
    run.isForgotten = true
    if (run.isHere) run.slab?.close()
  }
}

/** Memory of all of them in a row. */
function targetOf(runs: readonly CachedRun[]): ReadTarget | undefined {
  const [first, ...others] = runs
  if (first?.into === undefined || others.length === 0) return first?.into
  return { bytes: first.into.bytes, parts: runs.flatMap(({ into }) => into?.parts ?? []) }
}

function positive(code: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InputError(code, `a positive integer is needed, not ${value}`)
}
