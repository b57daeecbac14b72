// When a torrent that a fault of the disk has stopped tries again by itself: 30 s later, then after twice as long each time, at
// most 10 minutes. What goes right in between starts the count anew.

import type { Clock } from '@torrential/primitives'
import { DEFAULTS } from './options.ts'

export class FaultRetry {
  readonly #clock: Clock
  readonly #fire: () => void
  #timer: Disposable | undefined
  #failures = 0

  constructor(clock: Clock, fire: () => void) {
    this.#clock = clock
    this.#fire = fire
  }

  failed(): void {
    this.cancel()
    const delay = Math.min(DEFAULTS.faultRetry * 2 ** this.#failures, DEFAULTS.faultRetryLimit)
    this.#failures++
    this.#timer = this.#clock.timer(delay, () => {
      this.#timer = undefined
      this.#fire()
    })
  }

  worked(): void {
    this.#failures = 0
  }

  cancel(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }
}
