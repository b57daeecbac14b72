// Where the bytes of a piece lie. One slice of a piece per file; every slice goes to one of three places:
//     padding        nowhere: reads as zeros, is never written (BEP 47)
//     the part file  when the file is unwanted and does not exist, or when the part file holds these bytes already
//     the file       otherwise
// Nobody may move bytes between these places meanwhile; that is for the caller to see to.

import type { FileSlice, Geometry, PieceIndex } from '@torrential/primitives'
import type { Parking } from './parking.ts'
import { extentOf, type PieceExtent, type PieceSurvey } from './piece-extent.ts'
import { piecewise } from './piecewise.ts'
import { BlockCursor, lengthOf } from './pooled-io.ts'
import { sideBySide } from './side-by-side.ts'
import type { FileWrite } from './small-files.ts'
import { storageFailure } from './storage-failure.ts'
import { hasPieceOfPads } from './stored-file.ts'
import type { TorrentFiles } from './torrent-files.ts'

/** Files of one piece that are worked on at once: enough for small ones to share a look at their directory, few of all handles. */
const FILES_AT_ONCE = 16

export interface PieceSlicesParts {
  readonly geometry: Geometry
  /** 1 for a file that is never on disk. */
  readonly pads: Uint8Array
  readonly files: TorrentFiles
  readonly parking: Parking
}

export class PieceSlices {
  readonly #parts: PieceSlicesParts

  constructor(parts: PieceSlicesParts) {
    this.#parts = parts
  }

  /** Fills `parts`, which have `length` bytes. @throws StorageError */
  read(piece: PieceIndex, offset: number, length: number, parts: readonly Uint8Array[]): Promise<void> {
    const slices = this.#parts.geometry.slices(piece, offset, length)
    const [only] = slices
    if (slices.length === 1 && only !== undefined) return this.#read(piece, only, parts)
    const cursor = new BlockCursor(parts)
    // Begins in order, several files at a time; small files cost little but waiting.
    const reads = slices.map((slice) => ({ slice, parts: cursor.take(slice.length) }))
    return sideBySide(reads, FILES_AT_ONCE, (read) => this.#read(piece, read.slice, read.parts))
  }

  /** A run that may go on in the pieces behind. @throws StorageError */
  async write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[]): Promise<void> {
    const { geometry, parking } = this.#parts
    const length = lengthOf(blocks)
    // Nothing depends on the piece then, and a file across the end of a piece is written once.
    if (offset + length <= geometry.pieceLength || parking.isUnused)
      return this.#writeRun(piece, offset, length, blocks)
    const cursor = new BlockCursor(blocks)
    for (const part of piecewise(geometry, piece, offset, length))
      await this.#writeRun(part.piece, part.offset, part.length, cursor.take(part.length))
  }

