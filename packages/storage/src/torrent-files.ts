// The files of one torrent on disk: opening, reading, writing and flushing them, by their index in the geometry. Removing them
// is the work of `file-removal.ts`.
//
// Invariant: a file is created at most once. From then on it must exist; one that vanished is FILE_MISSING, never begun
// anew in silence, because the pieces that were in it are gone with it. `forget` (a recheck that finds it gone) lifts that.

import { LazySet, type AbortOptions, type Geometry, StorageError } from '@torrential/primitives'
import { adoptFile, type AdoptMethod } from './adopt-file.ts'
import type { FilePlaces } from './file-places.ts'
import type { FileAccess, FileStat, OpenFile } from './file-system.ts'
import type { HandlePool } from './handle-pool.ts'
import { MissingDirectories } from './missing-directories.ts'
import { extentOf } from './piece-extent.ts'
import type { HandleOwner, PooledHandle } from './pooled-handle.ts'
import { lengthOf, readPartsFully, writeFully } from './pooled-io.ts'
import { sideBySide } from './side-by-side.ts'
import { type FileWrite, syncTogether, writeTogether } from './small-files.ts'
import { storageFailure } from './storage-failure.ts'
import type { StorageObserver } from './storage-observer.ts'

/** Files flushed at once: hides the disk's latency without filling the process's four I/O threads for long. */
const AT_ONCE = 4

export interface TorrentFilesParts {
  readonly geometry: Geometry
  readonly places: FilePlaces
  readonly handles: HandlePool
  readonly observer: StorageObserver | undefined
}

export interface TorrentFilesOptions {
  readonly cutLongFiles: boolean
  readonly allocation: 'grow' | 'full'
}

/** A file on disk, as far as a resume needs it. */
export interface StoredFileStatus {
  /** bytes */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modified: number
}

/** What was written to a file since `watch`. */
export interface WrittenRanges {
  readonly file: number
  ranges: { readonly start: number; readonly end: number }[]
}

export class TorrentFiles {
  readonly #parts: TorrentFilesParts
  readonly #options: TorrentFilesOptions
  readonly #owner: HandleOwner
  /** 1 for a file that was opened for writing: from then on it must exist. */
  readonly #seen: Uint8Array
  readonly #dirty = new LazySet<number>()
  #watch: WrittenRanges | undefined

