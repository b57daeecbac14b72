import { expect, test } from '@jest/globals'
import { Bitfield, Geometry, type PieceIndex } from '@torrential/primitives'
import { ByteTally } from '../src/byte-tally.ts'

test('bytes that are missing are counted as pieces come, go and are chosen, the short last piece for what it is', () => {
  const geometry = new Geometry('v1', 10, [{ length: 35 }])
  const have = new Bitfield(4)
  have.add(0)
  const tally = new ByteTally(geometry, have)
  expect([tally.missing, tally.left]).toEqual([25, 25])
  tally.select(Uint8Array.of(4, 0, 0, 7))
  expect([tally.missing, tally.left]).toEqual([25, 5])
  have.add(3)
  tally.gained(3 as PieceIndex)
  expect([tally.missing, tally.left]).toEqual([20, 0])
  have.add(1)
  tally.gained(1 as PieceIndex)
  expect([tally.missing, tally.left]).toEqual([10, 0])
  have.delete(0)
  tally.lost(0 as PieceIndex)
  expect([tally.missing, tally.left]).toEqual([20, 10])
  tally.select(new Uint8Array(4).fill(1))
  expect([tally.missing, tally.left]).toEqual([20, 20])
})

test('padding is not counted', () => {
  const geometry = new Geometry('hybrid', 16_384, [{ length: 10 }, { length: 16_374, pad: true }, { length: 20_000 }])
  const tally = new ByteTally(geometry, new Bitfield(geometry.pieceCount))
  expect(tally.missing).toBe(20_010)
  tally.gained(0 as PieceIndex)
  expect([tally.missing, tally.left]).toEqual([20_000, 20_000])
})
