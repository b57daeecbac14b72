// Ownership is a tree: whoever makes something that must be closed gives it to a scope, and closing the scope closes all of
// it, newest first, once. A failure of one does not stop the others; the first is rethrown at the end.

type Owned = Disposable | AsyncDisposable

/** Closes what it owns, in the reverse order in which it came, when it is closed itself. */
export class Scope implements AsyncDisposable {
  readonly #owned = new Set<Owned>()
  readonly #abort = new AbortController()
  #closing: Promise<void> | undefined

  /** Fires when the scope starts to close. Lives as long as the scope: hand it to what the scope owns only. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** True from the first call of `close` on. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** Takes ownership of `resource` and returns it. When the scope is closed already, it is disposed at once. */
  own<Resource extends Owned>(resource: Resource): Resource {
    if (this.closed) void disposeQuietly(resource)
    else this.#owned.add(resource)
    return resource
  }

  /** Gives `resource` back to the caller: the scope will not dispose it any more. */
  disown(resource: Owned): void {
    this.#owned.delete(resource)
  }

  /** A scope that this one closes, and that leaves it when it closes by itself. */
  child(): Scope {
    const child = new Scope()
    this.own(child)
    child.own({ [Symbol.dispose]: () => this.disown(child) })
    return child
  }

  /**
   * Idempotent: every call returns the same promise, which rejects with the first error of what was disposed. What the scope
   * owns must not wait for it while being disposed: each would wait for the other.
   */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #closeAll(): Promise<void> {
    // One turn later, so that `closed` is true for whatever the abort listeners call.
    await Promise.resolve()
    this.#abort.abort()
    let failure: { readonly error: unknown } | undefined
    for (const resource of [...this.#owned].reverse()) {
      if (!this.#owned.delete(resource)) continue
      try {
        await dispose(resource)
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure !== undefined) throw failure.error
  }
}

/** For what comes too late: nobody is left who could be told of a failure. */
async function disposeQuietly(resource: Owned): Promise<void> {
  try {
    await dispose(resource)
  } catch {}
}

function dispose(resource: Owned): void | PromiseLike<void> {
  return Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()
}
