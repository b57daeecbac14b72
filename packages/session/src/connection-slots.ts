// How many connections there may be: one count for the session, and one for each torrent that also takes from the session's.
// Whoever found no place is called when one becomes free in the session, in turn; otherwise a torrent that came late to a
// full session would wait for a connection of its own to end, of which it has none.

import { LazySet } from '@torrential/primitives'

export class ConnectionSlots {
  readonly #parent: ConnectionSlots | undefined
  readonly #limit: number
  readonly #waiting = new LazySet<() => void>()
  #used = 0

  constructor(limit: number, parent?: ConnectionSlots) {
    this.#limit = limit
    this.#parent = parent
  }

  get used(): number {
    return this.#used
  }

  get limit(): number {
    return this.#limit
  }

  get free(): boolean {
    return this.#used < this.#limit && (this.#parent === undefined || this.#parent.free)
  }

  /** Takes a place here and in the session, or none at all. */
  take(): boolean {
    if (!this.free) return false
    this.#used++
    this.#parent?.take()
    return true
  }

  give(): void {
    this.#used--
    this.#parent?.give()
    // Those who still find no place ask again, behind the others.
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Calls `wake` once, when a place may have become free in the session. Asking twice counts once. */
  await(wake: () => void): void {
    if (this.#parent === undefined) this.#waiting.add(wake)
    else this.#parent.await(wake)
  }

  /** Takes back what `await` asked for. */
  leave(wake: () => void): void {
    if (this.#parent === undefined) this.#waiting.delete(wake)
    else this.#parent.leave(wake)
  }
}
