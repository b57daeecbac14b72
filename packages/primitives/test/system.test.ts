import { systemClock, systemRandom } from '@torrential/primitives/system'
import { describe, expect, test } from '@jest/globals'

describe('the real clock', () => {
  test('never goes back', () => {
    let last = systemClock.now()
    for (let i = 0; i < 1000; i++) {
      const now = systemClock.now()
      expect(now).toBeGreaterThanOrEqual(last)
      last = now
    }
  })

  test('fires a timer once, not before its time', async () => {
    const start = systemClock.now()
    await new Promise<void>((resolve) => void systemClock.timer(15, resolve))
    // The platform rounds to whole milliseconds.
    expect(systemClock.now() - start).toBeGreaterThanOrEqual(14)
  })

  test('does not fire a timer that was disposed, nor one that is further away than the platform can count', async () => {
    const fired: string[] = []
    const gone = systemClock.timer(0, () => fired.push('disposed'))
    const far = systemClock.timer(2 ** 40, () => fired.push('far'))
    const never = systemClock.timer(Number.POSITIVE_INFINITY, () => fired.push('never'))
    gone[Symbol.dispose]()
    await new Promise<void>((resolve) => void systemClock.timer(10, resolve))
    expect(fired).toEqual([])
    far[Symbol.dispose]()
    never[Symbol.dispose]()
  })
})

describe('the real dice', () => {
  test('stay in [0, 1) and differ', () => {
    const values = Array.from({ length: 100 }, () => systemRandom.next())
    for (const value of values) expect(value >= 0 && value < 1).toBe(true)
    expect(new Set(values).size).toBe(100)
  })

  test('give new bytes each time', () => {
    const [a, b] = [systemRandom.bytes(32), systemRandom.bytes(32)]
    expect([a.length, b.length]).toEqual([32, 32])
    expect(a).not.toEqual(b)
  })
})
