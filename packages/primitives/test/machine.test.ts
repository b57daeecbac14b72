import type { Machine } from '@torrential/primitives'
import { drive, VirtualClock } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'

/** Says what it is told to say, and `tick@time` for every tick. */
class Recorder implements Machine<string> {
  readonly outputs: string[] = []
  readonly ticks: number[] = []
  deadline = Number.POSITIVE_INFINITY
  onTick: (now: number) => void = () => {}

  next(): string | undefined {
    return this.outputs.shift()
  }

  tick(now: number): void {
    this.ticks.push(now)
    this.onTick(now)
  }
}

function driven(perform?: (output: string) => void) {
  const clock = new VirtualClock(100)
  const machine = new Recorder()
  const performed: string[] = []
  return {
    clock,
    machine,
    performed,
    start: () =>
      drive(machine, clock, (output) => {
        performed.push(output)
        perform?.(output)
      }),
  }
}

describe('drive', () => {
  test('performs at once, in order, what the machine wants at the start and after every pump', () => {
    const { machine, performed, start } = driven()
    machine.outputs.push('a', 'b')
    const run = start()
    expect(performed).toEqual(['a', 'b'])
    machine.outputs.push('c')
    expect(performed).toEqual(['a', 'b'])
    run.pump()
    expect(performed).toEqual(['a', 'b', 'c'])
  })

  test('ticks at the deadline, with the time of the clock, and performs what comes of it', () => {
    const { clock, machine, performed, start } = driven()
    machine.deadline = 150
    machine.onTick = (now) => {
      machine.outputs.push(`due at ${now}`)
      machine.deadline = now + 25
    }
    start()
    clock.advance(60)
    expect(performed).toEqual(['due at 150'])
    clock.advance(40)
    expect(machine.ticks).toEqual([150, 175, 200])
  })

  test('has no timer while the deadline is Infinity, and at most one otherwise', () => {
    const { clock, machine, start } = driven()
    const run = start()
    expect(clock.pending).toBe(0)
    for (const deadline of [900, 500, 700, 300]) {
      machine.deadline = deadline
      run.pump()
      expect(clock.pending).toBe(1)
    }
    expect(clock.deadline).toBe(300)
  })

  test('a deadline in the past is due now', () => {
    const { clock, machine, start } = driven()
    machine.deadline = 3
    machine.onTick = () => {
      machine.deadline = Number.POSITIVE_INFINITY
    }
    start()
    clock.advance(0)
    expect(machine.ticks).toEqual([100])
  })

  test('pumping within perform neither recurses nor loses an output', () => {
    const depth = { now: 0, most: 0 }
    const run: { pump?: () => void } = {}
    const { machine, performed, start } = driven((output) => {
      depth.most = Math.max(depth.most, ++depth.now)
      if (output.length < 4) machine.outputs.push(`${output}x`)
      run.pump?.()
      depth.now--
    })
    const driving = start()
    run.pump = () => driving.pump()
    machine.outputs.push('a')
    driving.pump()
    expect(performed).toEqual(['a', 'ax', 'axx', 'axxx'])
    expect(depth.most).toBe(1)
  })

  test('disposed within perform, leaves the outputs that follow in the machine', () => {
    const run: { stop?: () => void } = {}
    const { clock, machine, performed, start } = driven(() => run.stop?.())
    const driving = start()
    run.stop = () => driving[Symbol.dispose]()
    machine.outputs.push('a', 'b')
    machine.deadline = 200
    driving.pump()
    expect(performed).toEqual(['a'])
    expect(machine.outputs).toEqual(['b'])
    expect(clock.pending).toBe(0)
  })

  test('disposed, has no timer and performs nothing', () => {
    const { clock, machine, performed, start } = driven()
    machine.deadline = 200
    const run = start()
    run[Symbol.dispose]()
    machine.outputs.push('a')
    run.pump()
    clock.advance(1000)
    expect([performed, machine.ticks, clock.pending]).toEqual([[], [], 0])
  })

  test('an error in perform reaches the caller, and the machine goes on by its timer', () => {
    const { clock, machine, performed, start } = driven((output) => {
      if (output === 'bad') throw new Error('cannot')
    })
    const run = start()
    machine.outputs.push('bad', 'good')
    machine.deadline = 150
    machine.onTick = () => {
      machine.deadline = Number.POSITIVE_INFINITY
    }
    expect(() => run.pump()).toThrow('cannot')
    clock.advance(50)
    expect(performed).toEqual(['bad', 'good'])
  })
})
