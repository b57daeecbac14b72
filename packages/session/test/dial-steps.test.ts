import { expect, test } from '@jest/globals'
import { VirtualClock } from '@torrential/primitives'
import { DialSteps } from '../src/dial-steps.ts'
import { DEFAULTS } from '../src/options.ts'

const { dialStep, dialStepTime, dialCrowdedTime } = DEFAULTS

/** A torrent whose dials all become connections, and what it did in so many milliseconds: how many dials in each. */
function dialAll(milliseconds: number, isCrowded: (now: number) => boolean, used = 0): Map<number, number> {
  const clock = new VirtualClock()
  const steps = new DialSteps({ clock, isCrowded: () => isCrowded(clock.now()) })
  const begun = new Map<number, number>()
  for (let now = 0; now < milliseconds; now++) {
    for (; steps.wait(used) === 0; used++) {
      steps.begin()
      begun.set(now, (begun.get(now) ?? 0) + 1)
    }
    clock.advance(1)
  }
  return begun
}

test('a burst is spread over steps', () => {
  const begun = dialAll(3 * dialStepTime, () => false)
  expect([...begun]).toEqual([0, 1, 2].map((step) => [step * dialStepTime, dialStep]))
})

test('a session with more to do than it can gets one peer more now and then', () => {
  const begun = dialAll(3 * dialCrowdedTime + 1, (now) => now > 0)
  expect([...begun]).toEqual([[0, dialStep], ...[1, 2, 3].map((times) => [times * dialCrowdedTime, 1])])
})

test('and as many as before when it has less to do', () => {
  const until = 5 * dialStepTime
  const begun = dialAll(7 * dialStepTime, (now) => now > 0 && now < until)
  expect([...begun]).toEqual([
    [0, dialStep],
    [until, dialStep],
    [until + dialStepTime, dialStep],
  ])
})

test('a torrent with few connections is not held up by what others bring', () => {
  const begun = dialAll(dialStepTime, () => true, dialStep - 3)
  expect([...begun]).toEqual([[0, 3]])
})

test('who asks is told how long to wait', () => {
  const clock = new VirtualClock()
  let isCrowded = false
  const steps = new DialSteps({ clock, isCrowded: () => isCrowded })
  for (let index = 0; index < dialStep; index++) steps.begin()
  clock.advance(30)
  expect(steps.wait(dialStep)).toBe(dialStepTime - 30)
  isCrowded = true
  expect(steps.wait(dialStep)).toBe(dialCrowdedTime - 30)
  expect(steps.wait(dialStep - 1)).toBe(dialStepTime - 30)
})
