// Blocks of pieces that were not complete when a session ended, so that the next one need not fetch them again. They have not
// been verified and nobody is to blame for them: a wrong one costs its piece and no more. One line that says what it is and gives
// the SHA-256 of the rest, one of JSON with the place of each block, and the blocks one behind the other.

import { BLOCK_LENGTH, type Geometry, InputError, type PieceIndex, StorageError, toUtf8 } from '@torrential/primitives'
import { isCount } from './resume-record.ts'
import { sha256Hex } from './sealed-json.ts'
import type { StateFiles } from './state-files.ts'

/** A block in its place. */
export interface KeptBlock {
  readonly piece: PieceIndex
  readonly offset: number
  readonly block: Uint8Array
}

/** Bytes of blocks that are kept of one torrent. Of a session, it is as much as it holds in memory (`unwrittenBytes`). */
const MOST_BYTES = 16 * 1024 * 1024
const HEAD = 'torrential blocks 1 '
const HEAD_LENGTH = HEAD.length + 64 + 1
/** Places of as many blocks as there can be, some of them short. */
const LARGEST_LIST = 4 * 1024 * 1024
const MOST_BLOCKS = 65_536

export class BlockStore {
  readonly #files: StateFiles

  constructor(files: StateFiles) {
    this.#files = files
  }

  /** What is kept of a torrent. */
  async load(infoHash: string, geometry: Geometry): Promise<readonly KeptBlock[] | 'damaged'> {
    try {
      const bytes = await this.#files.read(nameOf(infoHash), HEAD_LENGTH + LARGEST_LIST + MOST_BYTES)
      if (bytes === undefined) return []
      return decodeBlocks(bytes, infoHash, geometry) ?? 'damaged'
    } catch (error) {
      // What cannot be read is fetched again, as what is damaged.
      if (error instanceof StorageError) return 'damaged'
      throw error
    }
  }

  /** Keeps these blocks and no others, as many as fit. @throws InputError `STATE_WRITE` */
  async save(infoHash: string, blocks: Iterable<KeptBlock>): Promise<void> {
    const kept: KeptBlock[] = []
    let bytes = 0
    for (const block of blocks) {
      bytes += block.block.length
      if (bytes > MOST_BYTES || kept.length === MOST_BLOCKS) break
      kept.push(block)
    }
    if (kept.length > 0) await this.#files.replace(nameOf(infoHash), encodeBlocks(infoHash, kept))
    else await this.delete(infoHash)
  }

  async delete(infoHash: string): Promise<void> {
    await this.#files.remove(nameOf(infoHash))
  }
}

export function encodeBlocks(infoHash: string, blocks: readonly KeptBlock[]): Uint8Array {
  const places = blocks.map(({ piece, offset }) => [piece, offset / BLOCK_LENGTH])
  const list = Buffer.from(`${JSON.stringify({ infoHash, places })}\n`)
  const body = Buffer.concat([list, ...blocks.map(({ block }) => block)])
  return Buffer.concat([Buffer.from(`${HEAD}${sha256Hex(body)}\n`), body])
}

/** Undefined unless `bytes` are whole and blocks of that torrent. Each block is a copy. */
export function decodeBlocks(bytes: Uint8Array, infoHash: string, geometry: Geometry): KeptBlock[] | undefined {
  const body = bytes.subarray(HEAD_LENGTH)
  if (toUtf8(bytes.subarray(0, HEAD_LENGTH)) !== `${HEAD}${sha256Hex(body)}\n`) return undefined
  const end = body.indexOf(0x0a)
  try {
    const fields = JSON.parse(toUtf8(body.subarray(0, end))) as Record<string, unknown>
    if (fields.infoHash !== infoHash || !Array.isArray(fields.places)) return undefined
    let at = end + 1
    const blocks = fields.places.map((place: unknown): KeptBlock => {
      const { piece, offset, length } = blockAt(geometry, place)
      at += length
      if (at > body.length) throw misplaced()
      return { piece, offset, block: Uint8Array.from(body.subarray(at - length, at)) }
    })
    return at === body.length ? blocks : undefined
  } catch {
    return undefined
  }
}

function blockAt(geometry: Geometry, place: unknown): { piece: PieceIndex; offset: number; length: number } {
  const [index, number] = Array.isArray(place) ? (place as unknown[]) : []
  if (!isCount(index) || !isCount(number)) throw misplaced()
  const piece = geometry.piece(index)
  if (piece === undefined || number >= geometry.blocksIn(piece)) throw misplaced()
  const offset = number * BLOCK_LENGTH
  return { piece, offset, length: Math.min(BLOCK_LENGTH, geometry.lengthOf(piece) - offset) }
}

function misplaced(): InputError {
  return new InputError('STATE_DAMAGED', 'there is no such block')
}

function nameOf(infoHash: string): string {
  return `${infoHash}.blocks`
}
