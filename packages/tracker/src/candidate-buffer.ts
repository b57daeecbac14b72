// Candidates between an announcer, which gets them in bursts, and a reader, which takes them one by one. Bound: `capacity`
// addresses, each once; when it is full the oldest goes, since a tracker's newest answer is its best. Signal: a reader's pull
// waits until something comes; nothing ever waits for the reader.

import type { PeerCandidate } from '@torrential/contracts'
import { formatAddress } from '@torrential/primitives'

export interface ReaderOptions {
  /** Ends the loop without an error. */
  readonly signal?: AbortSignal | undefined
  /** Called at every pull. */
  readonly onPull?: () => void
}

type Result = IteratorResult<PeerCandidate, undefined>

export class CandidateBuffer {
  readonly #waiting = new Map<string, PeerCandidate>()
  readonly #readers = new Set<CandidateReader>()
  readonly #capacity: number
  #ended = false

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Candidates that wait for a reader. */
  get size(): number {
    return this.#waiting.size
  }

  push(candidate: PeerCandidate): void {
    if (this.#ended) return
    for (const reader of this.#readers) if (reader.offer(candidate)) return
    this.#waiting.set(formatAddress(candidate.address), candidate)
    if (this.#waiting.size > this.#capacity) this.take()
  }

  /** The oldest, removed. */
  take(): PeerCandidate | undefined {
    for (const [key, candidate] of this.#waiting) {
      this.#waiting.delete(key)
      return candidate
    }
    return undefined
  }

  /** An endless loop over what comes; several readers share, each candidate goes to one. */
  reader(options: ReaderOptions = {}): CandidateReader {
    const reader = new CandidateReader(this, options, (left) => this.#readers.delete(left))
    if (this.#ended) reader.end()
    else if (!reader.ended) this.#readers.add(reader)
    return reader
  }

  /** Loops end, what waits is dropped. */
  end(): void {
    this.#ended = true
    this.#waiting.clear()
    for (const reader of this.#readers) reader.end()
  }
}

/** Not a generator: `return()` has to work while a pull is waiting. */
export class CandidateReader implements AsyncIterableIterator<PeerCandidate> {
  ended = false
  readonly #buffer: CandidateBuffer
  readonly #pulls: ((result: Result) => void)[] = []
  readonly #options: ReaderOptions
  readonly #leave: (reader: CandidateReader) => void
  readonly #endListeners: (() => void)[] = []
  readonly #onAbort = () => this.end()

  constructor(buffer: CandidateBuffer, options: ReaderOptions, leave: (reader: CandidateReader) => void) {
    this.#buffer = buffer
    this.#options = options
    this.#leave = leave
    if (options.signal?.aborted === true) this.end()
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** True when a pull was waiting for it. */
  offer(candidate: PeerCandidate): boolean {
    const pull = this.#pulls.shift()
    pull?.({ done: false, value: candidate })
    return pull !== undefined
  }

  next(): Promise<Result> {
    if (this.ended) return Promise.resolve({ done: true, value: undefined })
    this.#options.onPull?.()
    const candidate = this.#buffer.take()
    if (candidate !== undefined) return Promise.resolve({ done: false, value: candidate })
    return new Promise((resolve) => this.#pulls.push(resolve))
  }

  return(): Promise<Result> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Called once, when the loop has ended, however that came about; at once when it has ended already. */
  onEnd(listener: () => void): void {
    if (this.ended) listener()
    else this.#endListeners.push(listener)
  }

  end(): void {
    if (this.ended) return
    this.ended = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    for (const pull of this.#pulls.splice(0)) pull({ done: true, value: undefined })
    this.#leave(this)
    for (const listener of this.#endListeners.splice(0)) listener()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
