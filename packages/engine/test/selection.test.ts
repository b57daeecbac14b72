import { describe, expect, test } from '@jest/globals'
import { Bitfield, SeededRandom } from '@torrential/primitives'
import { Selection } from '../src/selection.ts'

const PIECES = 40

describe('which pieces are wanted', () => {
  test('what is needed is counted as it changes: by selecting, by readers, by pieces that come and go', () => {
    const random = new SeededRandom(7)
    const below = (most: number) => Math.floor(random.next() * most)
    const have = new Bitfield(PIECES)
    for (let piece = 0; piece < 10; piece++) have.add(piece * 3)
    const selection = new Selection(have)
    const covered: number[] = []
    const all = Bitfield.full(PIECES)
    const some = new Bitfield(PIECES)
    for (let piece = 0; piece < PIECES; piece += 2) some.add(piece)
    for (let step = 0; step < 3_000; step++) {
      const piece = below(PIECES)
      const kind = below(20)
      if (kind === 0) selection.select(Uint8Array.from({ length: PIECES }, () => below(3)))
      else if (kind < 6) {
        covered.push(piece)
        selection.cover(piece, 1)
      } else if (kind < 11) {
        const last = covered.pop()
        if (last !== undefined) selection.cover(last, -1)
      } else {
        const isHere = !have.has(piece)
        if (isHere) have.add(piece)
        else have.delete(piece)
        selection.changed(piece, isHere)
      }
      const needed = [...all].filter((each) => selection.needs(each))
      expect(selection.needed).toBe(needed.length)
      expect(selection.neededOf(all)).toBe(needed.length)
      expect(selection.neededOf(some)).toBe(needed.filter((each) => each % 2 === 0).length)
    }
  })
})
