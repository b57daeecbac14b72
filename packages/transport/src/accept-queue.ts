// Connections between the moment they were accepted and the moment somebody pulls them. Bounded: when `limit` wait already,
// the newest is destroyed, because a program that does not accept is not helped by a longer queue. A connection that dies
// while it waits leaves the queue, so that nobody is handed a dead one.

import type { ByteStream, Inbound } from '@torrential/contracts'

type Result = IteratorResult<Inbound, undefined>

/** Takes streams on one side (`push`), gives them out in order on the other (`next`). One or many readers. */
export class AcceptQueue {
  readonly #limit: number
  readonly #streams = new Set<ByteStream>()
  readonly #readers: ((result: Result) => void)[] = []
  #closed = false

  /** At most `limit` streams wait. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes over `stream`: it is given to a reader, kept for one, or destroyed when the queue is full or closed. */
  push(stream: ByteStream): void {
    if (this.#closed || (this.#readers.length === 0 && this.#streams.size >= this.#limit)) {
      stream.duplex.destroy()
      return
    }
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader({ done: false, value: { stream } })
      return
    }
    this.#streams.add(stream)
    stream.duplex.on('close', () => this.#streams.delete(stream))
  }

  next(): Promise<Result> {
    for (const stream of this.#streams) {
      this.#streams.delete(stream)
      return Promise.resolve({ done: false, value: { stream } })
    }
    if (this.#closed) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  /** Ends every reader's loop and destroys what nobody pulled. Idempotent. */
  close(): void {
    this.#closed = true
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined })
    for (const stream of this.#streams) stream.duplex.destroy()
    this.#streams.clear()
  }
}
