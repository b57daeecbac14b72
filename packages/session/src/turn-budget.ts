// How much of what peers send is worked on in one turn of the event loop, for the whole session. A hundred sockets that are ready at
// once bring fifty megabytes, and hashing them would keep timers, requests of users and everything else waiting for a tenth of
// a second. Whoever finds no room waits for a later turn, in order; meanwhile its wire fills up and its socket stops.

interface Waiting {
  readonly bytes: number
  readonly go: () => void
}

export class TurnBudget {
  readonly #most: number
  #spent = 0
  #isEnding = false
  #isBehind = false
  readonly #waiting: Waiting[] = []

  /** `most`: bytes in one turn; a single larger batch has a turn for itself. */
  constructor(most: number) {
    this.#most = most
  }

  /** There is more than one turn can do. */
  get isCrowded(): boolean {
    return this.#waiting.length > 0
  }

  /** Turns do not keep up: the last one that did much left something to this one. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** Undefined when this turn has room; otherwise resolves in the turn that has. */
  take(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) {
      this.#spend(bytes)
      return undefined
    }
    return new Promise((go) => {
      this.#waiting.push({ bytes, go })
      this.#endTurn()
    })
  }

  #hasRoom(bytes: number): boolean {
    return this.#spent === 0 || this.#spent + bytes <= this.#most
  }

  #spend(bytes: number): void {
    this.#spent += bytes
    // Turns that do little need no end: what they spend adds up to one now and then.
    if (this.#spent * 2 >= this.#most) this.#endTurn()
  }

  #endTurn(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    setImmediate(() => {
      this.#isEnding = false
      this.#isBehind = this.#waiting.length > 0
      this.#spent = 0
      for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
        this.#waiting.shift()
        this.#spend(next.bytes)
        next.go()
      }
      // Also where what has been spent would not end a turn by itself, and the next one is too large for what is left of it.
      if (this.#waiting.length > 0) this.#endTurn()
    })
  }
}
