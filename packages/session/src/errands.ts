// Calls that a user has under way while the session is closed: each gets a signal that fires with the caller's or with the closing,
// and closing waits until all of them have let go of their files and connections.

export class Errands {
  readonly #running = new Map<AbortController, Promise<unknown>>()

  /** @throws what `work` throws; the reason of `caller` or of `close` */
  async run<Result>(caller: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    caller?.throwIfAborted()
    // Not AbortSignal.any: the caller's signal may live for years, and the listener on it goes when the errand ends.
    const abort = new AbortController()
    const onCaller = () => abort.abort(caller?.reason)
    caller?.addEventListener('abort', onCaller, { once: true })
    const running = work(abort.signal)
    this.#running.set(abort, running)
    try {
      return await running
    } finally {
      this.#running.delete(abort)
      caller?.removeEventListener('abort', onCaller)
    }
  }

  /** Gives up what is under way; resolves when all of it has ended. Never rejects. */
  async close(reason: Error): Promise<void> {
    for (const abort of this.#running.keys()) abort.abort(reason)
    await Promise.allSettled(this.#running.values())
  }
}
