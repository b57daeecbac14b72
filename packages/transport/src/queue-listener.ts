// What all listeners have in common: a queue of accepted connections, a loop over it, and four ways to stop (dispose, leaving
// the loop, the signal, the transport), which all end in one `release`.

import type { Inbound, Listener, ListenOptions } from '@torrential/contracts'
import type { PeerAddress } from '@torrential/primitives'
import { InputError } from '@torrential/primitives'
import { AcceptQueue } from './accept-queue.ts'

/** What a listener does when its options say nothing. */
export const LISTEN_DEFAULTS = {
  /** Connections. As many as may be in their handshake at once; a busier port is being flooded. */
  backlog: 256,
}

/** Pull connections with `for await`; leaving the loop, the signal or disposing stops listening. */
export class QueueListener implements Listener {
  readonly address: PeerAddress
  /** Where accepted connections go in. */
  readonly queue: AcceptQueue
  readonly #release: (listener: QueueListener) => Promise<void> | void
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => void this[Symbol.asyncDispose]()
  #closing: Promise<void> | undefined

  /**
   * Bound to `address` already; `release` gives it up and is called once, it must not throw.
   * @throws InputError `LISTEN_OPTIONS`
   */
  constructor(
    address: PeerAddress,
    options: ListenOptions,
    release: (listener: QueueListener) => Promise<void> | void,
  ) {
    this.address = address
    this.queue = new AcceptQueue(checkBacklog(options))
    this.#release = release
    this.#signal = options.signal
    if (options.signal?.aborted === true) this.#onAbort()
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  [Symbol.asyncIterator](): AsyncIterator<Inbound, undefined> {
    return {
      next: () => this.queue.next(),
      return: async () => {
        await this[Symbol.asyncDispose]()
        return { done: true, value: undefined }
      },
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.queue.close()
    await this.#release(this)
  }
}

/** @throws InputError `LISTEN_OPTIONS` unless the backlog is a positive integer */
export function checkBacklog(options: ListenOptions): number {
  const backlog = options.backlog ?? LISTEN_DEFAULTS.backlog
  if (!Number.isInteger(backlog) || backlog < 1) {
    throw new InputError('LISTEN_OPTIONS', `a backlog of ${backlog} is not a positive integer`)
  }
  return backlog
}