  async #writeRun(piece: PieceIndex, offset: number, length: number, blocks: readonly Uint8Array[]): Promise<void> {
    const slices = this.#parts.geometry.slices(piece, offset, length)
    const [only] = slices
    if (slices.length === 1 && only !== undefined) return this.#write(piece, only, blocks)
    const cursor = new BlockCursor(blocks)
    // Not spread: the copies of a shape that changes keep the old one, and everybody who reads them pays for it.
    const writes = slices.map(({ file, offset: at, length: bytes }) => {
      return { file, offset: at, length: bytes, blocks: cursor.take(bytes) }
    })
    await sideBySide(await this.#writeSmall(piece, writes), FILES_AT_ONCE, (write) =>
      this.#write(piece, write, write.blocks),
    )
  }

  /** Where the pieces lie at this moment. A file that is found missing may be created again by the next write. */
  survey(): PieceSurvey {
    const { geometry, files, pads, parking } = this.#parts
    const sizes = new Map<number, number>()
    const missing = files.missingDirectories()
    /** No piece has a byte that is there: found out with the first file that is missing. */
    let isBlank: boolean | undefined
    const measure = async (file: number): Promise<number> => {
      const size = (await files.status(file, missing))?.size ?? -1
      if (size < 0) {
        await files.forget(file)
        isBlank ??= parking.isEmpty && !hasPieceOfPads(pads, geometry) && (await files.forgetAll(missing))
      }
      sizes.set(file, size)
      return size
    }
    /** Of the piece's files, until one is too short. Not one file each time that it is looked for: a piece may have very many. */
    const measureAll = async (piece: PieceIndex): Promise<void> => {
      for (const slice of geometry.slices(piece, 0, geometry.lengthOf(piece))) {
        if (this.#locateElsewhere(piece, slice) !== undefined) continue
        const size = sizes.get(slice.file) ?? (await measure(slice.file))
        if (size < slice.offset + slice.length) return
      }
    }
    const locate: PieceSurvey['locate'] = (piece) => {
      if (isBlank === true) return undefined
      const extents: PieceExtent[] = []
      for (const slice of geometry.slices(piece, 0, geometry.lengthOf(piece))) {
        const elsewhere = this.#locateElsewhere(piece, slice)
        if (elsewhere === undefined) {
          const size = sizes.get(slice.file)
          if (size === undefined) return measureAll(piece).then(() => locate(piece))
          if (size < slice.offset + slice.length) return undefined
        }
        extents.push(elsewhere ?? { path: files.pathOf(slice.file), position: slice.offset, length: slice.length })
      }
      return extents
    }
    return { locate }
  }

  async #read(piece: PieceIndex, slice: FileSlice, into: readonly Uint8Array[]): Promise<void> {
    const { pads, parking, files } = this.#parts
    if (pads[slice.file] === 1) {
      for (const part of into) part.fill(0)
      return
    }
    try {
      const record = parking.find(piece, slice.file)
      if (record !== undefined) await parking.read(record, slice, into)
      else await files.read(slice.file, slice.offset, into)
    } catch (error) {
      throw storageFailure(error, { path: files.pathOf(slice.file), piece })
    }
  }

  /** Does what can be done for many files at a time; returns what is left. */
  async #writeSmall(piece: PieceIndex, writes: readonly FileWrite[]): Promise<readonly FileWrite[]> {
    const { pads, parking, files } = this.#parts
    const plain: FileWrite[] = []
    const others: FileWrite[] = []
    for (const write of writes) {
      const { file } = write
      const isPlain = pads[file] === 0 && parking.isWanted(file) && parking.find(piece, file) === undefined
      const list = isPlain ? plain : others
      list.push(write)
    }
    const left = await files.writeSmall(plain)
    return others.length === 0 ? left : [...others, ...left]
  }

  async #write(piece: PieceIndex, slice: FileSlice, blocks: readonly Uint8Array[]): Promise<void> {
    const { pads, parking, files } = this.#parts
    if (pads[slice.file] === 1) return
    try {
      if (await parking.takes(piece, slice.file)) await parking.write(piece, slice, blocks)
      else await files.write(slice.file, slice.offset, blocks)
    } catch (error) {
      throw storageFailure(error, { path: files.pathOf(slice.file), piece: this.#pieceOf(slice) })
    }
  }

  /** Where the slice begins: a run may have left its first piece behind. */
  #pieceOf({ file, offset }: FileSlice): PieceIndex {
    const { geometry } = this.#parts
    return Math.floor((extentOf(geometry, file).start + offset) / geometry.pieceLength) as PieceIndex
  }

  /** Bytes that are not in their file: padding, and what waits in the part file. */
  #locateElsewhere(piece: PieceIndex, slice: FileSlice): PieceExtent | undefined {
    const { pads, parking } = this.#parts
    const { length } = slice
    if (pads[slice.file] === 1) return { path: undefined, position: 0, length }
    const record = parking.find(piece, slice.file)
    if (record === undefined) return undefined
    return { path: parking.path, position: parking.positionOf(record, slice.offset), length }
  }
}
