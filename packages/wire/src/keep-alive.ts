// One timer per wire that is never moved: when it fires it looks how long ago something was sent, and either that is long
// enough or it sets itself for the rest. Sending a message costs the timer nothing.

import type { Clock } from '@torrential/primitives'

export class KeepAlive implements Disposable {
  readonly #clock: Clock
  readonly #interval: number
  readonly #send: () => void
  #lastSent: number
  #timer: Disposable

  /** Calls `send` whenever nothing was sent for `interval` ms. */
  constructor(clock: Clock, interval: number, send: () => void) {
    this.#clock = clock
    this.#interval = interval
    this.#send = send
    this.#lastSent = clock.now()
    this.#timer = clock.timer(interval, this.#fire)
  }

  /** Something goes out now. */
  touch(): void {
    this.#lastSent = this.#clock.now()
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }

  readonly #fire = (): void => {
    const idle = this.#clock.now() - this.#lastSent
    if (idle >= this.#interval) {
      this.#lastSent = this.#clock.now()
      this.#send()
    }
    this.#timer = this.#clock.timer(idle >= this.#interval ? this.#interval : this.#interval - idle, this.#fire)
  }
}
