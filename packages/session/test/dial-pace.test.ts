import { getEventListeners } from 'node:events'
import { expect, test } from '@jest/globals'
import { VirtualClock } from '@torrential/primitives'
import { DialPace } from '../src/dial-pace.ts'

test('no second sees more dials begin than the pace allows, and none waits longer than it must', async () => {
  const clock = new VirtualClock()
  const pace = new DialPace(clock, 3)
  const begun: number[] = []
  const { signal } = new AbortController()
  const turns = Array.from({ length: 8 }, () => pace.turn(signal).then(() => begun.push(clock.now())))
  await clock.advanceAsync(5_000)
  await Promise.all(turns)
  expect(begun).toEqual([0, 0, 0, 1_000, 1_000, 1_000, 2_000, 2_000])
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
