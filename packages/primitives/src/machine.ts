// Policy is a value, I/O is a shell. A machine is told what happened by method calls, time is an argument, and what it wants
// done is pulled out of it. `drive` is the one runner for all of them: it performs outputs and keeps one timer at the deadline.

import type { Clock } from './clock.ts'

/** Policy without I/O: told what happened by method calls, asked for what to do by `next`. */
export interface Machine<Output> {
  /** The next thing to do, or undefined when there is nothing. */
  next(): Output | undefined
  /** Time has passed; call at or after `deadline`. Earlier is harmless. */
  tick(now: number): void
  /**
   * When `tick` wants to be called, on the clock of `now`; Infinity when never. After `tick(now)` it is later than `now`, or
   * whoever drives the machine ticks for ever.
   */
  readonly deadline: number
}

/** A machine that runs. Disposing stops it: no output is performed and no timer fires any more. */
export interface Drive extends Disposable {
  /** Call after every input: performs what the machine wants and moves the timer. Safe to call from within `perform`. */
  pump(): void
}

/** Runs `machine` on `clock`: every output goes to `perform`, synchronously and in order, until disposed. */
export function drive<Output>(machine: Machine<Output>, clock: Clock, perform: (output: Output) => void): Drive {
  let timer: Disposable | undefined
  let timerAt = Number.POSITIVE_INFINITY
  let pumping = false
  let closed = false

  const schedule = () => {
    const { deadline } = machine
    // A timer that fires early only ticks early, so it is moved only when the deadline came closer.
    if (deadline >= timerAt) return
    timer?.[Symbol.dispose]()
    timerAt = deadline
    timer = clock.timer(Math.max(0, deadline - clock.now()), () => {
      timerAt = Number.POSITIVE_INFINITY
      timer = undefined
      machine.tick(clock.now())
      pump()
    })
  }
  const pump = () => {
    if (pumping || closed) return
    pumping = true
    try {
      // Not asked again once disposed: what is not performed must not be taken out of the machine.
      for (let output = machine.next(); output !== undefined; output = closed ? undefined : machine.next()) {
        perform(output)
      }
    } finally {
      pumping = false
      // Also when `perform` threw: a machine without its timer would stand still for ever.
      if (!closed) schedule()
    }
  }
  pump()
  return {
    pump,
    [Symbol.dispose]() {
      closed = true
      timer?.[Symbol.dispose]()
      timer = undefined
    },
  }
}
