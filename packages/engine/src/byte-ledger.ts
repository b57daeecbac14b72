// One engine's account with the download credit: what it has asked for, and what has arrived and is not on disk. Every byte
// that is taken is given back exactly once, also when the engine goes away.

import { BLOCK_LENGTH } from '@torrential/primitives'
import type { DownloadCredit } from './download-credit.ts'

/** Requests that are worth a write of their own, bytes: 16 blocks … */
const BUNCH = 16 * BLOCK_LENGTH
/** … or this part of a small credit. */
const BUNCH_SHARE = 64

export class ByteLedger {
  readonly credit: DownloadCredit
  /** Requests that count, bytes. */
  requested = 0
  /** In memory, bytes. */
  unwritten = 0
  /** A request was refused since the last `settle`; the engine has to try again. */
  isStarved = false
  #isClosed = false

  constructor(credit: DownloadCredit) {
    this.credit = credit
  }

  /** A request is about to be sent. False: there is no credit for it now. */
  ask(bytes: number): boolean {
    if (this.#isClosed || !this.credit.take(bytes)) {
      this.isStarved = true
      return false
    }
    this.requested += bytes
    return true
  }

  /**
   * True when the credit cannot pay for a bunch of requests (for one, while nothing of ours is on its way that would make it more);
   * whoever asks is put down as starved.
   */
  get isFull(): boolean {
    const { free, budget } = this.credit
    const isComing = this.requested + this.unwritten > 0
    const least = isComing ? Math.max(BLOCK_LENGTH, Math.min(BUNCH, budget / BUNCH_SHARE)) : BLOCK_LENGTH
    if (least <= free) return false
    this.isStarved = true
    this.credit.refuse()
    return true
  }

  /** A request will not be answered. */
  unask(bytes: number): void {
    if (this.#isClosed) return
    this.requested -= bytes
    this.credit.give(bytes)
  }

  /** What was asked for is here. */
  arrive(bytes: number): void {
    if (this.#isClosed) return
    this.requested -= bytes
    this.unwritten += bytes
  }

  /** Something is here that nobody counted on any more. False: there is no room to keep it. */
  arriveUnasked(bytes: number): boolean {
    if (this.#isClosed || !this.credit.take(bytes)) return false
    this.unwritten += bytes
    return true
  }

  /** Bytes are written or thrown away. */
  settle(bytes: number): void {
    if (this.#isClosed) return
    this.unwritten -= bytes
    this.credit.give(bytes)
  }

  /** Gives everything back; nothing is taken or given any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.credit.give(this.requested + this.unwritten)
    this.requested = 0
    this.unwritten = 0
  }
}
