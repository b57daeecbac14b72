import { describe, expect, test } from '@jest/globals'
import { type Slab, SlabPool } from '@torrential/primitives'
import { LEAST_READ, ReadSlabs } from '../src/read-slabs.ts'

const MIB = 1_048_576

describe('what the sockets of a transport read into', () => {
  test.each([1, 10, 100, 500])(
    'lets %i of them have no more than 16 MiB at a time, and each two blocks at least',
    (count) => {
      const pool = new SlabPool()
      const reading = new ReadSlabs(pool)
      const open: Slab[] = []
      // Twice: those that came first have too much only until their next slab.
      for (let round = 0; round < 2; round++) {
        for (let at = 0; at < count; at++) {
          const before = open[at]
          if (before !== undefined) reading.close(before)
          open[at] = reading.lend(MIB / 2) as Slab
        }
      }
      const lengths = open.map(({ bytes }) => bytes.length)
      expect(Math.min(...lengths)).toBeGreaterThanOrEqual(LEAST_READ)
      expect(pool.lent).toBeLessThanOrEqual(16 * MIB)
      expect(pool.lent).toBeGreaterThanOrEqual(Math.min(count / 2, 4) * MIB)
    },
  )

  test('has large ones again when the others have closed theirs', () => {
    const reading = new ReadSlabs(new SlabPool())
    const open = Array.from({ length: 200 }, () => reading.lend(MIB / 2) as Slab)
    expect(open.at(-1)?.bytes.length).toBeLessThan(MIB / 2)
    for (const slab of open) reading.close(slab)
    expect(reading.lend(MIB / 2)?.bytes.length).toBe(MIB / 2)
  })

  test('has nothing where the pool lends nothing, and counts nothing then', () => {
    const pool = new SlabPool({ lent: MIB })
    const reading = new ReadSlabs(pool)
    const [one, two] = [reading.lend(MIB / 2), reading.lend(MIB / 2)]
    for (let at = 0; at < 200; at++) expect(reading.lend(MIB / 2)).toBeUndefined()
    for (const slab of [one, two]) reading.close(slab as Slab)
    expect(reading.lend(MIB / 2)?.bytes.length).toBe(MIB / 2)
  })
})
