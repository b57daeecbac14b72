import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { type Census, countResources, slopeOf } from '../src/soak/census.ts'

const run = promisify(execFile)

function look(minute: number, heap: number): Census {
  return { at: minute * 60_000, heap, data: 0, buffers: 0, rss: 0, timers: 0, handles: 0, descriptors: 0 }
}

test('a heap that grows by 1,000 bytes a minute grows by 60,000 an hour, whatever it started at', () => {
  const looks = [0, 1, 2, 5, 9].map((minute) => look(minute, 5_000_000 + 1_000 * minute))
  expect(slopeOf(looks, 'heap')).toBeCloseTo(60_000)
  expect(slopeOf(looks, 'timers')).toBe(0)
  expect(slopeOf(looks.slice(0, 1), 'heap')).toBe(0)
})

test('a census sees a timer that was left', () => {
  const before = countResources()
  const timer = setTimeout(() => {}, 60_000)
  const after = countResources()
  clearTimeout(timer)
  expect(after).toEqual({ ...before, timers: before.timers + 1 })
  expect(countResources()).toEqual(before)
})

test('a census tells data and compiled code apart', async () => {
  // In a process of its own: the heap of a test run is large, and takes a minute to look through.
  const program = `
    import { takeCensus } from '${new URL('../dist/soak/census.js', import.meta.url).href}'
    const before = await takeCensus(0)
    const kept = Array.from({ length: 100_000 }, (_, at) => ({ at }))
    const after = await takeCensus(1)
    console.log(JSON.stringify([before, after, kept.length]))`
  const { stdout } = await run(process.execPath, ['--expose-gc', '--input-type=module', '-e', program])
  const [before, after] = JSON.parse(stdout)
  expect(before.data).toBeGreaterThan(0)
  expect(before.data).toBeLessThan(before.heap)
  expect(after.data - before.data).toBeGreaterThan(1_000_000)
})
