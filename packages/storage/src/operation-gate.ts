// Lets many operations run beside each other, and now and then one alone: moving bytes between files must not meet a read or
// a write. The one that wants to be alone waits for those that run; whoever comes later waits for it. After `close` nothing
// gets in any more.

import { closedFailure } from './storage-failure.ts'

export class OperationGate {
  #running = 0
  #isClosed = false
  readonly #idle: (() => void)[] = []
  /** Set while one runs alone, or waits for the others to end; never rejects. */
  #alone: Promise<void> | undefined

  /** Runs `work` beside others. @throws StorageError `STORAGE_CLOSED`; whatever `work` throws */
  async share(work: () => Promise<void>): Promise<void> {
    while (this.#alone !== undefined) await this.#alone
    this.check()
    this.#running++
    try {
      await work()
    } finally {
      this.#running--
      if (this.#running === 0) for (const wake of this.#idle.splice(0)) wake()
    }
  }

  /** Runs `work` while nothing else runs. @throws StorageError `STORAGE_CLOSED`; whatever `work` throws */
  async alone(work: () => Promise<void>): Promise<void> {
    while (this.#alone !== undefined) await this.#alone
    this.check()
    // Nothing is awaited between these checks and taking the gate, here and in `share`: or two could pass at once.
    const running = this.#whenQuiet().then(work)
    this.#alone = running.catch(() => {})
    try {
      await running
    } finally {
      this.#alone = undefined
    }
  }

  /** Refuses whoever comes from now on, and resolves when nothing runs any more. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#alone !== undefined) await this.#alone
    await this.#whenQuiet()
  }

  /** @throws StorageError `STORAGE_CLOSED` after `close` */
  check(): void {
    if (this.#isClosed) throw closedFailure('storage')
  }

  async #whenQuiet(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }
}
