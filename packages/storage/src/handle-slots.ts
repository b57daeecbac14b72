// How many handles may be open at once, and who waits for one of them to be closed, first come first served. Whoever has to wait
// has an idle handle closed for it; after `close` nobody waits any more.

import { closedFailure } from './storage-failure.ts'

export class HandleSlots {
  readonly #capacity: number
  readonly #makeRoom: () => void
  readonly #waiting: (() => void)[] = []
  #taken = 0
  #isClosed = false

  /** `makeRoom` begins to close a handle that nobody uses, if there is one; `free` is to be called when that is done. */
  constructor(capacity: number, makeRoom: () => void) {
    this.#capacity = capacity
    this.#makeRoom = makeRoom
  }

  get taken(): number {
    return this.#taken
  }

  /** Somebody waits. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  /** @throws StorageError `STORAGE_CLOSED` when closed while it had to wait */
  async take(): Promise<void> {
    while (this.#taken >= this.#capacity) await this.freed()
    this.#taken++
  }

  /** Makes room, and waits until a slot was given back. @throws StorageError `STORAGE_CLOSED` */
  async freed(): Promise<void> {
    this.#makeRoom()
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.#isClosed) throw closedFailure('handle pool')
  }

  free(): void {
    this.#taken--
    this.#waiting.shift()?.()
  }

  close(): void {
    this.#isClosed = true
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
