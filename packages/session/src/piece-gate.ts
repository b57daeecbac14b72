// Readers wait here for a piece that is not there yet. One entry per waiting reader; opening a piece wakes its readers only.

import { LazyMap, throwIfAborted } from '@torrential/primitives'

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

export class PieceGate {
  readonly #waiters = new LazyMap<number, Set<Waiter>>()
  #closed: Error | undefined

  /** Resolves when `open(piece)` is called. @throws what `close` was given, or the signal's reason */
  wait(piece: number, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted({ ...(signal && { signal }) })
    return new Promise<void>((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed)
        return
      }
      const waiters = this.#waiters.get(piece) ?? new Set()
      this.#waiters.set(piece, waiters)
      const leave = () => {
        waiters.delete(waiter)
        if (waiters.size === 0 && this.#waiters.get(piece) === waiters) this.#waiters.delete(piece)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = () => waiter.reject(signal?.reason)
      const waiter: Waiter = {
        resolve() {
          leave()
          resolve()
        },
        reject(error) {
          leave()
          reject(error)
        },
      }
      waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  open(piece: number): void {
    const waiters = this.#waiters.get(piece)
    if (waiters !== undefined) for (const waiter of waiters) waiter.resolve()
  }

  /** Everybody who waits now or later gets `error`. */
  close(error: Error): void {
    this.#closed = error
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error)
  }
}
