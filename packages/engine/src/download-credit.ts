// The first of the backpressure loops: bytes that were requested or have arrived and are not on disk yet, against a budget.
// A slow disk therefore stops requests, and the peers stop sending. One credit may serve every engine of a session.
//
// Bytes that wait for the disk count several times beyond what keeps any disk busy: a larger heap of them would make nothing faster. What
// is asked for, or waits for the rest of its piece, needs all of the budget where peers are many.
//
// The credit never calls anybody: an engine that was refused tries again when one of its own blocks is written, or after a
// short wait. `refusals` tells engines that hold bytes without making progress that somebody is waiting for them.

import { InputError } from '@torrential/primitives'

/** What may wait for the disk before it counts for more, as a part of the budget … */
const FREE_WAITING = 1 / 8
/** … and how much more. */
const WAITING_COST = 4

export class DownloadCredit {
  #used = 0
  #waiting = 0
  #budget: number
  #refusals = 0

  /**
   * @param budget bytes, at least one block of 16 KiB; 64 MiB is the usual figure
   * @throws InputError `CREDIT_BYTES`
   */
  constructor(budget: number) {
    this.#budget = checked(budget)
  }

  /** Bytes. May be lowered below what is in use: nothing more is given until enough came back. */
  get budget(): number {
    return this.#budget
  }

  set budget(bytes: number) {
    this.#budget = checked(bytes)
  }

  /** Bytes requested or unwritten at this moment. */
  get used(): number {
    return this.#used
  }

  /** Bytes that may be taken now; below zero when nothing may be. */
  get free(): number {
    const excess = Math.max(0, this.#waiting - this.#budget * FREE_WAITING)
    return this.#budget - this.#used - excess * WAITING_COST
  }

  /** How often somebody had to go without. Only ever grows. */
  get refusals(): number {
    return this.#refusals
  }

  /** Takes `bytes` when they fit. False: try again later. */
  take(bytes: number): boolean {
    if (bytes > this.free) {
      this.#refusals++
      return false
    }
    this.#used += bytes
    return true
  }

  /** Counts somebody who did not even try. */
  refuse(): void {
    this.#refusals++
  }

  give(bytes: number): void {
    this.#used -= bytes
  }

  /** Of what is in use, so many bytes more wait for the disk; fewer when below zero. */
  wait(bytes: number): void {
    this.#waiting += bytes
  }
}

function checked(bytes: number): number {
  if (!(bytes >= 16_384)) throw new InputError('CREDIT_BYTES', `a budget of ${bytes} bytes is below one block`)
  return bytes
}
