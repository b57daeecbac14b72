// One direction of a connection that exists in memory only: bytes go in at one end and, after as long as the two links need,
// come out at the other, in order.
//
// Bounded like a socket: at most `window` bytes are under way or unread; the writer's callback is withheld until there is room.
// Bytes are copied once, on entry: whoever reads may change what it got (decrypt in place), the writer's array stays its own.

import type { Clock } from '@torrential/primitives'

/** A host's line in one direction. All its connections share it. */
export class MemoryLink {
  /** Bytes per second; Infinity is no limit. May be changed at any time. */
  bandwidth: number
  #freeAt = 0

  constructor(bandwidth: number) {
    this.bandwidth = bandwidth
  }

  /** Occupies the line for `bytes` from `from` (or from when it is free) on; the answer is when they are through. */
  occupy(bytes: number, from: number): number {
    this.#freeAt = Math.max(this.#freeAt, from) + (bytes / this.bandwidth) * 1000
    return this.#freeAt
  }
}

/** What the receiving end of a channel does with what arrives. */
export interface ChannelReceiver {
  /** False: no more until `MemoryChannel.pull`. */
  deliver(bytes: Uint8Array): boolean
  /** The sender has ended, and everything before it was delivered. */
  ended(): void
}

export interface MemoryChannelOptions {
  readonly clock: Clock
  /** The sender's line and the receiver's. */
  readonly up: MemoryLink
  readonly down: MemoryLink
  /** Milliseconds under way, besides the time that the lines need. */
  readonly latency: number
  /** Bytes under way or unread. */
  readonly window: number
}

interface Parcel {
  /** Absent: the end. */
  readonly bytes?: Uint8Array
  readonly at: number
}

export class MemoryChannel {
  readonly #options: MemoryChannelOptions
  readonly #parcels: Parcel[] = []
  #receiver: ChannelReceiver | undefined
  #underWay = 0
  #wanting = false
  #finished = false
  #discarding = false
  #accepted: (() => void) | undefined
  #timer: Disposable | undefined

  constructor(options: MemoryChannelOptions) {
    this.#options = options
  }

  /** Connects the receiving end; nothing is delivered before it pulls. */
  attach(receiver: ChannelReceiver): void {
    this.#receiver = receiver
  }

  /** Sends `chunks`; `accepted` is called when there is room for more. One send at a time. */
  send(chunks: readonly Uint8Array[], accepted: () => void): void {
    if (this.#discarding || this.#finished) {
      accepted()
      return
    }
    for (const chunk of chunks) {
      this.#underWay += chunk.length
      this.#parcels.push({ bytes: Uint8Array.prototype.slice.call(chunk), at: this.#arrival(chunk.length) })
    }
    this.#accepted = accepted
    this.#move()
  }

  /** The sender ends: the receiver learns of it behind everything that was sent. Idempotent. */
  finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#accept()
    if (this.#discarding) return
    this.#parcels.push({ at: this.#arrival(0) })
    this.#move()
  }

  /** The receiver has room. */
  pull(): void {
    this.#wanting = true
    this.#move()
  }

  /** The receiver is gone: what is under way and what will be sent is lost, and the sender is not held up. */
  discard(): void {
    this.#discarding = true
    this.#parcels.length = 0
    this.#underWay = 0
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#accept()
  }

  #arrival(bytes: number): number {
    const { clock, up, down, latency } = this.#options
    return down.occupy(bytes, up.occupy(bytes, clock.now()) + latency)
  }

  #move(): void {
    const { clock, window } = this.#options
    while (this.#wanting && this.#parcels.length > 0) {
      const parcel = this.#parcels[0] as Parcel
      const wait = parcel.at - clock.now()
      if (wait > 0) {
        this.#timer ??= clock.timer(wait, () => {
          this.#timer = undefined
          this.#move()
        })
        break
      }
      this.#parcels.shift()
      if (parcel.bytes === undefined) {
        this.#receiver?.ended()
      } else {
        this.#underWay -= parcel.bytes.length
        this.#wanting = this.#receiver?.deliver(parcel.bytes) ?? false
      }
    }
    if (this.#underWay < window) this.#accept()
  }

  #accept(): void {
    const accepted = this.#accepted
    this.#accepted = undefined
    accepted?.()
  }
}
