// One promise that everybody who waits for room shares: a thousand waiting senders cost one wake-up.

import type { PeerError } from '@torrential/primitives'

export class Drain {
  #resolve = (): void => {}
  #reject = (_error: PeerError): void => {}
  #promise: Promise<void> | undefined

  /** Settles with the next `resolve` or `reject`. */
  wait(): Promise<void> {
    if (this.#promise === undefined) {
      this.#promise = new Promise<void>((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
      })
      // A waiter that gave up with its signal must not leave a rejection behind that nobody handles.
      this.#promise.catch(() => {})
    }
    return this.#promise
  }

  /** True while somebody waits. */
  get isAwaited(): boolean {
    return this.#promise !== undefined
  }

  resolve(): void {
    this.#promise = undefined
    this.#resolve()
  }

  reject(error: PeerError): void {
    this.#promise = undefined
    this.#reject(error)
  }
}
