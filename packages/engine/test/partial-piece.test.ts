import { BLOCK_LENGTH, Geometry, peerAddress, type PeerId, type PeerKey, type PieceIndex } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import type { Holder } from '../src/holder.ts'
import { ASKED, FREE, PartialPiece } from '../src/partial-piece.ts'

const geometry = new Geometry('v1', 40 * BLOCK_LENGTH, [{ length: 40 * BLOCK_LENGTH - 100 }])

function holder(key: number): Holder {
  const sender = { key: key as PeerKey, peerId: new Uint8Array(20) as PeerId, address: peerAddress('10.0.0.1', key) }
  return { key: key as PeerKey, sender }
}

function piece(inRuns = false): PartialPiece {
  return new PartialPiece(0 as PieceIndex, geometry, inRuns, 0)
}

const block = new Uint8Array(BLOCK_LENGTH)
const last = new Uint8Array(BLOCK_LENGTH - 100)

describe('PartialPiece', () => {
  test('hands out its blocks in order, and a released one first', () => {
    const partial = piece()
    const a = holder(1)
    for (const expected of [0, 1, 2]) {
      expect(partial.nextFree()).toBe(expected)
      partial.claim(expected, a)
    }
    expect(partial.release(1, a)).toBe(true)
    expect(partial.nextFree()).toBe(1)
  })

  test('passes a block on to the second peer asked when the first one gives up', () => {
    const partial = piece()
    const [a, b] = [holder(1), holder(2)]
    partial.claim(0, a)
    partial.duplicate(0, b)
    expect(partial.release(0, a)).toBe(false)
    expect(partial.holderOf(0)).toBe(b)
    expect(partial.spareOf(0)).toBeUndefined()
    expect(partial.release(0, a)).toBe(false)
    expect(partial.stateOf(0)).toBe(ASKED)
    expect(partial.release(0, b)).toBe(true)
    expect(partial.stateOf(0)).toBe(FREE)
    expect(partial.isUntouched).toBe(true)
  })

  test('keeps blocks as the views that came, takes each once, and knows its short last block', () => {
    const partial = piece()
    const { sender } = holder(1)
    expect(partial.lengthOf(39)).toBe(BLOCK_LENGTH - 100)
    for (let at = 39; at >= 0; at--) expect(partial.receive(at, at === 39 ? last : block, sender)).toBe(true)
    expect(partial.receive(3, block, sender)).toBe(false)
    expect(partial.missing).toBe(0)
    expect(partial.free).toBe(0)
    expect(partial.blocks()[39]).toBe(last)
    expect(partial.heldBytes).toBe(40 * BLOCK_LENGTH - 100)
  })

  test('gives a run only when it is long enough or cannot grow', () => {
    const partial = piece(true)
    const { sender } = holder(1)
    for (let at = 0; at < 15; at++) {
      partial.receive(at, block, sender)
      expect(partial.takeRun(at, 16 * BLOCK_LENGTH, 16 * BLOCK_LENGTH)).toBeUndefined()
    }
    partial.receive(15, block, sender)
    expect(partial.takeRun(15, 16 * BLOCK_LENGTH, 16 * BLOCK_LENGTH)).toMatchObject({
      offset: 0,
      blocks: { length: 16 },
    })
    // Two blocks between the written run and the piece's middle wait; with their right neighbours gone they do not.
    partial.receive(16, block, sender)
    expect(partial.takeRun(16, 16 * BLOCK_LENGTH, 16 * BLOCK_LENGTH)).toBeUndefined()
    for (let at = 17; at < 33; at++) partial.receive(at, block, sender)
    expect(partial.takeRun(20, 16 * BLOCK_LENGTH, 16 * BLOCK_LENGTH)).toMatchObject({
      offset: 16 * BLOCK_LENGTH,
      blocks: { length: 17 },
    })
    for (let at = 33; at < 40; at++) partial.receive(at, at === 39 ? last : block, sender)
    expect(partial.takeRun(39, 16 * BLOCK_LENGTH, 16 * BLOCK_LENGTH)).toMatchObject({
      offset: 33 * BLOCK_LENGTH,
      blocks: { length: 7 },
    })
  })

  test('gives a run behind a gap only when it is longer, wherever the gap is', () => {
    const partial = piece(true)
    const { sender } = holder(1)
    const take = (at: number) => partial.takeRun(at, 2 * BLOCK_LENGTH, 4 * BLOCK_LENGTH)
    for (const at of [1, 2, 3]) partial.receive(at, block, sender)
    expect(take(2)).toBeUndefined()
    partial.receive(4, block, sender)
    expect(take(2)).toMatchObject({ offset: BLOCK_LENGTH, blocks: { length: 4 } })
    partial.receive(0, block, sender)
    expect(take(0)).toMatchObject({ offset: 0, blocks: { length: 1 } })
    // In order again.
    for (const at of [5, 6]) partial.receive(at, block, sender)
    expect(take(5)).toMatchObject({ offset: 5 * BLOCK_LENGTH, blocks: { length: 2 } })
    // A block that turns out to be wrong is a gap.
    expect(partial.settleRun(0, 7 * BLOCK_LENGTH)).toBe(7 * BLOCK_LENGTH)
    partial.reopen([3])
    for (const at of [7, 8]) partial.receive(at, block, sender)
    expect(take(7)).toBeUndefined()
    for (const at of [9, 10]) partial.receive(at, block, sender)
    expect(take(7)).toMatchObject({ offset: 7 * BLOCK_LENGTH, blocks: { length: 4 } })
  })

  test('lets go of memory when a run is written, and is written when all runs are', () => {
    const partial = piece(true)
    const { sender } = holder(1)
    for (let at = 0; at < 40; at++) partial.receive(at, at === 39 ? last : block, sender)
    expect(partial.takeRun(0, BLOCK_LENGTH, BLOCK_LENGTH)?.blocks).toHaveLength(40)
    expect(partial.settleRun(0, 16 * BLOCK_LENGTH)).toBe(16 * BLOCK_LENGTH)
    expect(partial.settleRun(0, 16 * BLOCK_LENGTH)).toBe(0)
    expect(partial.isWritten).toBe(false)
    partial.settleRun(16 * BLOCK_LENGTH, 24 * BLOCK_LENGTH - 100)
    expect(partial.isWritten).toBe(true)
    expect(partial.heldBytes).toBe(0)
  })
})

