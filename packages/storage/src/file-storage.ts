// Pieces as the files of a torrent: `piece-slices.ts` knows where the bytes of a piece lie; here is what may run beside what, and
// what is done with whole files.
//
// Invariants: nothing outside the root is touched; an unwanted file is never created; changing what is wanted moves bytes
// between files, so it waits for running reads and writes, and new ones wait for it. Files grow with what is written
// (sparse where the system can), and an existing longer file is not cut without being asked.

import type { ReadOptions, Storage } from '@torrential/contracts'
import type { AbortOptions, Geometry, PieceIndex } from '@torrential/primitives'
import { InputError, throwIfAborted } from '@torrential/primitives'
import { FilePlaces } from './file-places.ts'
import { removeFiles } from './file-removal.ts'
import type { FileSystem } from './file-system.ts'
import type { HandlePool } from './handle-pool.ts'
import type { AdoptMethod } from './adopt-file.ts'
import { OperationGate } from './operation-gate.ts'
import { Parking } from './parking.ts'
import type { PieceLayout, PieceSurvey } from './piece-extent.ts'
import { extentOf } from './piece-extent.ts'
import { PieceSlices } from './piece-slices.ts'
import { type MoveOptions, Relocation } from './relocation.ts'
import { checkRelativePath, RootDirectory } from './root-directory.ts'
import { storageFailure } from './storage-failure.ts'
import { padsOf, type StoredFile } from './stored-file.ts'
import type { StorageObserver } from './storage-observer.ts'
import { type StoredFileStatus, TorrentFiles } from './torrent-files.ts'

export interface FileStorageParts {
  readonly geometry: Geometry
  readonly files: readonly StoredFile[]
  /** Shared by all torrents of a session. Closing the storage closes its own handles only, not the pool. */
  readonly handles: HandlePool
}

export interface FileStorageOptions {
  /** The root: what the paths of the files are relative to. Made when it is missing. */
  readonly path: string
  /** Which files are wanted at the start. @default all */
  readonly wanted?: (file: number) => boolean
  /**
   * Name of the part file, directly in the root. Must not be shared by two torrents.
   * @default `.<fingerprint of the layout>.parts`
   */
  readonly partFile?: string
  /** Cuts existing files that are too long, instead of FILE_TOO_LONG. @default false */
  readonly cutLongFiles?: boolean
  /** `full` gives a file its final length at the first write; holes stay unallocated where the system can. @default 'grow' */
  readonly allocation?: 'grow' | 'full'
  readonly observer?: StorageObserver
}

export class FileStorage implements Storage, PieceLayout {
  readonly geometry: Geometry
  /** 1 for a file that is never on disk. */
  readonly #pads: Uint8Array
  readonly #places: FilePlaces
  readonly #fileSystem: FileSystem
  readonly #files: TorrentFiles
  readonly #parking: Parking
  readonly #slices: PieceSlices
  readonly #gate = new OperationGate()
  #started = false

  /**
   * Nothing on disk is touched until the first call.
   * @throws InputError `STORAGE_FILES` (not one file per file of the geometry), `STORAGE_PATH` (not safe)
   */
  constructor(parts: FileStorageParts, options: FileStorageOptions) {
    const { geometry, files, handles } = parts
    this.#pads = padsOf(files, geometry)
    this.geometry = geometry
    if (options.partFile !== undefined) checkRelativePath(options.partFile)
    const paths = files.map((file) => file.path)
    const root = new RootDirectory(handles.fileSystem, options.path)
    const places = new FilePlaces(root, paths)
    this.#places = places
    this.#fileSystem = handles.fileSystem
    const { observer, wanted, partFile, cutLongFiles = false, allocation = 'grow' } = options
    this.#files = new TorrentFiles({ geometry, places, handles, observer }, { cutLongFiles, allocation })
    this.#parking = new Parking({ geometry, paths, files: this.#files, handles, root, observer }, { wanted, partFile })
    this.#slices = new PieceSlices({ geometry, pads: this.#pads, files: this.#files, parking: this.#parking })
  }

