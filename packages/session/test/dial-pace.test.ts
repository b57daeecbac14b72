import { getEventListeners } from 'node:events'
import { expect, test } from '@jest/globals'
import { VirtualClock } from '@torrential/primitives'
import { DialPace } from '../src/dial-pace.ts'

test('no second sees more dials begin than the burst and the rate allow, and none waits longer than it must', async () => {
  const clock = new VirtualClock()
  const pace = new DialPace(clock, 2, 3)
  const begun: number[] = []
  const { signal } = new AbortController()
  const turns = Array.from({ length: 8 }, () => pace.turn(signal).then(() => begun.push(clock.now())))
  await clock.advanceAsync(5_000)
  await Promise.all(turns)
  expect(begun).toEqual([0, 0, 0, 500, 1_000, 1_500, 2_000, 2_500])
})

test('a quiet time makes up for a burst, and no more', async () => {
  const clock = new VirtualClock()
  const pace = new DialPace(clock, 30, 4)
  const { signal } = new AbortController()
  const turns = async (count: number) => {
    const begun: number[] = []
    const before = clock.now()
    const all = Array.from({ length: count }, () => pace.turn(signal).then(() => begun.push(clock.now() - before)))
    await clock.advanceAsync(1_000)
    await Promise.all(all)
    return begun
  }
  expect(await turns(7)).toEqual([0, 0, 0, 0, 34, 67, 100])
  await clock.advanceAsync(60_000)
  expect(await turns(7)).toEqual([0, 0, 0, 0, 34, 67, 100])
})

test('what is answered counts for less than a third, and saves up no more than a burst', async () => {
  const clock = new VirtualClock()
  const pace = new DialPace(clock, 30, 10)
  const { signal } = new AbortController()
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  let begun = 0
  const dial = async (): Promise<void> => {
    await pace.turn(signal)
    begun++
    pace.answered()
  }
  const all = Array.from({ length: 200 }, dial)
  await clock.advanceAsync(1_000, settle)
  // The burst, and a hundred a second.
  expect(begun).toBeGreaterThan(100)
  expect(begun).toBeLessThanOrEqual(10 / 0.3 + 100 + 1)
  await clock.advanceAsync(2_000, settle)
  await Promise.all(all)
  for (let count = 0; count < 100; count++) pace.answered()
  let more = 0
  const late = Array.from({ length: 20 }, () => pace.turn(signal).then(() => more++))
  await clock.advanceAsync(0, settle)
  expect(more).toBe(10)
  await clock.advanceAsync(1_000, settle)
  await Promise.all(late)
})

test('whoever waits can be called off, and leaves no timer', async () => {
  const clock = new VirtualClock()
  const pace = new DialPace(clock, 1)
  const abort = new AbortController()
  await pace.turn(abort.signal)
  const waiting = pace.turn(abort.signal)
  await clock.advanceAsync(10)
  abort.abort(new Error('never mind'))
  await expect(waiting).rejects.toThrow('never mind')
  expect(clock.pending).toBe(0)
})

test('many dials of one torrent that wait have one listener on its signal', async () => {
  const clock = new VirtualClock()
  const pace = new DialPace(clock, 1)
  const { signal } = new AbortController()
  const turns = Array.from({ length: 20 }, () => pace.turn(signal))
  await clock.advanceAsync(10)
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  await clock.advanceAsync(20_000)
  await Promise.all(turns)
})
