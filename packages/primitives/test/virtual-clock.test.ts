import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { VirtualClock } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

describe('a virtual clock', () => {
  test('moves only when told to', () => {
    const clock = new VirtualClock(500)
    expect(clock.now()).toBe(500)
    clock.advance(20)
    expect(clock.now()).toBe(520)
  })

  test('fires timers in order of time, ties in order of creation, each at its own time', () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const at = (ms: number, name: string) => clock.timer(ms, () => fired.push(`${name}@${clock.now()}`))
    at(30, 'c')
    at(10, 'a')
    at(30, 'd')
    at(20, 'b')
    at(31, 'late')
    clock.advance(30)
    expect(fired).toEqual(['a@10', 'b@20', 'c@30', 'd@30'])
    expect([clock.pending, clock.deadline, clock.now()]).toEqual([1, 31, 30])
  })

  test('fires timers that timers set, when they fall into the same move', () => {
    const clock = new VirtualClock()
    const fired: number[] = []
    const tick = () => {
      fired.push(clock.now())
      if (fired.length < 10) clock.timer(10, tick)
    }
    clock.timer(10, tick)
    clock.advance(35)
    expect(fired).toEqual([10, 20, 30])
  })

  test('never goes back: a negative time is now', () => {
    const clock = new VirtualClock(100)
    let at = -1
    clock.timer(-50, () => {
      at = clock.now()
    })
    clock.advance(0)
    expect(at).toBe(100)
  })

  test('does not fire what was disposed, also by an earlier timer of the same move', () => {
    const clock = new VirtualClock()
    const fired: string[] = []
    const first = clock.timer(5, () => fired.push('first'))
    const third = clock.timer(20, () => fired.push('third'))
    clock.timer(10, () => third[Symbol.dispose]())
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(clock.pending).toBe(2)
    clock.advance(100)
    expect(fired).toEqual([])
    expect([clock.pending, clock.deadline]).toEqual([0, Number.POSITIVE_INFINITY])
  })

  test('counts a timer disposed after it fired only once', () => {
    const clock = new VirtualClock()
    const timer = clock.timer(1, () => {})
    clock.timer(50, () => {})
    clock.advance(1)
    timer[Symbol.dispose]()
    expect(clock.pending).toBe(1)
  })

  test('behaves as a sorted list of timers, whatever is set and disposed', () => {
    const step = fc.record({
      does: fc.constantFrom('set', 'set', 'dispose', 'advance'),
      n: fc.integer({ min: 0, max: 40 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const clock = new VirtualClock()
        const fired: number[] = []
        const expected: number[] = []
        let model: { at: number; id: number; timer: Disposable }[] = []
        let created = 0
        for (const { does, n } of steps) {
          if (does === 'set') {
            const id = created++
            model.push({ at: clock.now() + n, id, timer: clock.timer(n, () => fired.push(id)) })
          } else if (does === 'dispose') {
            const [gone] = model.splice(n % Math.max(1, model.length), 1)
            gone?.timer[Symbol.dispose]()
          } else {
            const end = clock.now() + n
            const due = model.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at || a.id - b.id)
            expected.push(...due.map(({ id }) => id))
            model = model.filter(({ at }) => at > end)
            clock.advance(n)
          }
          expect(fired).toEqual(expected)
          expect(clock.pending).toBe(model.length)
          expect(clock.deadline).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.map(({ at }) => at)))
        }
      }),
    )
  })

  test('throws away disposed timers: setting and disposing for ever keeps nothing', () => {
    const clock = new VirtualClock()
    const fired: number[] = []
    for (let i = 0; i < 20; i++) clock.timer(1000 + i, () => fired.push(i))
    for (let i = 0; i < 20_000; i++) clock.timer(5000 - (i % 100), () => fired.push(-1))[Symbol.dispose]()
    clock.advance(10_000)
    expect(fired).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('lets promises settle between timers when asked to', async () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    const sleep = (ms: number) => new Promise<void>((resolve) => void clock.timer(ms, resolve))
    const worker = (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(10)
        seen.push(clock.now())
      }
    })()
    await clock.advanceAsync(100)
    await worker
    expect(seen).toEqual([10, 20, 30])
    expect(clock.now()).toBe(100)
  })

  test('can wait for the platform as well between timers', async () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    const tick = () => setImmediate(() => clock.timer(10, () => seen.push(clock.now())))
    clock.timer(10, tick)
    await clock.advanceAsync(100, () => new Promise((resolve) => void setImmediate(() => setImmediate(resolve))))
    expect(seen).toEqual([20])
  })

  test('holds nothing for a timer that was disposed of, however late it was due', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const clock = new VirtualClock()
    // In a function of its own: nothing here may refer to it.
    const start = () => {
      const held = { fired: false }
      clock.timer(1_000_000, () => (held.fired = true))[Symbol.dispose]()
      return new WeakRef(held)
    }
    const held = start()
    clock.timer(1, () => {})
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => void setImmediate(resolve))
      collect()
    }
    expect(held.deref()).toBeUndefined()
    expect(clock.pending).toBe(1)
  })
})
