import { BLOCK_LENGTH, Geometry, peerAddress, type PeerId, type PeerKey, type PieceIndex } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { ASKED, FREE, type Holder, PartialPiece } from '../src/partial-piece.ts'

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
      expect(partial.takeRun(at, 16 * BLOCK_LENGTH)).toBeUndefined()
    }
    partial.receive(15, block, sender)
    expect(partial.takeRun(15, 16 * BLOCK_LENGTH)).toMatchObject({ offset: 0, blocks: { length: 16 } })
    // Two blocks between the written run and the piece's middle wait; with their right neighbours gone they do not.
    partial.receive(16, block, sender)
    expect(partial.takeRun(16, 16 * BLOCK_LENGTH)).toBeUndefined()
    for (let at = 17; at < 33; at++) partial.receive(at, block, sender)
    expect(partial.takeRun(20, 16 * BLOCK_LENGTH)).toMatchObject({ offset: 16 * BLOCK_LENGTH, blocks: { length: 17 } })
    for (let at = 33; at < 40; at++) partial.receive(at, at === 39 ? last : block, sender)
    expect(partial.takeRun(39, 16 * BLOCK_LENGTH)).toMatchObject({ offset: 33 * BLOCK_LENGTH, blocks: { length: 7 } })
  })

  test('lets go of memory when a run is written, and is written when all runs are', () => {
    const partial = piece(true)
    const { sender } = holder(1)
    for (let at = 0; at < 40; at++) partial.receive(at, at === 39 ? last : block, sender)
    expect(partial.takeRun(0, BLOCK_LENGTH)?.blocks).toHaveLength(40)
    expect(partial.settleRun(0, 16 * BLOCK_LENGTH)).toBe(16 * BLOCK_LENGTH)
    expect(partial.settleRun(0, 16 * BLOCK_LENGTH)).toBe(0)
    expect(partial.isWritten).toBe(false)
    partial.settleRun(16 * BLOCK_LENGTH, 24 * BLOCK_LENGTH - 100)
    expect(partial.isWritten).toBe(true)
    expect(partial.heldBytes).toBe(0)
  })
})
