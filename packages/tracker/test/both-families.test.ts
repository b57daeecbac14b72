import { VirtualClock } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { bothFamilies, FAMILY_GRACE } from '../src/both-families.ts'

const never = new Promise<number>(() => {})
const later = <Value>(turns: number, value: Value): Promise<Value> =>
  turns === 0 ? Promise.resolve(value) : Promise.resolve().then(() => later(turns - 1, value))

describe('asking both families', () => {
  test('gives all answers in the order of the questions', async () => {
    const clock = new VirtualClock()
    expect(await bothFamilies([later(3, 'a'), later(1, 'b')], clock)).toEqual(['a', 'b'])
    expect(clock.pending).toBe(0)
  })

  test('gives a slow family three seconds after the first answer, not more', async () => {
    const clock = new VirtualClock()
    const result = bothFamilies([never, Promise.resolve(1)], clock)
    await clock.advanceAsync(FAMILY_GRACE - 1)
    expect(clock.pending).toBe(1)
    await clock.advanceAsync(1)
    expect(await result).toEqual([1])
  })

  test('waits for the second when the first fails, and rejects with the first failure when both do', async () => {
    const clock = new VirtualClock()
    const failing = (what: string, turns: number) => later(turns, 0).then(() => Promise.reject(new Error(what)))
    expect(await bothFamilies([failing('x', 0), later(5, 7)], clock)).toEqual([7])
    await expect(bothFamilies([failing('late', 5), failing('early', 1)], clock)).rejects.toThrow('early')
  })
})
