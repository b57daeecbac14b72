import { describe, expect, test } from '@jest/globals'
import { RateMeter } from '../src/rate-meter.ts'

describe('RateMeter', () => {
  test('gives the same rate for one batch as for its blocks', () => {
    const batched = new RateMeter(0)
    const single = new RateMeter(0)
    for (let second = 0; second < 4; second++) {
      batched.add(100_000, second * 1_000 + 400)
      for (let block = 0; block < 10; block++) single.add(10_000, second * 1_000 + block * 40)
    }
    expect(batched.rate(4_000)).toBe(single.rate(4_000))
    expect(batched.rate(4_000)).toBe(100_000)
  })

  test('does not take the first read for a rate per millisecond', () => {
    const meter = new RateMeter(5_000)
    meter.add(65_536, 5_001)
    expect(meter.rate(5_002)).toBe(65_536)
  })

  test('falls to zero five seconds after the last byte, and keeps the total', () => {
    const meter = new RateMeter(0)
    meter.add(1_000, 100)
    expect(meter.rate(4_900)).toBeGreaterThan(0)
    expect(meter.rate(5_600)).toBe(0)
    expect(meter.total).toBe(1_000)
  })

  test('follows a change of speed within its window', () => {
    const meter = new RateMeter(0)
    for (let at = 0; at < 10_000; at += 100) meter.add(1_000, at)
    expect(meter.rate(10_000)).toBeCloseTo(10_000, -3)
    for (let at = 10_000; at < 16_000; at += 100) meter.add(5_000, at)
    expect(meter.rate(16_000)).toBeCloseTo(50_000, -4)
  })

  test('survives a clock that jumps by a day', () => {
    const meter = new RateMeter(0)
    meter.add(1_000, 0)
    expect(meter.rate(86_400_000)).toBe(0)
    meter.add(1_000, 86_400_001)
    expect(meter.rate(86_400_001)).toBeGreaterThan(0)
  })
})
