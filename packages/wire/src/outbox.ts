// Messages to chunks. Small messages of one burst are written one behind the other into a slab and leave as one view of it; a
// large payload (the block of a `piece`) leaves as the view that it is, right behind its head. A slab is never written twice,
// because the socket may still be reading from it; the rest of it serves the next burst.

import { encodeHead, headLength, type Message, tailOf } from '@torrential/protocol'

/** Some 480 requests or 630 heads of blocks. */
const SLAB_LENGTH = 8192
/** A payload up to this length is cheaper to copy than to send as a chunk of its own. */
const COPIED_LENGTH = 512
const NO_SLAB = new Uint8Array(0)

export class Outbox {
  readonly #push: (chunk: Uint8Array) => void
  #slab: Uint8Array = NO_SLAB
  /** `slab[start, end)` is written and not yet pushed. */
  #start = 0
  #end = 0
  #isFlushing = false

  /** `push` takes the chunks in order; none is empty, and they must not be written to. */
  constructor(push: (chunk: Uint8Array) => void) {
    this.#push = push
  }

  /** Bytes that wait for the end of this turn's messages, at most one slab. */
  get pending(): number {
    return this.#end - this.#start
  }

  /**
   * Encodes a message. A large payload is pushed at once, everything else together with what else is added in this turn.
   * @throws InputError `MESSAGE_FIELD` when a field does not fit; nothing was written then
   */
  add(message: Message): void {
    const tail = tailOf(message)
    const copied = tail !== undefined && tail.length <= COPIED_LENGTH ? tail.length : 0
    if (this.#slab.length - this.#end < headLength(message) + copied) this.#renew()
    const end = this.#end + encodeHead(message, this.#slab, this.#end)
    this.#end = end
    this.#flushSoon()
    if (tail === undefined || tail.length === 0) return
    if (copied > 0) {
      this.#slab.set(tail, end)
      this.#end = end + copied
      return
    }
    this.flush()
    this.#push(tail)
  }

  /** Messages that are encoded already: a few bytes wait as others do, more are pushed at once as the view that they are. */
  addEncoded(bytes: Uint8Array): void {
    if (bytes.length <= COPIED_LENGTH) {
      if (this.#slab.length - this.#end < bytes.length) this.#renew()
      this.#slab.set(bytes, this.#end)
      this.#end += bytes.length
      this.#flushSoon()
      return
    }
    this.flush()
    this.#push(bytes)
  }

  /** Pushes what waits now. */
  flush(): void {
    if (this.#start === this.#end) return
    const chunk = this.#slab.subarray(this.#start, this.#end)
    this.#start = this.#end
    this.#push(chunk)
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    queueMicrotask(this.#endOfTurn)
  }

  readonly #endOfTurn = (): void => {
    this.#isFlushing = false
    this.flush()
  }

  #renew(): void {
    this.flush()
    this.#slab = Buffer.allocUnsafeSlow(SLAB_LENGTH)
    this.#start = 0
    this.#end = 0
  }
}
