import { expect, test } from '@jest/globals'
import { VirtualClock } from '@torrential/primitives'
import { FaultRetry } from '../src/fault-retry.ts'

/** The seconds at which a torrent that fails every time is tried again. */
function retriesOf(clock: VirtualClock, prepare: (retry: FaultRetry) => void, count: number): number[] {
  const times: number[] = []
  const retry: FaultRetry = new FaultRetry(clock, () => {
    times.push(clock.now() / 1_000)
    if (times.length < count) retry.failed()
  })
  prepare(retry)
  clock.advance(3_600_000)
  return times
}

test('tries again after 30 s, then twice as late each time, at most ten minutes apart', () => {
  expect(retriesOf(new VirtualClock(), (retry) => retry.failed(), 7)).toEqual([30, 90, 210, 450, 930, 1_530, 2_130])
})

test('what worked in between starts the count anew', () => {
  const clock = new VirtualClock()
  const again = retriesOf(
    clock,
    (retry) => {
      retry.failed()
      clock.advance(30_000)
      retry.worked()
      retry.failed()
    },
    3,
  )
  expect(again.slice(0, 2)).toEqual([30, 60])
})

test('does not try once it is cancelled', () => {
  const clock = new VirtualClock()
  const times = retriesOf(
    clock,
    (retry) => {
      retry.failed()
      retry.cancel()
    },
    1,
  )
  expect(times).toEqual([])
})
