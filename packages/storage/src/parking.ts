// Which files are wanted, and where the bytes of the others wait: the part file of one torrent, opened when it is needed.
//
// Rule: bytes that have a record in the part file are there; otherwise they are in the file. New bytes of an unwanted file
// get a record, unless the file exists already (it was wanted before, or the user put it there).

import type { FileSlice, Geometry, PieceIndex } from '@torrential/primitives'
import type { FilePlace } from './file-places.ts'
import type { HandlePool } from './handle-pool.ts'
import { PartFile, type PartRecord } from './part-file.ts'
import { extentOf } from './piece-extent.ts'
import type { HandleOwner, PooledHandle } from './pooled-handle.ts'
import { readPartsFully, writeFully } from './pooled-io.ts'
import type { RootDirectory } from './root-directory.ts'
import { storageFailure } from './storage-failure.ts'
import type { StorageObserver } from './storage-observer.ts'
import type { TorrentFiles } from './torrent-files.ts'

/** Bytes moved at once into a file that became wanted. */
const MOVE_LENGTH = 1_048_576

export interface ParkingParts {
  readonly geometry: Geometry
  readonly paths: readonly string[]
  readonly files: TorrentFiles
  readonly handles: HandlePool
  readonly root: RootDirectory
  readonly observer: StorageObserver | undefined
}

export interface ParkingOptions {
  readonly wanted: ((file: number) => boolean) | undefined
  /** Name of the part file in the root. */
  readonly partFile: string | undefined
}

export class Parking {
  readonly #parts: ParkingParts
  readonly #part: PartFile
  readonly #name: string
  #root: RootDirectory
  readonly #owner: HandleOwner = {}
  readonly #wanted: Uint8Array
  #unwanted = 0
  #dirty = false

