// What one peer has asked of us and not been given. Requests are small; the blocks themselves are read only when the wire
// can take them, so the bound on memory is on blocks handed out and not sent yet.

import { BLOCK_LENGTH, type BlockRef, type PieceIndex } from '@torrential/primitives'

/** So many requests that were taken are forgotten at a time. */
const LEAST_PASSED = 64

export class UploadQueue {
  /** Bytes handed out by `take` and not settled. */
  unsentBytes = 0
  /** Somebody was told that there is something to send, and has not found the queue empty since. */
  isPulled = false
  /** From `#head` on; what lies before was taken. */
  #waiting: BlockRef[] = []
  #head = 0

  get length(): number {
    return this.#waiting.length - this.#head
  }

  /** False when the queue is at `limit`. */
  push(block: BlockRef, limit: number): boolean {
    if (this.length >= limit) return false
    this.#waiting.push(block)
    return true
  }

  /** The next block, unless `maxUnsent` bytes are on their way already. */
  take(maxUnsent: number): BlockRef | undefined {
    const next = this.#waiting[this.#head]
    if (next === undefined || (this.unsentBytes > 0 && this.unsentBytes + next.length > maxUnsent)) return undefined
    this.#pass(1)
    this.unsentBytes += next.length
    return next
  }

  /** The request that `distance` places behind the next one waits at; undefined when the queue is shorter. */
  ahead(distance: number): BlockRef | undefined {
    return this.#waiting[this.#head + distance]
  }

  /** How many of the next requests are for whole blocks that follow one another in a piece, at most `most`. */
  rowLength(most: number): number {
    const first = this.ahead(0)
    if (first === undefined || first.offset % BLOCK_LENGTH !== 0) return 0
    let count = 0
    for (let offset = first.offset; count < most; offset += BLOCK_LENGTH) {
      const next = this.ahead(count)
      if (next?.offset !== offset || next.piece !== first.piece || next.length !== BLOCK_LENGTH) break
      count++
    }
    return count
  }

  /** Takes requests of a row off the queue; nothing of them is unsent. */
  passRow(count: number): void {
    this.#pass(Math.min(count, this.length))
  }

  /** Bytes taken went out, or never will. */
  settle(bytes: number): void {
    this.unsentBytes = Math.max(0, this.unsentBytes - bytes)
  }

  /** Takes a request back. False when it is not waiting. */
  cancel(piece: PieceIndex, offset: number, length: number): boolean {
    const isAsked = (block: BlockRef) => block.piece === piece && block.offset === offset && block.length === length
    const at = this.#waiting.findIndex((block, index) => index >= this.#head && isAsked(block))
    if (at === -1) return false
    this.#waiting.splice(at, 1)
    return true
  }

  /** Drops and returns every waiting request that `keep` does not hold on to. */
  drop(keep: (block: BlockRef) => boolean): BlockRef[] {
    const waiting = this.#waiting.slice(this.#head)
    this.#waiting = waiting.filter(keep)
    this.#head = 0
    return waiting.filter((block) => !keep(block))
  }

  /** Moving what is left for each that is taken would cost as much as all the rest. */
  #pass(count: number): void {
    this.#head += count
    if (this.#head < LEAST_PASSED || this.#head * 2 < this.#waiting.length) return
    this.#waiting.splice(0, this.#head)
    this.#head = 0
  }
}
