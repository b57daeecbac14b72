// What was here of pieces that were not complete when a session ended, so that the next one need not fetch it again. It has not been
// verified and nobody is to blame for it: what is wrong costs its piece and no more. One line that says what the file is and gives
// the SHA-256 of the rest, one of JSON with the place of each block and the ranges that lie in the torrent's own files, and the
// blocks one behind the other.
//
// A file may have 16 MiB: it is copied, hashed and read bit by bit, in the session's turns.

import { createHash } from 'node:crypto'
import type { HeldBlock, HeldPiece, HeldRange } from '@torrential/engine'
import {
  BLOCK_LENGTH,
  type BlockRef,
  type Geometry,
  InputError,
  type PieceIndex,
  StorageError,
  toUtf8,
} from '@torrential/primitives'
import type { TurnBudget } from '../turn-budget.ts'
import { isCount } from './resume-record.ts'
import type { StateFiles } from './state-files.ts'

/** As it lies in the file. */
export interface KeptPiece extends HeldPiece {
  readonly blocks: readonly HeldBlock[]
}

/** Bytes of blocks that are kept of one torrent. Of a session, it is as much as it holds in memory (`unwrittenBytes`). */
const MOST_BYTES = 16 * 1024 * 1024
const HEAD = 'torrential blocks 1 '
const HEAD_LENGTH = HEAD.length + 64 + 1
/** Places of as many blocks and ranges as there can be, some of the blocks short. */
const LARGEST_LIST = 4 * 1024 * 1024
const MOST_BLOCKS = 65_536
const MOST_RANGES = 65_536
/** Bytes that are hashed at a time. */
const STEP = 1024 * 1024

export class BlockStore {
  readonly #files: StateFiles
  readonly #turns: TurnBudget

  constructor(files: StateFiles, turns: TurnBudget) {
    this.#files = files
    this.#turns = turns
  }