  constructor(parts: ParkingParts, options: ParkingOptions) {
    this.#parts = parts
    this.#part = new PartFile(parts.geometry, parts.paths)
    this.#name = options.partFile ?? `.${this.#part.name}.parts`
    this.#root = parts.root
    this.#wanted = new Uint8Array(parts.paths.length).fill(1)
    for (let file = 0; file < this.#wanted.length; file++)
      if (options.wanted?.(file) === false) this.markWanted(file, false)
  }

  /** Absolute. */
  get path(): string {
    return this.#root.resolve(this.#name)
  }

  /** The place of the part file; it moves with the files. */
  get place(): FilePlace {
    return { root: this.#root, path: this.#name }
  }

  /** Nobody may use the part file meanwhile, and it must be closed. */
  set place({ root }: FilePlace) {
    this.#root = root
  }

  isWanted(file: number): boolean {
    return this.#wanted[file] === 1
  }

  /** Reads the part file's index, if there is one. Never rejects: what cannot be read is reported and not used. */
  async load(): Promise<void> {
    let handle: PooledHandle | undefined
    try {
      await this.#root.require('')
      handle = await this.#acquire('read')
      await this.#part.load(handle.file, this.path)
    } catch (error) {
      const failure = storageFailure(error, { path: this.path })
      if (failure.code !== 'FILE_MISSING') this.#parts.observer?.ignored?.(failure)
    } finally {
      if (handle !== undefined) this.#parts.handles.release(handle)
    }
  }

  /** The record that holds a piece's bytes in a file, when the part file has them. */
  find(piece: PieceIndex, file: number): PartRecord | undefined {
    return this.#part.find(piece, file)
  }

  /** Nothing is in the part file. */
  get isEmpty(): boolean {
    return this.#part.size === 0
  }

  /** Every byte is in its file, and belongs there. */
  get isUnused(): boolean {
    return this.#unwanted === 0 && this.isEmpty
  }

  /** True when new bytes of this slice belong into the part file. Costs a look at the disk for unwanted files only. */
  takes(piece: PieceIndex, file: number): boolean | Promise<boolean> {
    if (this.#part.find(piece, file) !== undefined) return true
    return !this.isWanted(file) && this.#parts.files.status(file).then((status) => status === undefined)
  }

  /** Fills `into`, in order, with a slice that has a record. @throws StorageError */
  async read(record: PartRecord, slice: FileSlice, into: readonly Uint8Array[]): Promise<void> {
    const handle = await this.#acquire('read')
    try {
      await readPartsFully(handle.file, into, this.positionOf(record, slice.offset), this.path)
    } finally {
      this.#parts.handles.release(handle)
    }
  }

  /** @throws StorageError */
  async write(piece: PieceIndex, slice: FileSlice, blocks: readonly Uint8Array[]): Promise<void> {
    await this.#root.create('')
    const handle = await this.#acquire('create')
    this.#dirty = true
    try {
      const record = await this.#part.reserve(handle.file, this.path, piece, slice.file)
      await writeFully(handle.file, blocks, this.positionOf(record, slice.offset), this.path)
    } finally {
      this.#parts.handles.release(handle)
    }
  }

  /** Where byte `offset` of the record's file lies in the part file. */
  positionOf(record: PartRecord, offset: number): number {
    const { geometry } = this.#parts
    const pieceStart = record.piece * geometry.pieceLength - extentOf(geometry, record.file).start
    return record.position + offset - Math.max(0, pieceStart)
  }

  /** Files that are wanted but have bytes here: the selection changed while the storage was not running. */
  misplaced(): number[] {
    return this.#part.files().filter((file) => this.isWanted(file))
  }

  markWanted(file: number, wanted: boolean): void {
    this.#unwanted += (this.#wanted[file] as number) - Number(wanted)
    this.#wanted[file] = Number(wanted)
  }

  /** Moves what the part file has of a file into the file. Nobody may read or write meanwhile. @throws StorageError */
  async moveOut(file: number): Promise<void> {
    const records = this.#part.ofFile(file)
    if (records.length === 0) return
    for (const record of records) await this.#copy(record)
    // Only when the bytes are safe in the file does the part file let go of them.
    await this.#parts.files.flush()
    const handle = await this.#acquire('write')
    try {
      for (const record of records) await this.#part.discard(handle.file, this.path, record)
    } finally {
      this.#parts.handles.release(handle)
    }
    if (this.#part.size === 0) await this.remove()
  }

  async flush(): Promise<void> {
    if (!this.#dirty) return
    this.#dirty = false
    const handle = await this.#acquire('write')
    try {
      await handle.file.datasync()
    } catch (error) {
      this.#dirty = true
      throw storageFailure(error, { path: this.path })
    } finally {
      this.#parts.handles.release(handle)
    }
  }

  close(): Promise<void> {
    return this.#parts.handles.evict(this.#owner)
  }

  /** Removes the part file. @throws StorageError */
  async remove(): Promise<void> {
    await this.close()
    this.#part.clear()
    this.#dirty = false
    try {
      const { fileSystem } = this.#parts.handles
      if ((await fileSystem.stat(this.path)).kind === 'file') await fileSystem.removeFile(this.path)
    } catch (error) {
      const failure = storageFailure(error, { path: this.path })
      if (failure.code !== 'FILE_MISSING' && failure.code !== 'FILE_KIND') throw failure
    }
  }

  async #copy(record: PartRecord): Promise<void> {
    const { geometry, files } = this.#parts
    const start = Math.max(0, record.piece * geometry.pieceLength - extentOf(geometry, record.file).start)
    for (let done = 0; done < record.length; done += MOVE_LENGTH) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(MOVE_LENGTH, record.length - done))
      const slice = { file: record.file, offset: start + done, length: bytes.length }
      try {
        await this.read(record, slice, [bytes])
      } catch (error) {
        // The rest of this piece was never written: its hash will say so.
        if (storageFailure(error, {}).code === 'SHORT_READ') return
        throw error
      }
      await files.write(record.file, slice.offset, [bytes])
    }
  }

  #acquire(access: 'read' | 'write' | 'create'): Promise<PooledHandle> {
    return this.#parts.handles.acquire({ owner: this.#owner, file: -1, path: this.path, access })
  }
}
