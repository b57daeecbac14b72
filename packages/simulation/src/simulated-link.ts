// One direction of a connection: messages arrive in order, after the latency, and blocks no faster than the sender's line
// lets them out and the receiver's line lets them in. What arrives together is delivered as one batch, as by a socket.

import type { Message } from '@torrential/protocol'
import type { Timeline } from './timeline.ts'

/** A line that several connections share. */
export interface Line {
  /** Bytes per second. */
  readonly rate: number
  /** When everything that was put on it so far is through. */
  freeAt: number
}

export class SimulatedLink {
  readonly #timeline: Timeline
  readonly #latency: number
  readonly #inLine: Line
  readonly #deliver: (messages: readonly Message[]) => void
  #waiting: { readonly at: number; readonly message: Message }[] = []
  #lastAt = 0
  #isClosed = false

  constructor(
    timeline: Timeline,
    parts: { latency: number; inLine: Line; deliver: (messages: readonly Message[]) => void },
  ) {
    this.#timeline = timeline
    this.#latency = parts.latency
    this.#inLine = parts.inLine
    this.#deliver = parts.deliver
  }

  send(message: Message): void {
    if (this.#isClosed) return
    let at = this.#timeline.now() + this.#latency
    if (message.type === 'piece') {
      at = Math.max(at, this.#inLine.freeAt) + (message.block.length * 1_000) / this.#inLine.rate
      this.#inLine.freeAt = at
    }
    at = Math.max(at, this.#lastAt)
    this.#lastAt = at
    this.#waiting.push({ at, message })
    this.#timeline.timer(at - this.#timeline.now(), () => this.#arrive())
  }

  close(): void {
    this.#isClosed = true
    this.#waiting = []
  }

  #arrive(): void {
    const now = this.#timeline.now()
    let due = 0
    while (due < this.#waiting.length && (this.#waiting[due] as { at: number }).at <= now) due++
    if (due > 0) this.#deliver(this.#waiting.splice(0, due).map(({ message }) => message))
  }
}
