// Bytes of wanted pieces that fall into unwanted files. Those files are not created; their bytes wait here, in one hidden
// file per torrent, until the file becomes wanted.
//
// Layout, all numbers big-endian: a header of 32 bytes
//     0  8  'TRNTPART'      8  4  version 1      12  20  fingerprint of the torrent's layout
// and then records, one after the other, each a header of 32 bytes and `length` bytes of data:
//     0  4  'part'   4  4  1 in use, 2 given up   8  4  piece   12  4  file   16  4  length   20  4  zero
//     24  8  first bytes of SHA-1(fingerprint, position of the record, piece, file, length)
// A record holds what one piece has in one file, so its length is known beforehand: a header that says anything else, or
// whose check fails, ends the list, and everything in front of it stays good. Nothing is ever allocated from a length in the
// file. Data may be written in runs; what was not written reads as zeros or ends early, and the piece's hash tells.

import type { Geometry, PieceIndex } from '@torrential/primitives'
import {
  LazyMap,
  equalBytes,
  fromLatin1,
  readUint32,
  StorageError,
  toLatin1,
  writeUint32,
} from '@torrential/primitives'
import { createHash } from 'node:crypto'
import type { OpenFile } from './file-system.ts'
import { readFully, writeFully } from './pooled-io.ts'

const MAGIC = fromLatin1('TRNTPART')
const RECORD = readUint32(fromLatin1('part'), 0)
const HEADER_LENGTH = 32
const IN_USE = 1
const GIVEN_UP = 2

/** What one piece has in one file. */
export interface PartRecord {
  readonly piece: PieceIndex
  readonly file: number
  /** bytes */
  readonly length: number
  /** Where its data starts in the part file. */
  readonly position: number
}

