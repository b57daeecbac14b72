// How many connections there may be: one count for the session, and one for each torrent that also takes from the session's.

export class ConnectionSlots {
  readonly #parent: ConnectionSlots | undefined
  #limit: number
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

  set limit(limit: number) {
    this.#limit = limit
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
  }
}
