// Where every byte of a torrent lives: pieces on one side, files on the other. `Geometry` is the only gate from integers on
// the wire to a `PieceIndex` or a `BlockRef`; code behind it never checks a range again.
//
// Numbers that fit 32 bits leave it as such (`>>> 0`). V8 keeps integers and fractions apart, and an integer that was computed from a
// position in a large file, or has been in a field beside one, counts as a fraction. An object with one of those changes the shape of all
// that begin alike, and code that was compiled before goes on making objects of the old shape, each of which costs as much as a message.
//
// All three kinds share one picture, the *piece space*: the line of bytes in which piece i starts at i × pieceLength.
//   v1      files follow each other without a gap, so a piece may span many files (BEP 3);
//   hybrid  the same, and pad files make every file start on a piece (BEP 47, 52): pads are extents whose bytes are zero;
//   v2      every file that is not empty starts on a piece; the gap behind it belongs to no piece, so the last piece of each
//           file is short (BEP 52).

import { InputError } from './errors.ts'
import type { PieceIndex } from './ids.ts'

/** 16 KiB, the unit of transfer. */
export const BLOCK_LENGTH = 16_384

/** BEP 3, BEP 52, or both at once. */
export type GeometryKind = 'v1' | 'v2' | 'hybrid'

/** A file as the torrent lists it: its length in bytes, and whether it is padding (BEP 47). */
export interface SourceFile {
  readonly length: number
  readonly pad?: boolean
}

/** A file's place in the piece space. `start` counts bytes from the start of piece 0. */
export interface FileExtent {
  readonly start: number
  readonly length: number
  readonly pad: boolean
}

/** ≤ 16 KiB of one piece (≤ 128 KiB when another client asks for more). Only `Geometry.block`, `requestable` and `blockAt` make these. */
export interface BlockRef {
  readonly piece: PieceIndex
  readonly offset: number
  readonly length: number
}

/** `length` bytes at `offset` of file number `file` (an index into `Geometry.files`). */
export interface FileSlice {
  readonly file: number
  readonly offset: number
  readonly length: number
}

/** What a torrent may ask for at most. Beyond 2^32, which is what messages have room for, none of them counts. */
export interface GeometryLimits {
  /** @default 2,097,152 (what libtorrent takes) */
  readonly pieces: number
  /** bytes @default 512 MiB */
  readonly pieceLength: number
  /** bytes in the longest block that may be referred to @default 128 KiB */
  readonly blockLength: number
}

/** Pieces, and bytes of a piece, that messages can tell apart. */
const MOST = 2 ** 32

/** The defaults of `GeometryLimits`. */
export const GEOMETRY_LIMITS: GeometryLimits = {
  pieces: 2_097_152,
  pieceLength: 512 * 1024 * 1024,
  blockLength: 128 * 1024,
}

/** The layout of one torrent. Immutable. */
export class Geometry {
  readonly kind: GeometryKind
  readonly pieceLength: number
  readonly pieceCount: number
  /** Bytes of all files that are not padding. */
  readonly length: number
  /** In the torrent's order, padding included. */
  readonly files: readonly FileExtent[]
  /** End of the last piece in the piece space. */
  readonly #end: number
  /** Indices into `files` of those with bytes, ascending by start: what the search in `slices` walks. Undefined when all have. */
  readonly #occupied: Uint32Array | undefined
  readonly #maxBlock: number
  readonly #hasPads: boolean

