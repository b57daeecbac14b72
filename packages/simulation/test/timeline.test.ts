import { describe, expect, test } from '@jest/globals'
import { Timeline } from '../src/index.ts'

describe('Timeline', () => {
  test('fires in order of time, ties in order of creation, and never what was disposed', () => {
    const timeline = new Timeline()
    const fired: string[] = []
    for (const ms of [50, 10, 30, 10, 40, 20]) timeline.timer(ms, () => fired.push(`${ms}@${timeline.now()}`))
    timeline.timer(15, () => fired.push('never'))[Symbol.dispose]()
    timeline.timer(10, () => timeline.timer(5, () => fired.push(`nested@${timeline.now()}`)))
    while (timeline.step(45));
    expect(fired).toEqual(['10@10', '10@10', 'nested@15', '20@20', '30@30', '40@40'])
    expect(timeline.now()).toBe(45)
  })
})