  /** What is kept of a torrent. */
  async load(infoHash: string, geometry: Geometry): Promise<readonly KeptPiece[] | 'damaged'> {
    try {
      const bytes = await this.#files.read(nameOf(infoHash), HEAD_LENGTH + LARGEST_LIST + MOST_BYTES)
      if (bytes === undefined) return []
      return (await decodeBlocks(bytes, infoHash, geometry, this.#turns)) ?? 'damaged'
    } catch (error) {
      // What cannot be read is fetched again, as what is damaged.
      if (error instanceof StorageError) return 'damaged'
      throw error
    }
  }

  /**
   * Keeps what is here of these pieces and nothing else, as much as fits; those that come first have the room. Each is looked at
   * in its turn. Returns the pieces of which anything is kept. @throws InputError `STATE_WRITE`
   */
  async save(infoHash: string, pieces: Iterable<HeldPiece>): Promise<PieceIndex[]> {
    const room = { bytes: MOST_BYTES, blocks: MOST_BLOCKS, ranges: MOST_RANGES }
    const kept: KeptPiece[] = []
    for (const held of pieces) {
      const bytes = room.bytes
      const copy = copyOf(held, room)
      if (copy !== undefined) kept.push(copy)
      await this.#turns.take(bytes - room.bytes)
    }
    if (kept.length > 0) await this.#files.replace(nameOf(infoHash), await encodeBlocks(infoHash, kept, this.#turns))
    else await this.delete(infoHash)
    return kept.map(({ piece }) => piece)
  }

  async delete(infoHash: string): Promise<void> {
    const name = nameOf(infoHash)
    if (await this.#files.has(name)) await this.#files.remove(name)
  }
}

/** The parts of the file, one behind the other; the blocks among them are those that were given. */
export async function encodeBlocks(
  infoHash: string,
  pieces: readonly KeptPiece[],
  turns: TurnBudget,
): Promise<Uint8Array[]> {
  const places = pieces.flatMap(({ piece, blocks }) => blocks.map(({ offset }) => [piece, offset / BLOCK_LENGTH]))
  const written = pieces.flatMap(({ piece, written: ranges }) =>
    ranges.map(({ start, end }) => [piece, start / BLOCK_LENGTH, Math.ceil(end / BLOCK_LENGTH)]),
  )
  const list = Buffer.from(`${JSON.stringify({ infoHash, places, written })}\n`)
  const body = [list, ...pieces.flatMap(({ blocks }) => blocks.map(({ block }) => block))]
  return [headOf(await digestOf(body, turns)), ...body]
}

/** Undefined unless `bytes` are whole and blocks of that torrent. Each block is a copy. */
export async function decodeBlocks(
  bytes: Uint8Array,
  infoHash: string,
  geometry: Geometry,
  turns: TurnBudget,
): Promise<KeptPiece[] | undefined> {
  const body = bytes.subarray(HEAD_LENGTH)
  const head = headOf(await digestOf([body], turns))
  if (!head.equals(bytes.subarray(0, HEAD_LENGTH))) return undefined
  try {
    return readBody(body, infoHash, geometry)
  } catch {
    return undefined
  }
}

interface Room {
  bytes: number
  blocks: number
  ranges: number
}

/** What fits of a piece; its blocks are copied into one buffer. Undefined when nothing does. */
function copyOf({ piece, written, blocks }: HeldPiece, room: Room): KeptPiece | undefined {
  const fitting: HeldBlock[] = []
  let length = 0
  for (const held of blocks) {
    if (length + held.block.length > room.bytes || fitting.length === room.blocks) break
    fitting.push(held)
    length += held.block.length
  }
  const ranges = written.slice(0, room.ranges)
  room.bytes -= length
  room.blocks -= fitting.length
  room.ranges -= ranges.length
  if (fitting.length === 0 && ranges.length === 0) return undefined
  const copy = Buffer.allocUnsafeSlow(length)
  let at = 0
  const copied = fitting.map(({ offset, block }): HeldBlock => {
    copy.set(block, at)
    at += block.length
    return { offset, block: copy.subarray(at - block.length, at) }
  })
  return { piece, written: ranges, blocks: copied }
}

/** Gathers what lies in the file by pieces, in the order of the file. @throws InputError, and what JSON throws */
function readBody(body: Uint8Array, infoHash: string, geometry: Geometry): KeptPiece[] | undefined {
  const end = body.indexOf(0x0a)
  const fields = JSON.parse(toUtf8(body.subarray(0, end))) as Record<string, unknown>
  // A file of an earlier version knows of no ranges.
  const { places, written = [] } = fields
  if (fields.infoHash !== infoHash || !Array.isArray(places) || !Array.isArray(written)) return undefined
  const pieces = new Map<PieceIndex, { piece: PieceIndex; written: HeldRange[]; blocks: HeldBlock[] }>()
  const entryOf = (piece: PieceIndex) => {
    const entry = pieces.get(piece) ?? { piece, written: [], blocks: [] }
    pieces.set(piece, entry)
    return entry
  }
  for (const range of written as unknown[]) {
    const [index, from, to] = Array.isArray(range) ? (range as unknown[]) : []
    const { piece, offset: start } = blockAt(geometry, index, from)
    if (!isCount(to) || to * BLOCK_LENGTH <= start || to > geometry.blocksIn(piece)) throw misplaced()
    entryOf(piece).written.push({ start, end: Math.min(to * BLOCK_LENGTH, geometry.lengthOf(piece)) })
  }
  let at = end + 1
  for (const place of places as unknown[]) {
    const [index, number] = Array.isArray(place) ? (place as unknown[]) : []
    const { piece, offset, length } = blockAt(geometry, index, number)
    at += length
    if (at > body.length) throw misplaced()
    entryOf(piece).blocks.push({ offset, block: Uint8Array.from(body.subarray(at - length, at)) })
  }
  return at === body.length ? [...pieces.values()] : undefined
}

function blockAt(geometry: Geometry, index: unknown, number: unknown): BlockRef {
  if (!isCount(index) || !isCount(number)) throw misplaced()
  const piece = geometry.piece(index)
  if (piece === undefined || number >= geometry.blocksIn(piece)) throw misplaced()
  return geometry.blockAt(piece, number)
}

async function digestOf(parts: readonly Uint8Array[], turns: TurnBudget): Promise<string> {
  const hash = createHash('sha256')
  for (const part of parts) {
    for (let at = 0; at < part.length; at += STEP) {
      const step = part.subarray(at, at + STEP)
      await turns.take(step.length)
      hash.update(step)
    }
  }
  return hash.digest('hex')
}

function headOf(digest: string): Buffer {
  return Buffer.from(`${HEAD}${digest}\n`)
}

function misplaced(): InputError {
  return new InputError('STATE_DAMAGED', 'there is no such block')
}

function nameOf(infoHash: string): string {
  return `${infoHash}.blocks`
}
