import { describe, expect, test } from '@jest/globals'
import { Bitfield, Geometry, type PieceIndex } from '@torrential/primitives'
import { FileProgress } from '../src/file-progress.ts'

// Pieces of 10 bytes: file 0 in pieces 0 and 1, file 1 in piece 1 alone, file 2 empty, file 3 in pieces 1 and 2.
const geometry = new Geometry('v1', 10, [{ length: 15 }, { length: 2 }, { length: 0 }, { length: 13 }])
const piece = (index: number) => index as PieceIndex

describe('which files are complete', () => {
  test('a file is complete with its last piece, and one piece may complete several', () => {
    const progress = new FileProgress(geometry, new Bitfield(3))
    expect(geometry.files.map((_, file) => progress.missing(file))).toEqual([2, 1, 0, 2])
    expect(progress.add(piece(0))).toEqual([])
    expect(progress.add(piece(1))).toEqual([0, 1])
    expect(progress.add(piece(2))).toEqual([3])
    expect(geometry.files.map((_, file) => progress.missing(file))).toEqual([0, 0, 0, 0])
  })

  test('what is there at the start counts, and a lost piece takes its files back', () => {
    const have = new Bitfield(3)
    have.add(1)
    have.add(2)
    const progress = new FileProgress(geometry, have)
    expect(geometry.files.map((_, file) => progress.missing(file))).toEqual([1, 0, 0, 0])
    progress.delete(piece(1))
    expect(geometry.files.map((_, file) => progress.missing(file))).toEqual([2, 1, 0, 1])
    expect(progress.add(piece(1))).toEqual([1, 3])
  })
})
