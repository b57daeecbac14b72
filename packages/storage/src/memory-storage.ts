// Pieces in memory, for tests, small torrents and streaming without a disk. It grows with what is written: a piece is a list
// of 16 KiB pages, and a page exists once a byte of it was written. What was never written cannot be read.

import type { Storage } from '@torrential/contracts'
import type { AbortOptions, FileSlice, Geometry, PieceIndex } from '@torrential/primitives'
import { BLOCK_LENGTH, StorageError, throwIfAborted } from '@torrential/primitives'
import { extentOf } from './piece-extent.ts'
import { piecewise } from './piecewise.ts'
import { BlockCursor, lengthOf } from './pooled-io.ts'
import { closedFailure } from './storage-failure.ts'

export interface MemoryStorageParts {
  readonly geometry: Geometry
}

export class MemoryStorage implements Storage {
  readonly #geometry: Geometry
  readonly #pieces = new Map<PieceIndex, (Uint8Array | undefined)[]>()
  #size = 0
  #closed = false

  constructor(parts: MemoryStorageParts) {
    this.#geometry = parts.geometry
  }

  /** Bytes held, in whole pages. */
  get size(): number {
    return this.#size
  }

  async read(piece: PieceIndex, offset: number, length: number, options?: AbortOptions): Promise<Uint8Array> {
    this.#check(options)
    const bytes = new Uint8Array(length)
    let at = 0
    for (const slice of this.#geometry.slices(piece, offset, length)) {
      if (!this.#isPad(slice)) this.#copyOut(piece, offset + at, bytes.subarray(at, at + slice.length))
      at += slice.length
    }
    return bytes
  }

  async write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[], options?: AbortOptions): Promise<void> {
    this.#check(options)
    const cursor = new BlockCursor(blocks)
    for (const part of piecewise(this.#geometry, piece, offset, lengthOf(blocks))) {
      let at = part.offset
      for (const slice of this.#geometry.slices(part.piece, at, part.length)) {
        for (const view of cursor.take(slice.length)) {
          if (!this.#isPad(slice)) this.#copyIn(part.piece, at, view)
          at += view.length
        }
      }
    }
  }

  async flush(options?: AbortOptions): Promise<void> {
    this.#check(options)
  }

  /** Lets go of the bytes. */
  async close(): Promise<void> {
    this.#closed = true
    this.#pieces.clear()
    this.#size = 0
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #check(options: AbortOptions | undefined): void {
    throwIfAborted(options)
    if (this.#closed) throw closedFailure('storage')
  }

  #isPad(slice: FileSlice): boolean {
    return extentOf(this.#geometry, slice.file).pad
  }

  #copyOut(piece: PieceIndex, offset: number, into: Uint8Array): void {
    const pages = this.#pieces.get(piece)
    for (let at = 0; at < into.length; ) {
      const page = pages?.[Math.floor((offset + at) / BLOCK_LENGTH)]
      if (page === undefined) {
        throw new StorageError('SHORT_READ', `byte ${offset + at} of piece ${piece} was never written`, { piece })
      }
      const from = (offset + at) % BLOCK_LENGTH
      const count = Math.min(page.length - from, into.length - at)
      into.set(page.subarray(from, from + count), at)
      at += count
    }
  }

  #copyIn(piece: PieceIndex, offset: number, bytes: Uint8Array): void {
    let pages = this.#pieces.get(piece)
    if (pages === undefined) this.#pieces.set(piece, (pages = []))
    for (let at = 0; at < bytes.length; ) {
      const index = Math.floor((offset + at) / BLOCK_LENGTH)
      const page = (pages[index] ??= this.#newPage(piece, index))
      const from = (offset + at) % BLOCK_LENGTH
      const count = Math.min(page.length - from, bytes.length - at)
      page.set(bytes.subarray(at, at + count), from)
      at += count
    }
  }

  #newPage(piece: PieceIndex, index: number): Uint8Array {
    const length = Math.min(BLOCK_LENGTH, this.#geometry.lengthOf(piece) - index * BLOCK_LENGTH)
    this.#size += length
    return new Uint8Array(length)
  }
}