  constructor(parts: TorrentFilesParts, options: TorrentFilesOptions) {
    const { observer } = parts
    this.#parts = parts
    this.#options = options
    this.#seen = new Uint8Array(parts.geometry.files.length)
    this.#owner = {
      handleOpened: (file, mode) => observer?.opened?.(file, mode),
      handleClosed: (file) => observer?.closed?.(file),
    }
  }

  /** Absolute. */
  pathOf(file: number): string {
    return this.#parts.places.pathOf(file)
  }

  /** Fills `into` from byte `position` of a file. @throws StorageError */
  async read(file: number, position: number, into: readonly Uint8Array[]): Promise<void> {
    const handle = await this.#acquire(file, 'read')
    try {
      await readPartsFully(handle.file, into, position, this.pathOf(file))
    } finally {
      this.#parts.handles.release(handle)
    }
    if (this.#parts.observer?.read !== undefined) this.#parts.observer.read(file, lengthOf(into))
  }

  /** Writes `blocks` from byte `position` of a file on, creating it when it is new. @throws StorageError */
  async write(file: number, position: number, blocks: readonly Uint8Array[]): Promise<void> {
    const handle = await this.#acquire(file, this.#seen[file] === 1 ? 'write' : 'create')
    this.#dirty.add(file)
    try {
      await writeFully(handle.file, blocks, position, this.pathOf(file))
    } finally {
      this.#parts.handles.release(handle)
      // Also after a failure, which may have written a part.
      if (this.#watch?.file === file) this.#watch.ranges.push({ start: position, end: position + lengthOf(blocks) })
    }
    if (this.#parts.observer?.written !== undefined) this.#parts.observer.written(file, lengthOf(blocks))
  }

  /** Does small writes to files that nobody has open, many at a time. Returns the writes that are left. Never rejects. */
  async writeSmall(writes: readonly FileWrite[]): Promise<readonly FileWrite[]> {
    const { geometry, handles, observer } = this.#parts
    const isFull = this.#options.allocation === 'full'
    const isKnown = (file: number) => this.#seen[file] === 1
    const fit = writes.filter(
      ({ file, length }) =>
        (!isFull || length === extentOf(geometry, file).length) &&
        !(isKnown(file) && handles.isWritable(this.pathOf(file))),
    )
    const written = await writeTogether(this.#parts, fit, isKnown)
    for (const { file, offset, length } of written) {
      this.#seen[file] = 1
      this.#dirty.add(file)
      if (this.#watch?.file === file) this.#watch.ranges.push({ start: offset, end: offset + length })
      observer?.opened?.(file, 'write')
      observer?.written?.(file, length)
      observer?.closed?.(file)
    }
    return written.size === 0 ? writes : writes.filter((write) => !written.has(write))
  }

  /** Makes the file, empty, when it does not exist. @throws StorageError */
  async create(file: number): Promise<void> {
    this.#parts.handles.release(await this.#acquire(file, 'create'))
  }

  /** For a look at many files that does not ask twice for what is not there. */
  missingDirectories(): MissingDirectories {
    const { fileSystem } = this.#parts.handles
    return new MissingDirectories((path) =>
      fileSystem.stat(path).then(
        () => false,
        (error: unknown) => storageFailure(error, { path }).code === 'FILE_MISSING',
      ),
    )
  }

  /**
   * What is at the file's place, or `undefined` when nothing is.
   * @param missing of a look at many files
   * @throws StorageError `FILE_KIND`, `PATH_OUTSIDE`, or the system's code
   */
  async status(file: number, missing?: MissingDirectories): Promise<StoredFileStatus | undefined> {
    const { places, handles } = this.#parts
    const [root, directory, path] = [places.rootOf(file), places.directoryOf(file), this.pathOf(file)]
    if (missing?.has(root.resolve(directory)) === true) return undefined
    try {
      await root.require(directory)
      const stat = await handles.fileSystem.stat(path)
      if (stat.kind === 'file') return { size: stat.size, modified: stat.modified }
    } catch (error) {
      const failure = storageFailure(error, { path })
      if (failure.code !== 'FILE_MISSING') throw failure
      await missing?.look(root.resolve(directory))
      return undefined
    }
    throw new StorageError('FILE_KIND', `something that is not a file is in its place: ${path}`, { path })
  }

  /** Forgets each file, and returns true, when the directory that all of them lie in is missing; otherwise returns false. */
  async forgetAll(missing: MissingDirectories): Promise<boolean> {
    const { places, handles } = this.#parts
    if (places.common === undefined || !missing.has(places.root.resolve(places.common))) return false
    this.#seen.fill(0)
    this.#dirty.clear()
    await handles.evict(this.#owner)
    return true
  }

  /**
   * Puts what is at `from`, another file of the same length, into the place of a file that is not there.
   * @throws StorageError `EEXIST` when something is there; the signal's reason
   */
  async adopt(file: number, from: string, method: AdoptMethod, options?: AbortOptions): Promise<AdoptMethod> {
    const { places, handles, geometry } = this.#parts
    const root = places.rootOf(file)
    const directory = places.directoryOf(file)
    await root.create(directory)
    await root.confirm(directory)
    const to = this.pathOf(file)
    const { length } = extentOf(geometry, file)
    return adoptFile(handles.fileSystem, { from, to, length }, method, options)
  }

  /** Closes the handles of one file, once nobody uses them. */
  letGo(file: number): Promise<void> {
    return this.#parts.handles.evict(this.#owner, file)
  }

  /** The file may be created again: somebody has found that it is gone, and knows that its pieces are too. */
  async forget(file: number): Promise<void> {
    this.#seen[file] = 0
    this.#dirty.delete(file)
    // A handle of the file that had the name would take the writes with it.
    await this.#parts.handles.evict(this.#owner, file)
  }

  /** Makes durable what was written since the last flush; tells how files done in batches looked. @throws StorageError of the first failure */
  async flush(): Promise<ReadonlyMap<number, StoredFileStatus>> {
    const { places, handles } = this.#parts
    let failure: { readonly error: unknown } | undefined
    const confirming = new Map<string, Promise<void>>()
    const confirmed = (file: number): Promise<void> => {
      const [root, directory] = [places.rootOf(file), places.directoryOf(file)]
      const path = root.resolve(directory)
      const look = confirming.get(path) ?? root.confirm(directory)
      confirming.set(path, look)
      return look
    }
    // Whether one that is open has been deleted is asked of its handle.
    const closed = [...this.#dirty].filter((file) => !handles.isWritable(this.pathOf(file)))
    const looks = await syncTogether(this.#parts, closed, this.#dirty)
    await sideBySide([...this.#dirty], AT_ONCE, async (file) => {
      this.#dirty.delete(file)
      try {
        await confirmed(file)
        await this.#sync(file)
      } catch (error) {
        this.#dirty.add(file)
        failure ??= { error }
      }
    })
    if (failure !== undefined) throw failure.error
    return looks
  }

  /** Closes the handles of all files. */
  close(): Promise<void> {
    return this.#parts.handles.evict(this.#owner)
  }

  /** From now on the ranges that are written to the file are noted, for whoever copies it meanwhile. One file at a time. */
  watch(file: number): WrittenRanges {
    const watch = { file, ranges: [] }
    this.#watch = watch
    return watch
  }

  unwatch(): void {
    this.#watch = undefined
  }

  async #acquire(file: number, access: FileAccess): Promise<PooledHandle> {
    const { places, handles } = this.#parts
    const root = places.rootOf(file)
    const directory = places.directoryOf(file)
    const request = {
      owner: this.#owner,
      file,
      path: this.pathOf(file),
      access,
      approve: () => root.confirm(directory),
      admit: (open: OpenFile, stat: FileStat) => this.#admit(file, open, stat),
    }
    if (access !== 'create') {
      await root.require(directory)
      return handles.acquire(request)
    }
    await root.create(directory)
    try {
      return await handles.acquire(request)
    } catch (error) {
      if ((error as StorageError).code !== 'FILE_MISSING') throw error
    }
    // A directory that was there before has gone since.
    root.forget()
    await root.create(directory)
    return handles.acquire(request)
  }

  async #admit(file: number, open: OpenFile, stat: FileStat): Promise<void> {
    const { length } = extentOf(this.#parts.geometry, file)
    if (stat.size > length) {
      if (!this.#options.cutLongFiles) {
        const path = this.pathOf(file)
        const text = `the file has ${stat.size} bytes where the torrent has ${length}, and is not cut: ${path}`
        throw new StorageError('FILE_TOO_LONG', text, { path, size: stat.size, length })
      }
      await open.truncate(length)
    } else if (stat.size < length && this.#options.allocation === 'full') {
      await open.truncate(length)
    }
    this.#seen[file] = 1
  }

  async #sync(file: number): Promise<void> {
    const path = this.pathOf(file)
    let isThere = true
    await this.#parts.handles.briefly(path, async (open, wasOpen) => {
      await open.datasync()
      // What was opened by its name a moment ago has one.
      if (wasOpen) isThere = (await open.stat()).links > 0
    })
    if (isThere) return
    void this.#parts.handles.evict(this.#owner, file)
    throw new StorageError('FILE_MISSING', `the file was deleted while it was written: ${path}`, { path })
  }
}
