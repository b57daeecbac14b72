import { expect, test } from '@jest/globals'
import { Geometry } from '@torrential/primitives'
import { piecePriorities } from '../src/piece-priorities.ts'

test('a piece is as urgent as its most wanted file, and padding wants nothing', () => {
  // Pieces of 10: file 0 in 0–1, file 1 in 1–2, padding in 2, file 3 in 3, an empty file.
  const geometry = new Geometry('v1', 10, [
    { length: 15 },
    { length: 11 },
    { length: 4, pad: true },
    { length: 10 },
    { length: 0 },
  ])
  expect([...piecePriorities(geometry, Uint8Array.of(4, 7, 7, 0, 7))]).toEqual([4, 7, 7, 0])
  expect([...piecePriorities(geometry, Uint8Array.of(4, 1, 7, 4, 0))]).toEqual([4, 4, 1, 4])
  expect([...piecePriorities(geometry, Uint8Array.of(0, 0, 7, 0, 7))]).toEqual([0, 0, 0, 0])
})
