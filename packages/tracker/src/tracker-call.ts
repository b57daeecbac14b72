// The life of one call: its deadline, the caller's signal and the client's closing become one short-lived signal. The caller's
// signal may live for hours, so its listener is removed when the call ends; nothing here uses AbortSignal.any.

import type { Clock } from '@torrential/primitives'
import type { TrackerCallOptions } from './tracker-client.ts'
import { trackerError } from './tracker-error.ts'

/** Milliseconds for a whole call: a tracker that is slower than this is no use to a download that has others. */
export const CALL_TIMEOUT = 30_000

export class TrackerCall implements Disposable {
  /** Bytes moved so far, as far as the client counts them on the way: a timeout reports them. */
  readonly traffic = { bytesSent: 0, bytesReceived: 0 }
  readonly #controller = new AbortController()
  readonly #timer: Disposable
  readonly #outer: AbortSignal | undefined
  readonly #onAbort = () => this.fail(this.#outer?.reason)

  constructor(url: URL | string, clock: Clock, options: TrackerCallOptions = {}) {
    const timeout = options.timeout ?? CALL_TIMEOUT
    this.#timer = clock.timer(timeout, () => {
      this.fail(trackerError('TRACKER_TIMEOUT', url, `no answer within ${timeout} ms`, { ...this.traffic }))
    })
    this.#outer = options.signal
    if (this.#outer?.aborted === true) this.#onAbort()
    else this.#outer?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Fires with what the call must reject with. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  fail(reason: unknown): void {
    this.#controller.abort(reason)
  }

  /** Also ends whatever still runs on the call's behalf. */
  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#outer?.removeEventListener('abort', this.#onAbort)
    this.#controller.abort()
  }
}
