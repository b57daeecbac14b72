import { Bitfield, SeededRandom } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Availability } from '../src/availability.ts'
import { must, picture } from './swarm-bench.ts'

const anything = () => true

function listed(pieces: number, seed = 1): Availability {
  const availability = new Availability(pieces, new SeededRandom(seed))
  for (let piece = 0; piece < pieces; piece++) availability.list(piece, 4)
  return availability
}

describe('Availability', () => {
  test('finds the rarest piece and the most common one', () => {
    const availability = listed(5)
    availability.join(picture('##.##'))
    availability.join(picture('#..#.'))
    availability.join(picture('#.#..'))
    // copies: 3 1 1 2 1
    const rarest = availability.rarest((piece) => piece !== 1 && piece !== 4)
    expect(rarest).toBe(2)
    expect(availability.commonest(anything)).toBe(0)
  })

  test('counts a seed for every piece without touching the order', () => {
    const availability = listed(3)
    availability.join(picture('.##'))
    const before = availability.rarest(anything)
    availability.joinSeed()
    expect(availability.rarest(anything)).toBe(before)
    expect([...availability.toArray()]).toEqual([1, 2, 2])
    expect(availability.least).toBe(1)
    availability.leaveSeed()
    expect([...availability.toArray()]).toEqual([0, 1, 1])
  })

  test('prefers a higher level to a rarer piece', () => {
    const availability = listed(3)
    availability.join(picture('.##'))
    availability.list(2, 7)
    expect(availability.rarest(anything)).toBe(2)
    expect(availability.topLevel).toBe(7)
    availability.list(2, 0)
    expect(availability.rarest(anything)).toBe(0)
  })

  test('goes in order for sequential picks, past what is not listed', () => {
    const availability = listed(5)
    availability.list(0, 0)
    availability.list(1, 0)
    expect(availability.lowest(anything)).toBe(2)
    expect(availability.lowest((piece) => piece > 3)).toBe(4)
    availability.list(1, 4)
    expect(availability.lowest(anything)).toBe(1)
  })

  test('shuffles equally rare pieces differently for different seeds', () => {
    const first = new Set(Array.from({ length: 20 }, (_, seed) => listed(50, seed).rarest(anything)))
    expect(first.size).toBeGreaterThan(5)
  })

  test('looks at one piece for a pick that the first candidate satisfies, however many pieces there are', () => {
    const availability = listed(100_000)
    availability.join(Bitfield.full(100_000))
    availability.looked = 0
    for (let pick = 0; pick < 1_000; pick++) availability.list(availability.rarest(anything), 0)
    expect(availability.looked).toBe(1_000)
  })

  test('always gives a piece of the fewest copies, whatever came and went', () => {
    const step = fc.record({ piece: fc.nat(9), what: fc.constantFrom('add', 'remove', 'list', 'unlist', 'high') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const availability = new Availability(10, new SeededRandom(1))
        const copies = Array.from({ length: 10 }, () => 0)
        const level = Array.from({ length: 10 }, () => 0)
        for (const { piece, what } of steps) {
          if (what === 'add') {
            availability.add(piece)
            copies[piece] = must(copies[piece]) + 1
          } else if (what === 'remove' && must(copies[piece]) > 0) {
            availability.remove(piece)
            copies[piece] = must(copies[piece]) - 1
          } else if (what !== 'remove') {
            level[piece] = what === 'list' ? 4 : what === 'high' ? 7 : 0
            availability.list(piece, must(level[piece]))
          }
        }
        const rank = (piece: number) => (7 - must(level[piece])) * 1_000 + must(copies[piece])
        const candidates = level.flatMap((value, piece) => (value > 0 ? [rank(piece)] : []))
        const picked = availability.rarest(anything)
        expect(picked === -1 ? [] : [rank(picked)]).toEqual(candidates.length === 0 ? [] : [Math.min(...candidates)])
        expect(availability.listed).toBe(candidates.length)
        expect([...availability.toArray()]).toEqual(copies)
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})
