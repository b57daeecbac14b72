// A bounded set of open files, shared by all torrents of a session: 10,000 files work with 100 handles.
//
// Invariants: at most `capacity` handles are open or being opened; a handle is never closed while somebody uses it; one path
// has at most one handle that new users get. A file is opened read-only until somebody writes; then a second handle replaces
// the first, which is closed as soon as its readers are done. A caller must hold one handle at a time: waiting for a second
// one while keeping the first could lock up a full pool.
//
// A file that is deleted while open would swallow writes silently, so a handle that is used after more than a second is
// asked whether its file still has a name; if not, the file is opened again, by name.

import type { Clock } from '@torrential/primitives'
import { InputError } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import type { FileBatches } from './file-batches.ts'
import type { FileAccess, FileSystem, OpenFile } from './file-system.ts'
import { nodeFileSystem } from './file-system.ts'
import { type HandleOwner, type HandleRequest, openRequested, PoolEntry, type PooledHandle } from './pooled-handle.ts'
import { HandleSlots } from './handle-slots.ts'
import { closedFailure, storageFailure, systemCode } from './storage-failure.ts'

export interface HandlePoolOptions {
  /** Handles open at once, at least 1. @default 100: far below every system's limit, enough to keep a busy torrent's files open */
  readonly handles?: number
  /** @default the machine's own */
  readonly fileSystem?: FileSystem
  /** @default the system's */
  readonly clock?: Clock
}

const DEFAULT_HANDLES = 100
/** Milliseconds between two checks that an open file still has a name: rare enough to cost nothing, soon enough to notice. */
const CHECK_EVERY = 1_000

export class HandlePool implements AsyncDisposable {
  readonly fileSystem: FileSystem
  readonly capacity: number
  readonly #clock: Clock
  /** By path, least recently used first. */
  readonly #current = new Map<string, PoolEntry>()
  /** Those and the ones that were replaced but are still in use. */
  readonly #all = new Set<PoolEntry>()
  readonly #slots: HandleSlots
  #batches: FileBatches | undefined
  #isClosed = false

  /** @throws InputError `HANDLES` unless `handles` is a positive integer */
  constructor(options: HandlePoolOptions = {}) {
    const handles = options.handles ?? DEFAULT_HANDLES
    if (!Number.isSafeInteger(handles) || handles < 1) {
      throw new InputError('HANDLES', `handles must be a positive integer, not ${handles}`)
    }
    this.capacity = handles
    this.fileSystem = options.fileSystem ?? nodeFileSystem
    this.#clock = options.clock ?? systemClock
    this.#slots = new HandleSlots(handles, () => this.#closeIdle())
  }

  /** Handles open, or being opened or closed. */
  get open(): number {
    return this.#slots.taken
  }

