// Threads that hash pieces where they lie, on disk or in memory, shared by everything that is checked, created or downloaded at the same
// time. They start when the first batch comes, end a while after the last one, and never keep the process alive by themselves.
//
// Bounds: each thread has at most two batches of files (the one it works on and the next), the rest waits here in order; whoever
// submits keeps its own number of unanswered batches small. Small batches, and those of files that threads cannot read, are hashed
// on this thread, four at a time. Of pieces in memory a few MiB are with a thread, and none waits: this thread can hash them, too.

import type { HashMethod } from '@torrential/contracts'
import { InputError, StorageError } from '@torrential/primitives'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import PQueue from 'p-queue'
import { locateBlocks } from './blocks-in-memory.ts'
import type { FileSystem } from './file-system.ts'
import { nodeFileSystem } from './file-system.ts'
import type { HashBatch, HashedBatch } from './hash-batch.ts'
import { hashInline } from './inline-hash.ts'
import { lengthOf } from './pooled-io.ts'
import { closedFailure, storageFailure } from './storage-failure.ts'

export interface HashPoolOptions {
  /** Where the files are: threads read the machine's own, and any other is read through, on this thread. @default the machine's own */
  readonly fileSystem?: FileSystem
  /** Threads, at least 1. @default the cores available, at most 8: beyond that the disk is the limit */
  readonly workers?: number
  /** Milliseconds without work after which the threads end. @default 5,000: torrents are often checked one after another */
  readonly linger?: number
}

const DEFAULTS = { mostWorkers: 8, linger: 5_000 }
const BATCHES_PER_WORKER = 2
const INLINE_AT_ONCE = 4
/** Bytes of pieces in memory that are with threads, unless one alone is longer: what a thread works on, and the next. */
const MOST_IN_MEMORY = 2 * 1_048_576
/** MiB of young objects in a thread, which makes hardly any: with more it would take longer until they are collected. */
const YOUNG = 2

/** Stops the batches that were submitted with it. */
export interface HashCancel {
  /** Shared with the threads: anything but 0 stops. */
  readonly flag: Int32Array
}

export function createHashCancel(): HashCancel {
  return { flag: new Int32Array(new SharedArrayBuffer(4)) }
}

interface Job {
  readonly id: number
  /** What the thread is told. */
  readonly message: object
  /** None: nobody stops it. */
  readonly cancel?: HashCancel
  readonly resolve: (hashed: HashedBatch) => void
  readonly reject: (error: Error) => void
}

interface Reply {
  readonly id: number
  readonly digests?: Uint8Array
  readonly found?: Uint8Array
  readonly failure?: { readonly code: string; readonly message: string; readonly path?: string }
}

interface Thread {
  readonly worker: Worker
  readonly jobs: Map<number, Job>
}

export class HashPool implements AsyncDisposable {
  readonly workers: number
  readonly #linger: number
  readonly #threads = new Set<Thread>()
  readonly #queue: Job[] = []
  readonly #inline = new PQueue({ concurrency: INLINE_AT_ONCE })
  readonly #fileSystem: FileSystem
  #timer: NodeJS.Timeout | undefined
  #ids = 0
  #bytesInMemory = 0
  #closed = false

