import { type AbortOptions, Geometry, giveBack, SlabPool } from '@torrential/primitives'
import type { ReadOptions } from '@torrential/contracts'
import { cached, MemoryStorage } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { KIB, pieceBytes, pieceOf, writeAll } from './torrent-data.ts'

const PIECE = 512 * KIB
const RUN = 256 * KIB
const BLOCK = 16 * KIB

/** A storage behind a cache of one run, whose reads wait for `release`; it reads into what it is given. */
async function fixture() {
  const geometry = new Geometry('v1', PIECE, [{ length: 4 * PIECE }])
  const memory = new MemoryStorage({ geometry })
  await writeAll(memory, geometry)
  const slabs = new SlabPool()
  const held: (() => void)[] = []
  const state = { isHeld: false }
  const storage = cached(
    {
      read: async (piece, offset, length, options?: ReadOptions) => {
        if (state.isHeld) await new Promise<void>((resolve) => held.push(resolve))
        const bytes = await memory.read(piece, offset, length)
        if (options?.into === undefined) return bytes
        let at = 0
        for (const part of options.into.parts) {
          part.set(bytes.subarray(at, at + part.length))
          at += part.length
        }
        return options.into.bytes
      },
      write: (piece, offset, blocks, options?: AbortOptions) => memory.write(piece, offset, blocks, options),
      flush: () => memory.flush(),
      [Symbol.asyncDispose]: () => memory.close(),
    },
    geometry,
    { bytes: RUN, run: RUN, slabs },
  )
  const release = () => {
    for (const go of held.splice(0)) go()
  }
  const piece = (index: number) => pieceOf(geometry, index)
  const isRight = (block: Uint8Array, index: number, offset: number) =>
    Buffer.compare(block, pieceBytes(geometry, piece(index)).subarray(offset, offset + block.length)) === 0
  return { storage, slabs, piece, state, release, isRight }
}

describe('a cache whose memory comes back', () => {
  test('a run that was dropped is read into again once its views were given back', async () => {
    const { storage, slabs, piece, isRight } = await fixture()
    for (let index = 0; index < 4; index++) {
      for (let offset = 0; offset < PIECE; offset += BLOCK) {
        const block = await storage.read(piece(index), offset, BLOCK)
        expect(isRight(block, index, offset)).toBe(true)
        giveBack([block])
      }
    }
    // The one that is held and, while the next is read, the one before.
    expect(slabs.lent + slabs.idle).toBeLessThanOrEqual(2 * RUN)
  })

  test('a view that nobody gave back stays what it is, and so does one given back to another reader', async () => {
    const { storage, piece, isRight } = await fixture()
    const kept = await storage.read(piece(0), 0, BLOCK)
    giveBack([await storage.read(piece(0), 0, BLOCK)])
    for (let index = 1; index < 4; index++) giveBack([await storage.read(piece(index), RUN, BLOCK)])
    expect(isRight(kept, 0, 0)).toBe(true)
  })

  test('a run that is dropped while it is read is not lent before its readers have it', async () => {
    const { storage, slabs, piece, state, release, isRight } = await fixture()
    state.isHeld = true
    const reading = storage.read(piece(0), 0, BLOCK)
    await storage.write(piece(0), 0, [
      new Uint8Array(pieceBytes(new Geometry('v1', PIECE, [{ length: PIECE }]), piece(0))),
    ])
    expect(slabs.idle).toBe(0)
    release()
    const block = await reading
    expect(slabs.idle).toBe(0)
    expect(isRight(block, 0, 0)).toBe(true)
    giveBack([block])
    expect(slabs.idle).toBe(RUN)
  })

  test('peek sees what is in memory only, and prefetch brings it there', async () => {
    const { storage, piece, isRight } = await fixture()
    expect(storage.peek(piece(2), 0, BLOCK)).toBeUndefined()
    await storage.read(piece(2), 0, BLOCK)
    const block = storage.peek(piece(2), BLOCK, BLOCK)
    expect(block !== undefined && isRight(block, 2, BLOCK)).toBe(true)
    expect(storage.peek(piece(2), RUN - BLOCK, 2 * BLOCK)).toBeUndefined()
  })

  test('reading ahead leaves alone what is being served where only one run fits', async () => {
    const { storage, piece } = await fixture()
    await storage.read(piece(0), 0, BLOCK)
    storage.prefetch(piece(1), 0)
    expect(storage.peek(piece(0), 0, BLOCK)).toBeDefined()
  })
})

test('what was read ahead is there when it is asked for, and a failure of it is nobody’s', async () => {
  const geometry = new Geometry('v1', PIECE, [{ length: 4 * PIECE }])
  const memory = new MemoryStorage({ geometry })
  const storage = cached(memory, geometry)
  storage.prefetch(pieceOf(geometry, 0), 0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(storage.cache.bytes).toBe(0)
  await writeAll(memory, geometry)
  storage.prefetch(pieceOf(geometry, 0), 0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(storage.peek(pieceOf(geometry, 0), 0, BLOCK)).toBeDefined()
})
