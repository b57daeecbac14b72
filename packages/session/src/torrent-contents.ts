// What a torrent holds: which pieces and files are here, who waits for one, and which files are wanted.
// Knows the engine for one thing only, what is urgent or wanted; connections and trackers are somebody else's.

import type { ReadWindow, SwarmEngine } from '@torrential/engine'
import type { Metainfo } from '@torrential/metainfo'
import { type Clock, type Geometry, type PieceIndex, StorageError } from '@torrential/primitives'
import type { Storage } from '@torrential/contracts'
import { ByteTally } from './byte-tally.ts'
import { EarlyBlocks } from './early-blocks.ts'
import { FileProgress } from './file-progress.ts'
import { FileSelection } from './file-selection.ts'
import type { FileStreamSource } from './file-stream.ts'
import { PieceGate } from './piece-gate.ts'
import { NORMAL_PRIORITY } from './torrent-file.ts'

export interface TorrentContentsParts {
  readonly metainfo: Metainfo
  readonly engine: SwarmEngine
  readonly clock: Clock
  /** Reads for streams: the cached storage. */
  readonly storage: Storage
  readonly setWanted: (file: number, wanted: boolean) => Promise<void>
  /** The engine was told something: perform what it wants. */
  readonly pump: () => void
  /** A reader waits for a piece, wanted or not. */
  readonly awaited: () => void
  readonly failed: (error: unknown) => void
  /** The last reader is gone. */
  readonly unread: () => void
}

type Range = Parameters<ReadWindow['move']>[0]

export class TorrentContents implements FileStreamSource {
  readonly geometry: Geometry
  readonly selection: FileSelection
  readonly #parts: TorrentContentsParts
  readonly #gate = new PieceGate()
  readonly #early = new EarlyBlocks()
  #windows = 0
  readonly #progress: FileProgress
  readonly #tally: ByteTally

  constructor(parts: TorrentContentsParts, wanted: (file: number) => boolean) {
    this.#parts = parts
    const { geometry } = parts.metainfo
    this.geometry = geometry
    this.#progress = new FileProgress(geometry, parts.engine.have)
    const { engine, clock, setWanted, failed, pump } = parts
    const tally = new ByteTally(geometry, engine.have)
    const applied = (priorities: Uint8Array) => {
      tally.select(priorities)
      pump()
    }
    this.#tally = tally
    this.selection = new FileSelection({ geometry, engine, clock, setWanted, failed, applied }, wanted)
    tally.select(this.selection.pieces)
  }

  /** A piece is verified and written: wakes its readers and returns the files (indices of the geometry) that it completed. */
  gained(piece: PieceIndex): number[] {
    const completed = this.#progress.add(piece)
    this.#tally.gained(piece)
    this.#early.drop(piece)
    this.#gate.open(piece)
    return completed
  }

  /** A block is right before its piece is whole (BEP 52): wakes the readers of the piece. */
  arrived(piece: PieceIndex, offset: number, block: Uint8Array): void {
    this.#early.add(piece, offset, block)
    this.#gate.open(piece)
  }

  early(piece: PieceIndex, offset: number): Uint8Array | undefined {
    return this.#early.at(piece, offset)
  }

  lost(piece: PieceIndex): void {
    this.#progress.delete(piece)
    this.#tally.lost(piece)
  }

  /** Bytes of the pieces that are wanted and not here. */
  get bytesLeft(): number {
    return this.#tally.left
  }

  /** Bytes of all pieces that are not here, wanted or not: what trackers are told. */
  get bytesMissing(): number {
    return this.#tally.missing
  }

  /** Bytes of the files that are wanted. */
  get bytesWanted(): number {
    return this.selection.bytesWanted
  }

  /** Nobody reads, and every file is wanted as it was before anybody said anything. */
  get isUntouched(): boolean {
    const { files } = this.#parts.metainfo
    return this.#windows === 0 && files.every(({ index, pad }) => pad || this.filePriority(index) === NORMAL_PRIORITY)
  }

  /** Readers that wait get `error`. */
  close(error: Error): void {
    this.#gate.close(error)
  }

  has(piece: PieceIndex): boolean {
    return this.#parts.engine.have.has(piece)
  }

  arrival(piece: PieceIndex, signal: AbortSignal): Promise<void> {
    this.#parts.awaited()
    return this.#gate.wait(piece, signal)
  }

  async read(piece: PieceIndex, offset: number, length: number): Promise<Uint8Array> {
    try {
      return await this.#parts.storage.read(piece, offset, length)
    } catch (error) {
      this.#parts.failed(error)
      throw error
    }
  }

  openWindow(range: Range): ReadWindow {
    this.#windows++
    const window = this.#parts.engine.openWindow(range, this.#parts.clock.now())
    this.#parts.pump()
    return window
  }

  moveWindow(window: ReadWindow, range: Range): void {
    window.move(range, this.#parts.clock.now())
    this.#parts.pump()
  }

  closeWindow(window: ReadWindow): void {
    this.#windows--
    if (this.#windows === 0) this.#early.clear()
    window.close(this.#parts.clock.now())
    this.#parts.pump()
    if (this.#windows === 0) this.#parts.unread()
  }

  missingPieces(file: number): number {
    return this.#progress.missing(file)
  }

  filePriority(file: number): number {
    return this.selection.priority(file)
  }

  setFilePriority(file: number, priority: number): void {
    this.selection.set(file, priority)
  }
}

/** Any failure of reading or writing, as the error that users get. */
export function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  return new StorageError('STORAGE_FAILED', 'reading or writing failed', { cause: error })
}
