import { Geometry, giveBack, SlabPool } from '@torrential/primitives'
import type { ReadOptions, Storage } from '@torrential/contracts'
import { type BlockFrame, cached, MemoryStorage } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { KIB, pieceBytes, pieceOf, writeAll } from './torrent-data.ts'

const PIECE = 512 * KIB
const RUN = 256 * KIB
const BLOCK = 16 * KIB

/** Five bytes: piece, number of the block, two of its length, and a mark. */
const FRAME: BlockFrame = {
  block: BLOCK,
  lead: 5,
  write(into, at, piece, offset, length) {
    into.set([piece, offset / BLOCK, length >>> 8, length & 0xff, 0xaa], at)
  },
}

async function fixture({ bytes = 4 * RUN, fillsParts = true, pool = new SlabPool() } = {}) {
  const geometry = new Geometry('v1', PIECE, [{ length: 4 * PIECE - 100 }])
  const memory = new MemoryStorage({ geometry })
  await writeAll(memory, geometry)
  const state = { fails: false }
  const inner: Storage = {
    async read(piece, offset, length, options?: ReadOptions) {
      if (state.fails) throw Object.assign(new Error('no'), { code: 'EIO' })
      const found = await memory.read(piece, offset, length)
      if (options?.into === undefined || !fillsParts) return found
      let at = 0
      for (const part of options.into.parts) {
        part.set(found.subarray(at, at + part.length))
        at += part.length
      }
      return options.into.bytes
    },
    write: (...call) => memory.write(...call),
    flush: (...call) => memory.flush(...call),
    [Symbol.asyncDispose]: () => memory.close(),
  }
  const storage = cached(inner, geometry, { bytes, run: RUN, slabs: pool, frame: FRAME })
  const piece = (index: number) => pieceOf(geometry, index)
  const bytesAt = (index: number, offset: number, length: number) =>
    Buffer.from(pieceBytes(geometry, piece(index)).subarray(offset, offset + length))
  const rowAt = (index: number, offset: number, count: number) =>
    Buffer.concat(
      Array.from({ length: count }, (_, at) => {
        const lead = new Uint8Array(5)
        FRAME.write(lead, 0, piece(index), offset + at * BLOCK, BLOCK)
        return Buffer.concat([lead, bytesAt(index, offset + at * BLOCK, BLOCK)])
      }),
    )
  return { storage, state, pool, piece, bytesAt, rowAt }
}

describe('rows of blocks', () => {
  for (const fillsParts of [true, false]) {
    const how = fillsParts ? 'read into their places' : 'of a storage with memory of its own'
    test(`leave as one view with a frame around each, ${how}`, async () => {
      const { storage, piece, rowAt, bytesAt } = await fixture({ fillsParts })
      expect(storage.peekRow(piece(1), RUN, 16)).toBeUndefined()
      await storage.bringRow(piece(1), RUN)
      expect(storage.bringRow(piece(1), RUN)).toBeUndefined()
      expect(Buffer.from(storage.peekRow(piece(1), RUN, 16) ?? [])).toEqual(rowAt(1, RUN, 16))
      expect(Buffer.from(storage.peekRow(piece(1), RUN + 3 * BLOCK, 2) ?? [])).toEqual(rowAt(1, RUN + 3 * BLOCK, 2))
      // No more than the run has.
      expect(Buffer.from(storage.peekRow(piece(1), RUN + 14 * BLOCK, 16) ?? [])).toEqual(rowAt(1, RUN + 14 * BLOCK, 2))
      expect(storage.peekRow(piece(1), RUN + 1, 16)).toBeUndefined()
      expect(Buffer.from(storage.peek(piece(1), RUN + BLOCK, BLOCK) ?? [])).toEqual(bytesAt(1, RUN + BLOCK, BLOCK))
    })
  }

  test('reads of any range are right whatever lies between the blocks, before and after the run is here', async () => {
    const { storage, piece, bytesAt } = await fixture()
    const ranges = [
      [0, RUN],
      [0, BLOCK],
      [100, BLOCK - 100],
      [BLOCK - 1, 2],
      [3 * BLOCK + 5, 4 * BLOCK],
      [RUN - 7, 7],
      [RUN - 7, 20],
    ] as const
    for (const index of [0, 2]) {
      const early = await Promise.all(ranges.map(([from, length]) => storage.read(piece(index), from, length)))
      for (const [at, [from, length]] of ranges.entries()) {
        expect(Buffer.from(early[at] ?? [])).toEqual(bytesAt(index, from, length))
        expect(Buffer.from(await storage.read(piece(index), from, length))).toEqual(bytesAt(index, from, length))
      }
    }
  })

  test('memory comes back when rows and copies were used', async () => {
    const { storage, pool, piece, rowAt } = await fixture({ bytes: RUN })
    for (let index = 0; index < 3; index++) {
      for (const start of [0, RUN]) {
        await storage.bringRow(piece(index), start)
        const row = storage.peekRow(piece(index), start, 16)
        expect(Buffer.from(row ?? [])).toEqual(rowAt(index, start, 16))
        if (row !== undefined) giveBack([row])
        // Of more than one block: a copy, which keeps nothing.
        await storage.read(piece(index), start, 2 * BLOCK)
      }
    }
    expect(pool.lent + pool.idle).toBeLessThanOrEqual(2 * (RUN + 16 * 5))
    // A reader that waits for several blocks of a run that is dropped meanwhile.
    const reading = storage.read(piece(3), 0, 2 * BLOCK)
    const other = storage.read(piece(0), 0, 2 * BLOCK)
    await Promise.all([reading, other])
    expect(pool.lent).toBeLessThanOrEqual(RUN + 16 * 5)
  })

  test('a run that cannot be read, or has no slab, or is the end of a piece, gives no rows and keeps nobody waiting', async () => {
    const { storage, state, piece, bytesAt } = await fixture()
    state.fails = true
    await storage.bringRow(piece(0), 0)
    expect(storage.peekRow(piece(0), 0, 16)).toBeUndefined()
    state.fails = false
    expect(storage.bringRow(piece(3), RUN)).toBeUndefined()
    await storage.read(piece(3), RUN, BLOCK)
    expect(storage.peekRow(piece(3), RUN, 1)).toBeUndefined()
    expect(Buffer.from(storage.peek(piece(3), RUN, BLOCK) ?? [])).toEqual(bytesAt(3, RUN, BLOCK))
    const none = await fixture({ pool: new SlabPool({ lent: 1_000 }) })
    expect(none.storage.bringRow(none.piece(0), 0)).toBeUndefined()
    expect(Buffer.from(await none.storage.read(none.piece(0), 0, RUN))).toEqual(none.bytesAt(0, 0, RUN))
    expect(none.storage.peekRow(none.piece(0), 0, 1)).toBeUndefined()
    const plain = cached(
      new MemoryStorage({ geometry: new Geometry('v1', PIECE, [{ length: PIECE }]) }),
      new Geometry('v1', PIECE, [{ length: PIECE }]),
    )
    expect(plain.bringRow(piece(0), 0)).toBeUndefined()
  })
})
