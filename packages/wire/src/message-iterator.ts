// What `receive()` returns. An object and not an async generator, because leaving a generator has to wait for a `next` that is
// pending, and on a silent connection that is for ever.

import { PeerError } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { Inbox } from './inbox.ts'

type Result = IteratorResult<readonly Message[], undefined>

/** Batches out of the inbox until it ends; a failure is thrown once. Leaving it leaves the inbox as it is. */
export class MessageIterator implements AsyncIterableIterator<readonly Message[]> {
  readonly #inbox: Inbox
  #done = false

  constructor(inbox: Inbox) {
    this.#inbox = inbox
  }

  async next(): Promise<Result> {
    if (this.#done) return { value: undefined, done: true }
    try {
      const value = await this.#inbox.next()
      if (value !== undefined) return { value, done: false }
    } catch (error) {
      this.#done = error instanceof PeerError
      throw error
    }
    this.#done = true
    return { value: undefined, done: true }
  }

  async return(): Promise<Result> {
    this.#done = true
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