  /** @throws InputError `WORKERS`, `LINGER` */
  constructor(options: HashPoolOptions = {}) {
    this.workers = options.workers ?? Math.min(availableParallelism(), DEFAULTS.mostWorkers)
    this.#linger = options.linger ?? DEFAULTS.linger
    this.#fileSystem = options.fileSystem ?? nodeFileSystem
    if (!Number.isSafeInteger(this.workers) || this.workers < 1) {
      throw new InputError('WORKERS', `workers must be a positive integer, not ${this.workers}`)
    }
    if (!(this.#linger >= 0)) throw new InputError('LINGER', `linger must not be negative, but is ${this.#linger}`)
  }

  /** Threads that run at this moment. */
  get running(): number {
    return this.#threads.size
  }

  /**
   * Hashes the pieces of a batch, in a thread where the files are the machine's own.
   * @throws StorageError `HASH_CANCELLED`, `HASH_WORKER`, `STORAGE_CLOSED`, `FILE_KIND`, or the system's code
   */
  hash(batch: HashBatch, cancel: HashCancel): Promise<HashedBatch> {
    if (this.#fileSystem !== nodeFileSystem) return this.hashInline(batch, cancel)
    if (this.#closed) return Promise.reject(closedFailure('hash pool'))
    return new Promise((resolve, reject) => {
      const message = { ...batch, cancel: cancel.flag }
      this.#queue.push({ id: this.#ids++, message, cancel, resolve, reject })
      this.#dispatch()
    })
  }

  /** As `hash`, on this thread: for a batch of a few MiB at most. */
  async hashInline(batch: HashBatch, cancel: HashCancel): Promise<HashedBatch> {
    if (this.#closed) throw closedFailure('hash pool')
    const isCancelled = () => this.#closed || cancel.flag[0] !== 0
    const hashed = await this.#inline.add(() => hashInline(batch, this.#fileSystem, isCancelled))
    if (this.#closed) throw closedFailure('hash pool')
    if (isCancelled()) throw cancelled()
    return hashed
  }

  /**
   * The digest of a piece in memory, by a thread that looks at the blocks where they are: they may be neither changed nor used again before
   * the answer is here. Undefined, and nothing is done, where no thread can see them (not all are in `SharedArrayBuffer`s, or the files are
   * not the machine's own), or while enough are with threads. Resolves with undefined when the thread is lost.
   */
  hashBlocks(method: HashMethod, blocks: readonly Uint8Array[]): Promise<Uint8Array | undefined> | undefined {
    if (this.#closed || this.#fileSystem !== nodeFileSystem) return undefined
    const length = lengthOf(blocks)
    if (this.#bytesInMemory > 0 && this.#bytesInMemory + length > MOST_IN_MEMORY) return undefined
    const message = locateBlocks(method, blocks)
    if (message === undefined) return undefined
    this.#bytesInMemory += length
    return new Promise<HashedBatch>((resolve, reject) => {
      giveTo(this.#anyThread(), { id: this.#ids++, message, resolve, reject })
    })
      .then(
        ({ digests }) => digests,
        () => undefined,
      )
      .finally(() => {
        this.#bytesInMemory -= length
      })
  }

  /** Stops everything that was submitted with `cancel`; what waits rejects at once, what runs within a read. */
  cancel(cancel: HashCancel): void {
    Atomics.store(cancel.flag, 0, 1)
    for (let i = this.#queue.length - 1; i >= 0; i--) {
      if (this.#queue[i]?.cancel === cancel) this.#queue.splice(i, 1)[0]?.reject(cancelled())
    }
  }

  /** Ends the threads; what they were doing rejects with `STORAGE_CLOSED`. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    for (const job of this.#queue.splice(0)) job.reject(closedFailure('hash pool'))
    for (const thread of this.#threads) {
      for (const job of thread.jobs.values()) job.reject(closedFailure('hash pool'))
      thread.jobs.clear()
    }
    await this.#stopThreads()
    await this.#inline.onIdle()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freeThread()
      if (thread === undefined) return
      giveTo(thread, this.#queue.shift() as Job)
    }
  }

  /** The least busy thread; one is started where there is none. */
  #anyThread(): Thread {
    clearTimeout(this.#timer)
    let best: Thread | undefined
    for (const thread of this.#threads) {
      if (best === undefined || thread.jobs.size < best.jobs.size) best = thread
    }
    return best ?? this.#startThread()
  }

  /** The least busy thread that takes another batch; a new one when all have something to do. */
  #freeThread(): Thread | undefined {
    clearTimeout(this.#timer)
    let best: Thread | undefined
    for (const thread of this.#threads) {
      if (thread.jobs.size < (best?.jobs.size ?? BATCHES_PER_WORKER)) best = thread
    }
    if (best?.jobs.size === 0 || this.#threads.size >= this.workers) return best
    return this.#startThread()
  }

  #startThread(): Thread {
    const worker = new Worker(new URL('./hash-worker.js', import.meta.url), {
      name: 'torrential-hash',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
    })
    const thread: Thread = { worker, jobs: new Map() }
    worker.on('message', (reply: Reply) => this.#settle(thread, reply))
    worker.on('error', (error) => this.#lose(thread, error))
    worker.on('exit', () => this.#lose(thread, undefined))
    worker.unref()
    this.#threads.add(thread)
    return thread
  }

  #settle(thread: Thread, reply: Reply): void {
    const job = thread.jobs.get(reply.id)
    thread.jobs.delete(reply.id)
    if (thread.jobs.size === 0) thread.worker.unref()
    if (reply.digests !== undefined && reply.found !== undefined) {
      job?.resolve({ digests: reply.digests, found: reply.found })
    } else {
      job?.reject(failureOf(reply))
    }
    this.#dispatch()
    if (this.#isIdle) this.#lingerOn()
  }

  get #isIdle(): boolean {
    if (this.#queue.length > 0) return false
    for (const thread of this.#threads) if (thread.jobs.size > 0) return false
    return true
  }

  #lingerOn(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#stopThreads(), this.#linger).unref()
  }

  async #stopThreads(): Promise<void> {
    clearTimeout(this.#timer)
    const threads = [...this.#threads]
    this.#threads.clear()
    await Promise.all(threads.map((thread) => thread.worker.terminate()))
  }

  /** A thread ended by itself: out of memory, or a fault of ours. */
  #lose(thread: Thread, error: Error | undefined): void {
    if (!this.#threads.delete(thread)) return
    const failure = new StorageError('HASH_WORKER', 'a hashing thread ended unexpectedly', { cause: error })
    for (const job of thread.jobs.values()) job.reject(failure)
    thread.jobs.clear()
    this.#dispatch()
  }
}

function giveTo({ worker, jobs }: Thread, job: Job): void {
  if (jobs.size === 0) worker.ref()
  jobs.set(job.id, job)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage({ id: job.id, ...job.message })
}

function failureOf({ failure }: Reply): StorageError {
  if (failure?.code === 'CANCELLED') return cancelled()
  const cause = Object.assign(new Error(failure?.message ?? 'no answer'), { code: failure?.code ?? 'HASH_WORKER' })
  return storageFailure(cause, failure?.path === undefined ? {} : { path: failure.path })
}

function cancelled(): StorageError {
  return new StorageError('HASH_CANCELLED', 'hashing was cancelled')
}