  /** Absolute path of the root. */
  get path(): string {
    return this.#places.root.path
  }

  /** Path of a file relative to the root, `/` between the elements. */
  relativePathOf(file: number): string {
    return this.#places.relativeOf(file)
  }

  /** Absolute path of a file. */
  pathOf(file: number): string {
    return this.#files.pathOf(file)
  }

  isWanted(file: number): boolean {
    return this.#parking.isWanted(file)
  }

  /**
   * Makes the root and every wanted file that is empty, and moves bytes out of the part file that belong to files which are
   * wanted by now. Reads and writes do the latter by themselves.
   */
  async prepare(options?: AbortOptions): Promise<void> {
    await this.#run(options, async () => {
      await this.#places.root.create('')
      for (const [file, extent] of this.geometry.files.entries()) {
        if (extent.length > 0 || this.#pads[file] === 1 || !this.isWanted(file)) continue
        throwIfAborted(options)
        await this.#files.create(file)
      }
    })
  }

  async read(piece: PieceIndex, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array> {
    const bytes = options?.into?.bytes ?? Buffer.allocUnsafeSlow(length)
    const parts = options?.into?.parts ?? [bytes]
    await this.#run(options, () => this.#slices.read(piece, offset, length, parts))
    return bytes
  }

  async write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[], options?: AbortOptions): Promise<void> {
    await this.#run(options, () => this.#slices.write(piece, offset, blocks))
  }

  async flush(options?: AbortOptions): Promise<void> {
    await this.flushAndLook(options)
  }

  /** As `flush`; how files looked, by index, right after they had been made durable: some of them or none. @throws as `flush` */
  async flushAndLook(options?: AbortOptions): Promise<ReadonlyMap<number, StoredFileStatus>> {
    let looks: ReadonlyMap<number, StoredFileStatus> = new Map()
    await this.#run(options, async () => {
      looks = await this.#files.flush()
      await this.#parking.flush()
    })
    return looks
  }

  /**
   * Changes whether a file is wanted. Bytes that waited in the part file move into a file that became wanted; a file that
   * exists stays where it is when it becomes unwanted.
   * @throws StorageError when the bytes cannot be moved; the file is wanted nevertheless, and the next call tries again
   */
  async setWanted(file: number, wanted: boolean): Promise<void> {
    extentOrThrow(this.geometry, file)
    if (!this.#started) await this.#start()
    await this.#gate.alone(async () => {
      this.#parking.markWanted(file, wanted)
      if (!wanted || this.#pads[file] === 1) return
      await this.#parking.moveOut(file)
      if (extentOf(this.geometry, file).length === 0) await this.#files.create(file)
    })
  }

  /**
   * Takes the content of a wanted file that is not on disk from `from`, the absolute path of a file of the same length: as another
   * name of it where `method` is `link` and the system can, as a copy otherwise. What is in it is not looked at: check it.
   * @returns how it was done; `undefined` when there was nothing to do, because the file is there, padding, a link, or unwanted
   * @throws StorageError; the signal's reason. Nothing is left in the file's place then
   */
  async adopt(
    file: number,
    from: string,
    method: AdoptMethod,
    options?: AbortOptions,
  ): Promise<AdoptMethod | undefined> {
    extentOrThrow(this.geometry, file)
    let done: AdoptMethod | undefined
    await this.#run(options, async () => {
      if (this.#pads[file] === 1 || !this.isWanted(file) || (await this.#files.status(file)) !== undefined) return
      try {
        done = await this.#files.adopt(file, from, method, options)
      } catch (error) {
        throwIfAborted(options)
        throw storageFailure(error, { path: this.pathOf(file) })
      }
    })
    return done
  }

  /**
   * Says where the files are, without a look at the disk: below another root, some under other names. Before anything else is asked.
   * @throws InputError `STORAGE_PATH`
   */
  arrange(path: string, renamed: ReadonlyMap<number, string>): void {
    for (const name of renamed.values()) checkRelativePath(name)
    const root = new RootDirectory(this.#fileSystem, path)
    for (const [file, name] of renamed) if (file < this.#pads.length) this.#places.put(file, { root, path: name })
    this.#places.settle(root)
    this.#parking.place = { ...this.#parking.place, root }
  }

  /**
   * Moves everything to another root, which is made when it is missing. Reads and writes go on, but for moments. When it fails, each
   * file is where it was or where it should be, the storage goes on with that, and the same call with `resuming` does the rest.
   * @throws StorageError `FILE_EXISTS` before anything was moved; `PATH_OUTSIDE`, `ENOSPC` …; the signal's reason
   */
  async move(path: string, options: MoveOptions = {}): Promise<void> {
    await this.#run(options, async () => {})
    const root = new RootDirectory(this.#fileSystem, path)
    if (root.path === this.path && options.resuming !== true) return
    const files = this.geometry.files.map((_, file) => file).filter((file) => this.#pads[file] === 0)
    await this.#relocation().all(files, root, options)
  }

  /**
   * Gives a file another path below its root, on disk too when it is there.
   * @throws InputError `STORAGE_PATH`; StorageError as `move`
   */
  async rename(file: number, path: string, options: MoveOptions = {}): Promise<void> {
    extentOrThrow(this.geometry, file)
    checkRelativePath(path)
    await this.#run(options, async () => {})
    const to = { root: this.#places.rootOf(file), path }
    if (this.#pads[file] === 1) this.#places.put(file, to)
    else await this.#relocation().file(file, to, options)
  }

  /** What is on disk in a file's place, for a resume; `undefined` when nothing is. @throws StorageError `FILE_KIND` … */
  async status(file: number): Promise<StoredFileStatus | undefined> {
    extentOrThrow(this.geometry, file)
    return this.#pads[file] === 1 ? undefined : this.#files.status(file)
  }

  /** Where the pieces lie at this moment. A file that is found missing may be created again by the next write. */
  survey(): PieceSurvey {
    const survey = this.#slices.survey()
    return {
      locate: (piece) => {
        this.#gate.check()
        return this.#started ? survey.locate(piece) : this.#start().then(() => survey.locate(piece))
      },
    }
  }

  /**
   * Closes the storage and removes the torrent's files, its part file and the directories that became empty, below the root.
   * Nothing else is touched, whatever is in the way.
   */
  async deleteFiles(): Promise<void> {
    await this.close()
    const files = this.geometry.files.map((_, file) => file).filter((file) => this.#pads[file] === 0)
    await this.#parking.remove()
    await removeFiles({ fileSystem: this.#fileSystem, places: this.#places, files: this.#files }, files)
  }

  /** Waits for running calls and closes the handles of this torrent. Does not flush. Idempotent. */
  async close(): Promise<void> {
    await this.#gate.close()
    await this.#files.close()
    await this.#parking.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #relocation(): Relocation {
    return new Relocation({
      fileSystem: this.#fileSystem,
      places: this.#places,
      gate: this.#gate,
      files: this.#files,
      parking: this.#parking,
    })
  }

  /** Runs a call beside others, but not while bytes move between files. */
  #run(options: AbortOptions | undefined, work: () => Promise<void>): Promise<void> {
    throwIfAborted(options)
    return this.#started ? this.#gate.share(work) : this.#start().then(() => this.#gate.share(work))
  }

  /** The first call reads the part file's index and brings it in line with what is wanted. */
  async #start(): Promise<void> {
    await this.#gate.alone(async () => {
      if (this.#started) return
      await this.#parking.load()
      for (const file of this.#parking.misplaced()) await this.#parking.moveOut(file)
      this.#started = true
    })
  }
}

function extentOrThrow(geometry: Geometry, file: number): void {
  if (geometry.files[file] === undefined) throw new InputError('FILE_INDEX', `there is no file ${file}`)
}