  /**
   * @throws InputError `PIECE_LENGTH` (not a positive safe integer, above the limit, or for v2 and hybrid not a power of two
   * of at least 16 KiB), `FILE_LENGTH` (negative or not a safe integer), `TOTAL_LENGTH` (offsets reach 2^53),
   * `PIECE_COUNT` (above the limit)
   */
  constructor(
    kind: GeometryKind,
    pieceLength: number,
    files: readonly SourceFile[],
    limits: GeometryLimits = GEOMETRY_LIMITS,
  ) {
    checkPieceLength(kind, pieceLength, limits)
    const extents: FileExtent[] = []
    const occupied: number[] = []
    let at = 0
    let length = 0
    let pieces = 0
    for (const file of files) {
      if (!Number.isSafeInteger(file.length) || file.length < 0) {
        throw new InputError('FILE_LENGTH', `a file length of ${file.length} is not possible`)
      }
      if (kind === 'v2' && file.length > 0) at = Math.ceil(at / pieceLength) * pieceLength
      if (!Number.isSafeInteger(at + file.length)) throw new InputError('TOTAL_LENGTH', 'file offsets reach 2^53')
      if (file.length > 0) occupied.push(extents.length)
      extents.push({ start: at, length: file.length, pad: file.pad === true })
      at += file.length
      if (file.pad !== true) length += file.length
      pieces = Math.ceil(at / pieceLength)
      if (pieces > Math.min(limits.pieces, MOST))
        throw new InputError('PIECE_COUNT', `more than ${Math.min(limits.pieces, MOST)} pieces`)
    }
    this.kind = kind
    this.pieceLength = pieceLength
    this.pieceCount = pieces
    this.length = length
    this.files = extents
    this.#end = at
    this.#occupied = occupied.length === extents.length ? undefined : Uint32Array.from(occupied)
    this.#maxBlock = limits.blockLength
    this.#hasPads = extents.some((extent) => extent.pad && extent.length > 0)
  }

  /** The gate for piece numbers: `undefined` unless `index` is an integer in `[0, pieceCount)`. */
  piece(index: number): PieceIndex | undefined {
    return Number.isInteger(index) && index >= 0 && index < this.pieceCount ? ((index >>> 0) as PieceIndex) : undefined
  }

