/** A promise with its two ends outside (`Promise.withResolvers` of newer runtimes). */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(reason: Error): void
}

/** @see Deferred. A rejection that nobody awaits is not reported as unhandled. */
export function deferred<Value>(): Deferred<Value> {
  let ends: Omit<Deferred<Value>, 'promise'> | undefined
  const promise = new Promise<Value>((resolve, reject) => {
    ends = { resolve, reject }
  })
  promise.catch(() => {})
  return { promise, ...(ends as Omit<Deferred<Value>, 'promise'>) }
}