  /**
   * A handle for the file, opened when there is none; waits while all handles are in use.
   * @throws StorageError `FILE_MISSING`, `FILE_KIND`, `STORAGE_CLOSED`, or the system's code
   */
  async acquire(request: HandleRequest): Promise<PooledHandle> {
    for (;;) {
      if (this.#isClosed) throw closedFailure('handle pool')
      const entry = this.#entryFor(request)
      entry.users++
      if (entry.opening !== undefined) await entry.opening
      const isAlive = this.#isAlive(entry)
      if (isAlive === true || (await isAlive)) return entry
      this.#retire(entry)
      this.release(entry)
    }
  }

  /** Gives a handle back; it may be closed from now on. */
  release(handle: PooledHandle): void {
    const entry = handle as PoolEntry
    entry.users--
    if (entry.users > 0) return
    if (entry.retired) this.#close(entry)
    else if (this.#slots.isAwaited) this.#closeIdle()
  }

  /**
   * Runs `work` on an existing file: with the writable handle that is open, or with one that nobody else gets and that is closed at
   * once. Nobody approves of what is opened: this is for what does no harm to any file.
   * @throws StorageError as `acquire`, and of what `work` throws
   */
  async briefly(path: string, work: (file: OpenFile, wasOpen: boolean) => Promise<void>): Promise<void> {
    if (this.#isClosed) throw closedFailure('handle pool')
    const known = this.#current.get(path)
    if (known?.open !== undefined && known.writable) {
      known.users++
      try {
        await work(known.open, true)
      } catch (error) {
        throw storageFailure(error, { path })
      } finally {
        this.release(known)
      }
      return
    }
    await this.#slots.take()
    try {
      const file = await this.#openPatiently(path, 'write')
      try {
        await work(file, false)
      } finally {
        await file.close().catch(() => {})
      }
    } catch (error) {
      throw storageFailure(error, { path })
    } finally {
      this.#slots.free()
    }
  }

  /** The file is open for writing. */
  isWritable(path: string): boolean {
    return this.#current.get(path)?.writable === true
  }

  /** For a torrent of `files` files: many calls at a time, where that pays. What they open is no handle of the pool, and needs a `place`. */
  batches(files: number): FileBatches | undefined {
    if (this.#isClosed) return undefined
    this.#batches ??= this.fileSystem.startBatches?.()
    return this.#batches !== undefined && files >= this.#batches.worthFrom ? this.#batches : undefined
  }

  /** Threads that run for `batches` at this moment. */
  get threads(): number {
    return this.#batches?.threads ?? 0
  }

  /** Runs what opens one file at a time, beside the handles. @throws StorageError `STORAGE_CLOSED`; whatever `work` throws */
  async place<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#slots.take()
    try {
      return await work()
    } finally {
      this.#slots.free()
    }
  }

  /** Closes the handles of `owner`, or of one of its files; resolves when those in use have been given back and closed. */
  async evict(owner: HandleOwner, file?: number): Promise<void> {
    const leaving: Promise<void>[] = []
    for (const entry of this.#all) {
      if (entry.request.owner !== owner || (file !== undefined && entry.request.file !== file)) continue
      this.#retire(entry)
      leaving.push(entry.closed)
    }
    await Promise.all(leaving)
  }

  /** Closes everything, once those in use have been given back. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const entry of this.#all) this.#retire(entry)
    this.#slots.close()
    await Promise.all([...this.#all].map((entry) => entry.closed))
    await this.#batches?.[Symbol.asyncDispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #entryFor(request: HandleRequest): PoolEntry {
    const known = this.#current.get(request.path)
    if (known !== undefined && (known.writable || request.access === 'read')) {
      this.#current.delete(request.path)
      this.#current.set(request.path, known)
      return known
    }
    if (known !== undefined) this.#retire(known)
    const entry = new PoolEntry(request)
    this.#current.set(request.path, entry)
    this.#all.add(entry)
    entry.opening = this.#open(entry).finally(() => {
      entry.opening = undefined
    })
    return entry
  }

  #isAlive(entry: PoolEntry): true | Promise<boolean> {
    const now = this.#clock.now()
    if (now - entry.checked < CHECK_EVERY) return true
    entry.checked = now
    return this.#hasName(entry)
  }

  async #hasName(entry: PoolEntry): Promise<boolean> {
    try {
      return (await entry.file.stat()).links > 0
    } catch {
      // Whatever is wrong with it will be said by the read or write that follows.
      return true
    }
  }

  async #open(entry: PoolEntry): Promise<void> {
    const { request } = entry
    try {
      await this.#slots.take()
    } catch (error) {
      this.#forget(entry)
      throw error
    }
    try {
      entry.open = await openRequested(request, (path, access) => this.#openPatiently(path, access))
    } catch (error) {
      this.#forget(entry)
      this.#slots.free()
      throw storageFailure(error, { path: request.path })
    }
    entry.checked = this.#clock.now()
    request.owner.handleOpened?.(request.file, entry.writable ? 'write' : 'read')
  }

  /** Opens the file; when the process or the system is out of handles, gives some of ours back first. */
  async #openPatiently(path: string, access: FileAccess): Promise<OpenFile> {
    for (;;) {
      try {
        return await this.fileSystem.open(path, access)
      } catch (error) {
        const code = systemCode(error)
        if (code !== 'EMFILE' && code !== 'ENFILE') throw error
        if (!this.#hasOpen()) throw error
        await this.#slots.freed()
      }
    }
  }

  #hasOpen(): boolean {
    for (const entry of this.#all) if (entry.open !== undefined) return true
    return false
  }

  /** Starts to close the least recently used handle that nobody uses. */
  #closeIdle(): void {
    for (const entry of this.#current.values()) {
      if (entry.users > 0 || entry.open === undefined) continue
      this.#retire(entry)
      return
    }
  }

  /** Nobody gets this handle any more; it is closed when its last user gives it back. */
  #retire(entry: PoolEntry): void {
    if (this.#current.get(entry.request.path) === entry) this.#current.delete(entry.request.path)
    if (entry.retired) return
    entry.retired = true
    if (entry.users === 0) this.#close(entry)
  }

  #close(entry: PoolEntry): void {
    const file = entry.open
    // It never opened: `#open` has cleaned up.
    if (file === undefined) return
    entry.open = undefined
    void this.#closeFile(entry, file)
  }

  async #closeFile(entry: PoolEntry, file: OpenFile): Promise<void> {
    // What a failing close could lose is what nobody has flushed; `flush` reports that itself.
    await file.close().catch(() => {})
    this.#forget(entry)
    entry.request.owner.handleClosed?.(entry.request.file)
    this.#slots.free()
  }

  #forget(entry: PoolEntry): void {
    if (this.#current.get(entry.request.path) === entry) this.#current.delete(entry.request.path)
    this.#all.delete(entry)
    entry.settle()
  }
}
