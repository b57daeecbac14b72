// Cancelling. A signal may outlive thousands of calls, so every listener added here is removed when the call ends;
// AbortSignal.any over a long-lived signal is not used anywhere, because it leaks.

/** What every call that may take time accepts. */
export interface AbortOptions {
  /** Ends the call early; it rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** @throws the signal's reason when it has fired */
export function throwIfAborted(options: AbortOptions | undefined): void {
  options?.signal?.throwIfAborted()
}

/** `promise`, or a rejection with the signal's reason as soon as it fires; the work itself goes on and is ignored. */
export function withAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
