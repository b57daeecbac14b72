// A range of a file as a stream, while the torrent is still arriving. The position of the stream is its read window: the
// pieces just ahead of it become urgent for the engine, in order, and everything behind it stops being so. A chunk is at most
// 256 KiB – a block where blocks are verified one by one, before their piece is whole (BEP 52) – and no more than 1 MiB is read ahead of the consumer, so a slow one costs that much memory. A failed read destroys the
// stream with the error; it never ends early as if the file were shorter.

import { Readable } from 'streamx'
import type { PieceRange, ReadWindow } from '@torrential/engine'
import { BLOCK_LENGTH, type Geometry, type PieceIndex } from '@torrential/primitives'

/** The part of a torrent that a stream needs. */
export interface FileStreamSource {
  readonly geometry: Geometry
  has(piece: PieceIndex): boolean
  /** Resolves once the piece is here, or more of it. */
  arrival(piece: PieceIndex, signal: AbortSignal): Promise<void>
  /** Verified bytes from there on of a piece that is not here yet, up to the end of a block. */
  early(piece: PieceIndex, offset: number): Uint8Array | undefined
  read(piece: PieceIndex, offset: number, length: number): Promise<Uint8Array>
  /** Makes a half-open range of pieces urgent. */
  openWindow(range: PieceRange): ReadWindow
  moveWindow(window: ReadWindow, range: PieceRange): void
  closeWindow(window: ReadWindow): void
}

export interface FileRange {
  /** First byte. @default 0 */
  readonly start?: number
  /** Byte behind the last (half-open). @default the file's length */
  readonly end?: number
}

const longestChunk = 256 * 1024
// Far enough ahead that a player never waits on a line that is fast enough, near enough that a seek is not drowned.
const readAhead = 8 * 1024 * 1024
const highWaterMark = 1024 * 1024

/** A streamx `Readable` of `Uint8Array` chunks; works with `for await`, `pipe` and the `pipeline` of node:stream. */
export class FileStream extends Readable {
  readonly #source: FileStreamSource
  readonly #file: number
  readonly #end: number
  readonly #abort = new AbortController()
  #at: number
  #window: ReadWindow | undefined
  #windowStart = -1
  #pending: ((error: Error | null) => void) | undefined

  /** `file` is an index into the geometry's files; the range has been checked. */
  constructor(source: FileStreamSource, file: number, range: { readonly start: number; readonly end: number }) {
    super({ highWaterMark })
    this.#source = source
    this.#file = file
    this.#at = range.start
    this.#end = range.end
  }

  override [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return super[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  }

  override _read(done: (error: Error | null) => void): void {
    this.#pending = done
    this.#readChunk().then(
      () => this.#finish(null),
      (error: unknown) => this.#finish(error as Error),
    )
  }

  // streamx closes only when the pending callback has come back: end the wait first.
  override _predestroy(): void {
    this.#abort.abort()
    this.#closeWindow()
    this.#finish(new Error('destroyed'))
  }

  async #readChunk(): Promise<void> {
    if (this.#at >= this.#end) {
      this.#closeWindow()
      this.push(null)
      return
    }
    const { geometry } = this.#source
    const { piece, offset } = geometry.locate(this.#file, this.#at)
    this.#moveWindow(piece, Math.floor(offset / BLOCK_LENGTH))
    const length = Math.min(longestChunk, this.#end - this.#at, geometry.lengthOf(piece) - offset)
    const bytes = await this.#bytes(piece, offset, length)
    if (this.#abort.signal.aborted) return
    this.#at += bytes.length
    this.push(bytes)
  }

  /** At most `length` bytes, as soon as there are any. */
  async #bytes(piece: PieceIndex, offset: number, length: number): Promise<Uint8Array> {
    for (;;) {
      if (this.#source.has(piece)) return this.#source.read(piece, offset, length)
      const early = this.#source.early(piece, offset)
      // A copy: what users do with it must not reach what is about to be written.
      if (early !== undefined) return early.slice(0, length)
      await this.#source.arrival(piece, this.#abort.signal)
    }
  }

  #moveWindow(piece: PieceIndex, block: number): void {
    if (piece === this.#windowStart) return
    this.#windowStart = piece
    const last = this.#source.geometry.locate(this.#file, this.#end - 1).piece
    const ahead = Math.max(2, Math.ceil(readAhead / this.#source.geometry.pieceLength))
    const range = { start: piece, end: Math.min(last + 1, piece + ahead), block }
    if (this.#window === undefined) this.#window = this.#source.openWindow(range)
    else this.#source.moveWindow(this.#window, range)
  }

  #closeWindow(): void {
    if (this.#window !== undefined) this.#source.closeWindow(this.#window)
    this.#window = undefined
  }

  #finish(error: Error | null): void {
    const done = this.#pending
    this.#pending = undefined
    done?.(error)
  }
}
