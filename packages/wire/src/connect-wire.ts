// Joins a wire and a connection, both ways and with backpressure both ways. Chunks that the wire gives out in one turn are
// corked, so that the head of a `piece` and its block leave in one system call, and so do several blocks.

import type { ByteDuplex, ByteStream } from '@torrential/contracts'
import { type Clock, PeerError } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { toPeerError } from './connection-error.ts'
import type { Wire } from './wire.ts'

/** Bytes given to the connection in one turn before its `false` is heeded: one vectored write instead of one per block. */
const BURST_LENGTH = 131_072

/** More than a burst and what a socket buffers. */
const MOST_LEAVING = 256

export interface ConnectOptions {
  /** Milliseconds that a connection whose two directions have ended may take to flush. @default 5,000 */
  readonly linger?: number
  /**
   * Told which chunks have left for good: nobody looks at them any more. Only where the stream says when that is
   * (`forgetsOnDrain`), and not of every chunk: to reuse their memory.
   */
  readonly left?: (chunks: readonly Uint8Array[]) => void
  /** @default the system's clock */
  readonly clock?: Clock
}

/**
 * From here on the connection belongs to the wire: when one closes, the other does, and an error of the connection becomes
 * the wire's failure: `CONNECTION_RESET`, `CONNECTION_TIMEOUT`, `CONNECTION_CLOSED` (closed without an end), `CONNECTION_FAILED`.
 * No listener is left on either once both are closed.
 */
export function connectWire(wire: Wire, stream: ByteStream, options: ConnectOptions = {}): void {
  if (wire.destroying) stream.duplex.destroy()
  else new Junction(wire, stream, options).join()
}

class Junction {
  readonly #wire: Wire
  readonly #duplex: ByteDuplex
  readonly #linger: number
  readonly #clock: Clock
  /** Bytes given to the connection since it was corked. */
  #burst = 0
  #corked = false
  /** The connection answered false and has not drained since. */
  #full = false
  #inputEnded = false
  #outputEnded = false
  #closed = false
  #lingering: Disposable | undefined
  readonly #left: ((chunks: readonly Uint8Array[]) => void) | undefined
  /** Given to the connection since it drained. */
  #leaving: Uint8Array[] = []

  constructor(wire: Wire, stream: ByteStream, { linger = 5000, clock = systemClock, left }: ConnectOptions) {
    this.#wire = wire
    this.#duplex = stream.duplex
    this.#left = stream.forgetsOnDrain === true ? left : undefined
    this.#linger = linger
    this.#clock = clock
  }

  join(): void {
    this.#duplex.on('data', this.#onDuplexData)
    this.#duplex.on('drain', this.#onDuplexDrain)
    this.#duplex.on('end', this.#onDuplexEnd)
    this.#duplex.on('error', this.#onDuplexError)
    this.#duplex.on('close', this.#onDuplexClose)
    this.#wire.on('data', this.#onWireData)
    this.#wire.on('drain', this.#onWireDrain)
    this.#wire.on('end', this.#onWireEnd)
    this.#wire.on('close', this.#onWireClose)
  }

  // From the wire to the connection.

  readonly #onWireData = (chunk: Uint8Array): void => {
    // A ByteStream is not half-open: once the peer has ended, it takes nothing more.
    if (this.#inputEnded || this.#closed) return
    if (!this.#corked) {
      this.#corked = true
      this.#duplex.cork?.()
      queueMicrotask(this.#uncork)
    }
    if (!this.#duplex.write(chunk)) this.#full = true
    this.#burst += chunk.length
    if (this.#left !== undefined) this.#note(chunk)
    if (this.#full && this.#burst >= BURST_LENGTH) this.#wire.pause()
  }

  readonly #uncork = (): void => {
    this.#corked = false
    this.#burst = 0
    this.#duplex.uncork?.()
    if (this.#full && !this.#inputEnded && !this.#closed) this.#wire.pause()
  }

  /** A connection that never fills up never drains: what is noted then is forgotten. */
  #note(chunk: Uint8Array): void {
    if (this.#leaving.length === MOST_LEAVING) this.#leaving = []
    this.#leaving.push(chunk)
  }

  readonly #onDuplexDrain = (): void => {
    this.#full = false
    if (this.#leaving.length > 0) {
      this.#left?.(this.#leaving)
      this.#leaving = []
    }
    this.#wire.resume()
  }

  readonly #onWireEnd = (): void => {
    this.#outputEnded = true
    if (!this.#closed) this.#duplex.end()
  }

  // From the connection to the wire.

  readonly #onDuplexData = (chunk: Uint8Array): void => {
    if (!this.#wire.write(chunk)) this.#duplex.pause()
  }

  readonly #onWireDrain = (): void => {
    this.#duplex.resume()
  }

  readonly #onDuplexEnd = (): void => {
    this.#inputEnded = true
    this.#wire.end()
    // The reader may be behind and goes on; what it still wants to say goes nowhere.
    this.#wire.resume()
  }

  // Closing.

  readonly #onDuplexError = (error: Error): void => {
    // After a clean end everything has been received: the reader may have it.
    if (!this.#inputEnded) this.#wire.destroy(toPeerError(error))
  }

  readonly #onDuplexClose = (): void => {
    this.#closed = true
    this.#lingering?.[Symbol.dispose]()
    this.#duplex.off('data', this.#onDuplexData)
    this.#duplex.off('drain', this.#onDuplexDrain)
    this.#duplex.off('end', this.#onDuplexEnd)
    this.#duplex.off('error', this.#onDuplexError)
    this.#duplex.off('close', this.#onDuplexClose)
    if (!this.#inputEnded) this.#wire.destroy(new PeerError('CONNECTION_CLOSED', 'the connection was closed'))
  }

  readonly #onWireClose = (): void => {
    this.#wire.off('data', this.#onWireData)
    this.#wire.off('drain', this.#onWireDrain)
    this.#wire.off('end', this.#onWireEnd)
    this.#wire.off('close', this.#onWireClose)
    if (this.#closed) return
    // Both directions have ended in good order: what is still in the connection may go out first.
    if (this.#inputEnded && this.#outputEnded) {
      this.#lingering = this.#clock.timer(this.#linger, () => void this.#duplex.destroy())
    } else {
      this.#duplex.destroy()
    }
  }
}