  /** The gate for blocks: `undefined` unless the range is inside the piece, not empty and at most 128 KiB. */
  block(piece: number, offset: number, length: number): BlockRef | undefined {
    const index = this.piece(piece)
    if (index === undefined || !Number.isInteger(offset) || !Number.isInteger(length)) return undefined
    if (offset < 0 || length <= 0 || length > this.#maxBlock || offset + length > this.lengthOf(index)) return undefined
    return { piece: index, offset: offset >>> 0, length: length >>> 0 }
  }

  /**
   * The gate for blocks that peers ask for: as `block`, but in v2 one that begins in the piece may end behind it, in the gap up to
   * the next file. libtorrent takes such gaps for padding and asks for whole blocks: what lies there is zeros.
   */
  requestable(piece: number, offset: number, length: number): BlockRef | undefined {
    const index = this.piece(piece)
    if (index === undefined || this.kind !== 'v2') return this.block(piece, offset, length)
    const left = this.lengthOf(index) - offset
    const isWithin = Number.isInteger(length) && length <= this.#maxBlock && offset + length <= this.pieceLength
    if (!isWithin || this.block(index, offset, Math.min(length, left)) === undefined) return undefined
    return { piece: index, offset: offset >>> 0, length: length >>> 0 }
  }

  /** Bytes in a piece. Only a file's last piece (v2) or the torrent's last piece (v1, hybrid) is shorter than `pieceLength`. */
  lengthOf(piece: PieceIndex): number {
    const start = piece * this.pieceLength
    const end = this.kind === 'v2' ? this.#dataEnd(start) : this.#end
    return Math.min(this.pieceLength, end - start)
  }

  /** Bytes in a piece that are not padding. */
  dataLengthOf(piece: PieceIndex): number {
    const length = this.lengthOf(piece)
    if (!this.#hasPads) return length
    let data = 0
    for (const slice of this.slices(piece, 0, length)) if (!this.files[slice.file]?.pad) data += slice.length
    return data
  }

  /** Where the padding at the end of a piece begins: nothing but zeros lies behind (BEP 47). The piece's length without any. */
  paddingStart(piece: PieceIndex): number {
    const length = this.lengthOf(piece)
    if (!this.#hasPads) return length
    let end = 0
    let at = 0
    for (const slice of this.slices(piece, 0, length)) {
      at += slice.length
      if (!this.files[slice.file]?.pad) end = at
    }
    return end
  }

  /** How many 16 KiB blocks a piece has (the last may be shorter). */
  blocksIn(piece: PieceIndex): number {
    return Math.ceil(this.lengthOf(piece) / BLOCK_LENGTH)
  }

  /** Block number `index` of a piece, `0 <= index < blocksIn(piece)`. */
  blockAt(piece: PieceIndex, index: number): BlockRef {
    const offset = index * BLOCK_LENGTH
    return { piece, offset, length: Math.min(BLOCK_LENGTH, this.lengthOf(piece) - offset) >>> 0 }
  }

  /** The files behind a range of a piece, in order, padding included, gapless. */
  slices(piece: PieceIndex, offset: number, length: number): FileSlice[] {
    const slices: FileSlice[] = []
    let at = piece * this.pieceLength + offset
    const end = at + length
    const occupied = this.#occupied?.length ?? this.files.length
    for (let i = this.#occupiedAt(at); i < occupied && at < end; i++) {
      const file = this.#occupiedFile(i)
      const extent = this.files[file] as FileExtent
      if (extent.start >= end) break
      const within = at - extent.start
      const take = Math.min(extent.length - within, end - at)
      slices.push({ file, offset: within, length: take })
      at += take
    }
    return slices
  }

  /**
   * Half-open range of the pieces that hold bytes of a file; empty for an empty file.
   * @throws InputError `FILE_INDEX`
   */
  piecesOf(file: number): { readonly start: number; readonly end: number } {
    const extent = this.files[file]
    if (extent === undefined) throw new InputError('FILE_INDEX', `there is no file ${file}`)
    const start = Math.floor(extent.start / this.pieceLength)
    if (extent.length === 0) return { start, end: start }
    return { start, end: Math.ceil((extent.start + extent.length) / this.pieceLength) }
  }

  /**
   * The piece, and the offset in it, of byte `offset` of a file.
   * @throws InputError `FILE_OFFSET` unless the file has that byte
   */
  locate(file: number, offset: number): { readonly piece: PieceIndex; readonly offset: number } {
    const extent = this.files[file]
    if (extent === undefined || !Number.isInteger(offset) || offset < 0 || offset >= extent.length) {
      throw new InputError('FILE_OFFSET', `file ${file} has no byte ${offset}`)
    }
    const at = extent.start + offset
    const piece = Math.floor(at / this.pieceLength)
    return { piece: (piece >>> 0) as PieceIndex, offset: (at - piece * this.pieceLength) >>> 0 }
  }

  #dataEnd(start: number): number {
    const extent = this.files[this.#occupiedFile(this.#occupiedAt(start))] as FileExtent
    return extent.start + extent.length
  }

  #occupiedFile(position: number): number {
    return this.#occupied === undefined ? position : (this.#occupied[position] as number)
  }

  /** Position in `#occupied` of the first extent that ends behind `at`. */
  #occupiedAt(at: number): number {
    let low = 0
    let high = this.#occupied?.length ?? this.files.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const extent = this.files[this.#occupiedFile(middle)] as FileExtent
      if (extent.start + extent.length > at) high = middle
      else low = middle + 1
    }
    return low
  }
}

function checkPieceLength(kind: GeometryKind, pieceLength: number, limits: GeometryLimits): void {
  if (!Number.isSafeInteger(pieceLength) || pieceLength <= 0 || pieceLength > Math.min(limits.pieceLength, MOST)) {
    throw new InputError('PIECE_LENGTH', `a piece length of ${pieceLength} is not in 1 … ${limits.pieceLength}`)
  }
  if (kind === 'v1') return
  const power = Math.log2(pieceLength)
  if (!Number.isInteger(power) || pieceLength < BLOCK_LENGTH) {
    throw new InputError(
      'PIECE_LENGTH',
      `a ${kind} piece length is a power of two of at least 16 KiB, not ${pieceLength}`,
    )
  }
}
