import { expect, test } from '@jest/globals'
import { type Census, slopeOf, takeCensus } from '../src/soak/census.ts'

function look(minute: number, heap: number): Census {
  return { at: minute * 60_000, heap, buffers: 0, rss: 0, timers: 0, handles: 0, descriptors: 0 }
}

test('a heap that grows by 1,000 bytes a minute grows by 60,000 an hour, whatever it started at', () => {
  const looks = [0, 1, 2, 5, 9].map((minute) => look(minute, 5_000_000 + 1_000 * minute))
  expect(slopeOf(looks, 'heap')).toBeCloseTo(60_000)
  expect(slopeOf(looks, 'timers')).toBe(0)
  expect(slopeOf(looks.slice(0, 1), 'heap')).toBe(0)
})

test('a census sees a timer that was left', async () => {
  const before = await takeCensus(0)
  const timer = setTimeout(() => {}, 60_000)
  expect((await takeCensus(1)).timers).toBe(before.timers + 1)
  clearTimeout(timer)
  expect((await takeCensus(2)).timers).toBe(before.timers)
  expect(before.heap).toBeGreaterThan(0)
})
