// How many dials a torrent begins at once: a few, and then a moment in which the first of them may show what they bring. Peers that
// bring more than the session can work on need no further ones beside them: each costs a connection, makes everybody's share of the
// credit smaller and the data come in more and smaller parts. So then there is only one dial now and then, which also keeps
// those who are here from shutting others out. A torrent with few connections dials as if nothing were.

import type { Clock } from '@torrential/primitives'
import { DEFAULTS } from './options.ts'

export interface DialStepsParts {
  readonly clock: Clock
  /** The session has more to work on than it can. */
  readonly isCrowded: () => boolean
}

export class DialSteps {
  readonly #parts: DialStepsParts
  #stepBegan = Number.NEGATIVE_INFINITY
  #inStep = 0
  #last = Number.NEGATIVE_INFINITY

  constructor(parts: DialStepsParts) {
    this.#parts = parts
  }

  /** Milliseconds until the next dial may begin, where there are `used` connections and dials. */
  wait(used: number): number {
    const now = this.#parts.clock.now()
    if (used >= DEFAULTS.dialStep && this.#parts.isCrowded())
      return Math.max(0, this.#last + DEFAULTS.dialCrowdedTime - now)
    if (this.#inStep < DEFAULTS.dialStep) return 0
    return Math.max(0, this.#stepBegan + DEFAULTS.dialStepTime - now)
  }

  /** A dial begins. */
  begin(): void {
    const now = this.#parts.clock.now()
    if (now - this.#stepBegan >= DEFAULTS.dialStepTime) {
      this.#stepBegan = now
      this.#inStep = 0
    }
    this.#inStep++
    this.#last = now
  }
}