describe('a piece that ends in padding', () => {
  const padded = new Geometry('hybrid', 8 * BLOCK_LENGTH, [
    { length: 2 * BLOCK_LENGTH + 5 },
    { length: 6 * BLOCK_LENGTH - 5, pad: true },
    { length: 1 },
  ])
  const make = (inRuns = false) => new PartialPiece(0 as PieceIndex, padded, inRuns, 0)

  test('asks for the blocks that have data, and has the others as zeros that take no memory', () => {
    const partial = make()
    const { sender } = holder(1)
    expect([partial.free, partial.missing, partial.isUntouched]).toEqual([3, 3, true])
    for (let at = 0; at < 3; at++) {
      expect(partial.nextFree()).toBe(at)
      expect(partial.receive(at, block, sender)).toBe(true)
    }
    expect([partial.nextFree(), partial.missing, partial.heldBytes]).toEqual([-1, 0, 3 * BLOCK_LENGTH])
    expect(partial.receive(3, block, sender)).toBe(false)
    const blocks = partial.blocks()
    expect(blocks).toHaveLength(8)
    expect(blocks.slice(3).every((bytes) => bytes.length === BLOCK_LENGTH && bytes.every((byte) => byte === 0))).toBe(
      true,
    )
    // Whoever sent all that was sent is its only sender.
    expect(partial.senders).toEqual([sender, sender, sender])
    expect(partial.reopen([1])).toBe(BLOCK_LENGTH)
    expect([partial.free, partial.missing, partial.heldBytes]).toEqual([1, 1, 2 * BLOCK_LENGTH])
  })

  test('writes the padding with the data before it, and settles what was held', () => {
    const partial = make(true)
    const { sender } = holder(1)
    for (let at = 0; at < 3; at++) partial.receive(at, block, sender)
    const run = partial.takeRun(2, BLOCK_LENGTH, BLOCK_LENGTH)
    expect([run?.offset, run?.blocks.length]).toEqual([0, 8])
    expect(partial.settleRun(0, 8 * BLOCK_LENGTH)).toBe(3 * BLOCK_LENGTH)
    expect([partial.isWritten, partial.heldBytes]).toEqual([true, 0])
  })

  test('of nothing else asks for one block', () => {
    const odd = new Geometry('v1', 2 * BLOCK_LENGTH, [{ length: 1 }, { length: 4 * BLOCK_LENGTH, pad: true }])
    expect(new PartialPiece(1 as PieceIndex, odd, false, 0).free).toBe(1)
  })
})

test('a reader that stands in the middle of a piece gets what follows first, then what lies before', () => {
  const partial = piece()
  const a = holder(1)
  partial.claim(0, a)
  partial.claim(38, a)
  partial.readFrom(37)
  const order: number[] = []
  for (let next = partial.nextFree(); next !== -1; next = partial.nextFree()) {
    order.push(next)
    partial.claim(next, a)
  }
  expect(order).toEqual([37, 39, ...Array.from({ length: 36 }, (_, at) => at + 1)])
  partial.release(39, a)
  expect(partial.nextFree()).toBe(39)
})
