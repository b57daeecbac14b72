// What one peer has asked of us and not been given. Requests are small; the blocks themselves are read only when the wire
// can take them, so the bound on memory is on blocks handed out and not sent yet.

import type { BlockRef, PieceIndex } from '@torrential/primitives'

export class UploadQueue {
  /** Bytes handed out by `take` and not settled. */
  unsentBytes = 0
  /** Somebody was told that there is something to send, and has not found the queue empty since. */
  isPulled = false
  #waiting: BlockRef[] = []

  get length(): number {
    return this.#waiting.length
  }

  /** False when the queue is at `limit`. */
  push(block: BlockRef, limit: number): boolean {
    if (this.#waiting.length >= limit) return false
    this.#waiting.push(block)
    return true
  }

  /** The next block, unless `maxUnsent` bytes are on their way already. */
  take(maxUnsent: number): BlockRef | undefined {
    const next = this.#waiting[0]
    if (next === undefined || (this.unsentBytes > 0 && this.unsentBytes + next.length > maxUnsent)) return undefined
    this.#waiting.shift()
    this.unsentBytes += next.length
    return next
  }

  /** The request that `distance` places behind the next one waits at; undefined when the queue is shorter. */
  ahead(distance: number): BlockRef | undefined {
    return this.#waiting[distance]
  }

  /** Bytes taken went out, or never will. */
  settle(bytes: number): void {
    this.unsentBytes = Math.max(0, this.unsentBytes - bytes)
  }

  /** Takes a request back. False when it is not waiting. */
  cancel(piece: PieceIndex, offset: number, length: number): boolean {
    const at = this.#waiting.findIndex(
      (block) => block.piece === piece && block.offset === offset && block.length === length,
    )
    if (at === -1) return false
    this.#waiting.splice(at, 1)
    return true
  }

  /** Drops and returns every waiting request that `keep` does not hold on to. */
  drop(keep: (block: BlockRef) => boolean): BlockRef[] {
    const dropped = this.#waiting.filter((block) => !keep(block))
    this.#waiting = this.#waiting.filter(keep)
    return dropped
  }
}
