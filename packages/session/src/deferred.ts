// A promise with its handles outside, for `ready` and `done`. Nobody has to listen: a rejection that no one awaits must not
// end the process.

export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(error: Error): void
}

export function deferred<Value>(): Deferred<Value> {
  let resolve!: (value: Value) => void
  let reject!: (error: Error) => void
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}

/** A deferred whose promise is made when somebody asks for it, and not kept once it is decided: most torrents are never waited for. */
export class Outcome {
  #decided: 'good' | Error | undefined
  #deferred: Deferred<void> | undefined

  get promise(): Promise<void> {
    if (this.#decided !== undefined) return this.#decide(deferred(), this.#decided)
    this.#deferred ??= deferred()
    return this.#deferred.promise
  }

  /** Only the first of `resolve` and `reject` counts. */
  resolve(): void {
    this.#settle('good')
  }

  reject(error: Error): void {
    this.#settle(error)
  }

  #settle(decided: 'good' | Error): void {
    if (this.#decided !== undefined) return
    this.#decided = decided
    if (this.#deferred !== undefined) void this.#decide(this.#deferred, decided)
    this.#deferred = undefined
  }

  #decide(outcome: Deferred<void>, decided: 'good' | Error): Promise<void> {
    if (decided === 'good') outcome.resolve()
    else outcome.reject(decided)
    return outcome.promise
  }
}
