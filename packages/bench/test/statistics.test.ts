import { describe, expect, test } from '@jest/globals'
import { array, assert, double, property } from 'fast-check'
import { rotated, spread, summarize } from '../src/statistics.ts'

describe('summarize', () => {
  test('takes the middle of an odd number of values', () => {
    expect(summarize([9, 1, 4])).toEqual({ median: 4, min: 1, max: 9 })
  })

  test('takes the mean of the middle two of an even number of values', () => {
    expect(summarize([8, 1, 2, 4])).toEqual({ median: 3, min: 1, max: 8 })
  })

  test('orders by value, not as text', () => {
    expect(summarize([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 })
  })

  test('leaves the values as they were', () => {
    const values = [3, 1, 2]
    summarize(values)
    expect(values).toEqual([3, 1, 2])
  })

  test('refuses to sum up nothing', () => {
    expect(() => summarize([])).toThrow('at least one value')
  })

  test('keeps the median between the extremes, with as many values below as above', () => {
    assert(
      property(array(double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }), (values) => {
        const { median, min, max } = summarize(values)
        const below = values.filter((value) => value < median).length
        const above = values.filter((value) => value > median).length
        return min <= median && median <= max && below <= values.length / 2 && above <= values.length / 2
      }),
    )
  })
})

describe('spread', () => {
  test('is half of the distance between the extremes, as a part of the median', () => {
    expect(spread({ median: 10, min: 9, max: 11 })).toBeCloseTo(0.1)
  })

  test('of nothing but zeros is zero', () => {
    expect(spread({ median: 0, min: 0, max: 0 })).toBe(0)
  })
})

describe('rotated', () => {
  test('lets everybody be first once', () => {
    const firsts = [0, 1, 2].map((round) => rotated(['a', 'b', 'c'], round)[0])
    expect(firsts).toEqual(['a', 'b', 'c'])
  })

  test('keeps everybody in every round', () => {
    expect(rotated(['a', 'b', 'c'], 4)).toEqual(['b', 'c', 'a'])
    expect(rotated([], 4)).toEqual([])
  })
})
