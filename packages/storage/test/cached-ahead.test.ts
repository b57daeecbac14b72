// What a cache reads before anybody asks: much at a time for few readers, little for many, and never so much that what one waits for
// makes room for another.

import { Geometry, type PieceIndex, SlabPool } from '@torrential/primitives'
import type { ReadOptions } from '@torrential/contracts'
import { cached, MemoryStorage } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { KIB, pieceBytes, pieceOf, writeAll } from './torrent-data.ts'

const RUN = 64 * KIB
const BLOCK = 16 * KIB
const PIECE = 8 * RUN
/** Another storage's own memory, the caller's, or a failure of whatever touches the third run. */
type Manner = 'own memory' | 'caller’s memory' | 'third run unreadable'

async function fixture(
  bytes: number,
  manner: Manner = 'caller’s memory',
  slabs: SlabPool | undefined = new SlabPool(),
) {
  const geometry = new Geometry('v1', PIECE, [{ length: 4 * PIECE }])
  const memory = new MemoryStorage({ geometry })
  await writeAll(memory, geometry)
  /** Runs of each read. */
  const reads: number[] = []
  const read = async (piece: PieceIndex, offset: number, length: number, options?: ReadOptions) => {
    reads.push(length / RUN)
    if (manner === 'third run unreadable' && offset < 3 * RUN && offset + length > 2 * RUN) throw new Error('planned')
    const own = await memory.read(piece, offset, length)
    if (manner === 'own memory' || options?.into === undefined) return own
    let at = 0
    for (const part of options.into.parts) {
      part.set(own.subarray(at, at + part.length))
      at += part.length
    }
    expect(at).toBe(length)
    return options.into.bytes
  }
  const inner = {
    read,
    write: memory.write.bind(memory),
    flush: () => memory.flush(),
    [Symbol.asyncDispose]: () => memory.close(),
  }
  const storage = cached(inner, geometry, { bytes, run: RUN, ...(slabs !== undefined && { slabs }) })
  const piece = pieceOf(geometry, 1)
  const expected = pieceBytes(geometry, piece)
  const isRight = (block: Uint8Array | undefined, run: number) =>
    block !== undefined && Buffer.compare(block, expected.subarray(run * RUN, run * RUN + BLOCK)) === 0
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { storage, reads, piece, isRight, settle, geometry }
}

describe('reading ahead', () => {
  for (const manner of ['own memory', 'caller’s memory'] as const) {
    test(`takes four runs in one read, to the end of the piece, ${manner}`, async () => {
      const { storage, reads, piece, isRight, settle } = await fixture(64 * RUN, manner)
      storage.prefetch(piece, 2 * RUN)
      await settle()
      expect(reads).toEqual([4])
      for (const run of [2, 3, 4, 5]) expect(isRight(storage.peek(piece, run * RUN, BLOCK), run)).toBe(true)
      storage.prefetch(piece, 6 * RUN)
      await settle()
      expect(reads).toEqual([4, 2])
    })
  }

  test('stops at a run that is here already', async () => {
    const { storage, reads, piece } = await fixture(64 * RUN)
    await storage.read(piece, 3 * RUN, BLOCK)
    storage.prefetch(piece, RUN)
    expect(reads).toEqual([1, 2])
  })

  test('takes a run at a time without slabs, which would keep the memory of all while one of them is used', async () => {
    const { storage, reads, piece } = await fixture(64 * RUN, 'own memory', new SlabPool({ lent: 0 }))
    storage.prefetch(piece, 0)
    expect(reads).toEqual([1])
  })

  test('takes less where a quarter of the memory holds what nobody has needed yet, and nothing from three quarters on', async () => {
    const { storage, reads, geometry, settle } = await fixture(8 * RUN)
    for (const piece of [0, 1, 2, 3]) {
      for (const run of [0, 4]) storage.prefetch(pieceOf(geometry, piece), run * RUN)
    }
    expect(reads).toEqual([2, 1, 1, 1, 1])
    await settle()
    // Of what was needed it does not matter how much it is.
    for (const run of [0, 1]) expect(storage.peek(pieceOf(geometry, 0), run * RUN, BLOCK)).toBeDefined()
    storage.prefetch(pieceOf(geometry, 3), 0)
    storage.prefetch(pieceOf(geometry, 3), 2 * RUN)
    storage.prefetch(pieceOf(geometry, 3), 4 * RUN)
    expect(reads).toEqual([2, 1, 1, 1, 1, 1, 1])
  })

  test('leaves a reader whose run could be read with what is readable', async () => {
    const { storage, piece, isRight, settle } = await fixture(64 * RUN, 'third run unreadable')
    storage.prefetch(piece, 0)
    const first = storage.read(piece, 0, BLOCK)
    await settle()
    expect(isRight(await first, 0)).toBe(true)
    await expect(storage.read(piece, 2 * RUN, BLOCK)).rejects.toThrow('planned')
    expect(storage.cache.bytes).toBe(0)
  })

  test('is for whoever reads on: one block that is asked for brings its own run', async () => {
    const { storage, reads, piece } = await fixture(64 * RUN)
    await storage.read(piece, 0, BLOCK)
    expect(reads).toEqual([1])
  })
})