/** The index of a part file, kept in memory. Opening and closing the file is its owner's business. */
export class PartFile {
  readonly #geometry: Geometry
  readonly #paths: readonly string[]
  #known: Uint8Array | undefined
  readonly #records = new LazyMap<string, PartRecord>()
  #end = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(geometry: Geometry, paths: readonly string[]) {
    this.#geometry = geometry
    this.#paths = paths
  }

  /** Made when it is needed: most torrents never have a part file, and hashing the names of many files takes a while. */
  get #fingerprint(): Uint8Array {
    this.#known ??= fingerprint(this.#geometry, this.#paths)
    return this.#known
  }

  /** Lower-case hexadecimal; the same for the same layout of pieces and files. */
  get name(): string {
    return Buffer.from(this.#fingerprint).toString('hex')
  }

  get size(): number {
    return this.#records.size
  }

  find(piece: PieceIndex, file: number): PartRecord | undefined {
    return this.#records.size === 0 ? undefined : this.#records.get(`${piece}.${file}`)
  }

  /** The records of one file. */
  ofFile(file: number): PartRecord[] {
    return [...this.#records.values()].filter((record) => record.file === file)
  }

  /** Files that have bytes here, ascending. */
  files(): number[] {
    return [...new Set([...this.#records.values()].map((record) => record.file))].sort((a, b) => a - b)
  }

  /**
   * Reads the index of an existing part file. Afterwards the records in front of the first fault are known.
   * @throws StorageError `PART_FILE_INVALID` when there was a fault; the index is usable nevertheless
   */
  async load(file: OpenFile, path: string): Promise<void> {
    this.#records.clear()
    this.#end = 0
    const { size } = await file.stat()
    const header = new Uint8Array(HEADER_LENGTH)
    if (size < HEADER_LENGTH) throw invalid(path, 'it has no header')
    await readFully(file, header, 0, path)
    if (!equalBytes(header, this.#header())) throw invalid(path, 'its header belongs to something else')
    this.#end = HEADER_LENGTH
    while (this.#end + HEADER_LENGTH <= size) {
      await readFully(file, header, this.#end, path)
      if (!this.#accept(header)) throw invalid(path, `the record at byte ${this.#end} is not valid`)
    }
  }

  /** A place for what `piece` has in file number `index`: the existing one, or a new one at the end of the part file. */
  reserve(file: OpenFile, path: string, piece: PieceIndex, index: number): Promise<PartRecord> {
    // One after the other: a record that could not be written must not leave a hole in front of the next one.
    const turn = this.#last.then(() => this.find(piece, index) ?? this.#append(file, path, piece, index))
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Gives a record up, in memory and on disk. */
  async discard(file: OpenFile, path: string, record: PartRecord): Promise<void> {
    await writeFully(file, [this.#recordHeader(record, GIVEN_UP)], record.position - HEADER_LENGTH, path)
    this.#records.delete(`${record.piece}.${record.file}`)
  }

  /** Forgets everything: the file was removed. */
  clear(): void {
    this.#records.clear()
    this.#end = 0
  }

  async #append(file: OpenFile, path: string, piece: PieceIndex, index: number): Promise<PartRecord> {
    // What is left of a file that was not valid goes away with the first record.
    if (this.#end === 0) {
      await file.truncate(0)
      await writeFully(file, [this.#header()], 0, path)
      this.#end = HEADER_LENGTH
    }
    const length = lengthIn(this.#geometry, piece, index)
    const record = { piece, file: index, length, position: this.#end + HEADER_LENGTH }
    await writeFully(file, [this.#recordHeader(record, IN_USE)], this.#end, path)
    this.#end = record.position + length
    this.#records.set(`${piece}.${index}`, record)
    return record
  }

  #accept(header: Uint8Array): boolean {
    const state = readUint32(header, 4)
    const piece = this.#geometry.piece(readUint32(header, 8))
    const file = readUint32(header, 12)
    const length = readUint32(header, 16)
    if (piece === undefined || (state !== IN_USE && state !== GIVEN_UP)) return false
    if (lengthIn(this.#geometry, piece, file) !== length) return false
    const record = { piece, file, length, position: this.#end + HEADER_LENGTH }
    if (!equalBytes(header, this.#recordHeader(record, state))) return false
    this.#end = record.position + length
    if (state === IN_USE) this.#records.set(`${piece}.${file}`, record)
    return true
  }

  #header(): Uint8Array {
    const header = new Uint8Array(HEADER_LENGTH)
    header.set(MAGIC, 0)
    writeUint32(header, 8, 1)
    header.set(this.#fingerprint, 12)
    return header
  }

  #recordHeader(record: PartRecord, state: number): Uint8Array {
    const header = new Uint8Array(HEADER_LENGTH)
    writeUint32(header, 0, RECORD)
    writeUint32(header, 4, state)
    writeUint32(header, 8, record.piece)
    writeUint32(header, 12, record.file)
    writeUint32(header, 16, record.length)
    const identity = `${toLatin1(this.#fingerprint)}:${record.position}:${record.piece}:${record.file}:${record.length}`
    header.set(createHash('sha1').update(identity, 'latin1').digest().subarray(0, 8), 24)
    return header
  }
}

/** Bytes that a piece has in a file; 0 when it has none, or when there is no such file. */
function lengthIn(geometry: Geometry, piece: PieceIndex, file: number): number {
  for (const slice of geometry.slices(piece, 0, geometry.lengthOf(piece))) {
    if (slice.file === file) return slice.length
  }
  return 0
}

function fingerprint(geometry: Geometry, paths: readonly string[]): Uint8Array {
  const hash = createHash('sha1').update(`${geometry.kind} ${geometry.pieceLength}\n`)
  for (const [index, extent] of geometry.files.entries()) {
    hash.update(`${extent.length} ${extent.pad ? 'pad' : 'file'} ${paths[index] ?? ''}\n`)
  }
  return new Uint8Array(hash.digest())
}

function invalid(path: string, why: string): StorageError {
  return new StorageError('PART_FILE_INVALID', `the part file is not used from there on: ${why}: ${path}`, { path })
}
