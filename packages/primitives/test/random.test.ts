import { SeededRandom } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'

describe('seeded dice', () => {
  test('give the same sequence for the same seed', () => {
    const [a, b, c] = [7, 7, 8].map((seed) => {
      const random = new SeededRandom(seed)
      return Array.from({ length: 50 }, () => random.next())
    })
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
  })

  test('stay in [0, 1) and are spread evenly', () => {
    const random = new SeededRandom(42)
    const buckets = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 50_000; i++) {
      const value = random.next()
      const bucket = Math.floor(value * 10)
      buckets[bucket] = (buckets[bucket] ?? Number.NaN) + 1
    }
    expect(buckets).toHaveLength(10)
    for (const count of buckets) expect(Math.abs(count - 5000)).toBeLessThan(300)
  })

  test('give as many bytes as asked for, of all values', () => {
    const bytes = new SeededRandom(1).bytes(20_000)
    expect(bytes).toHaveLength(20_000)
    expect(new Set(bytes).size).toBe(256)
  })

  test('take any number for a seed', () => {
    for (const seed of [-1, 2 ** 40, 1.5, 0]) expect(new SeededRandom(seed).next()).toBeLessThan(1)
  })
})
