// What a connection is to everything above it: a duplex of bytes, and who is at the other end.

import type { PeerAddress } from '@torrential/primitives'

/**
 * The part of a duplex stream of bytes that `node:stream` and streamx have in common. Chunks read are `Uint8Array`s (a
 * `Buffer` is one) that the reader owns: the stream never writes into a chunk again, unless the reader gave it back (`giveBack`).
 */
export interface ByteDuplex extends AsyncIterable<Uint8Array> {
  /** False when more than the high-water mark is waiting: wait for `drain`. Never write an empty array. */
  write(chunk: Uint8Array): boolean
  end(): unknown
  destroy(error?: Error): unknown
  pause(): unknown
  resume(): unknown
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'drain' | 'end' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  off(event: 'drain' | 'end' | 'close', listener: () => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  /** Several writes between `cork` and `uncork` go out as one. Where a stream has none, each goes out alone. */
  cork?(): void
  uncork?(): void
}

/**
 * A connection, open when you get it. Disposing closes it and resolves once everything is released (`duplex` emits `close`).
 * Not half-open: when the other end has ended, this one ends too after what was written has gone out.
 * An `error` on `duplex` is the system's own (`ECONNRESET`, `EPIPE`, …) and is harmless when nobody listens: `close` follows.
 */
export interface ByteStream extends AsyncDisposable {
  readonly duplex: ByteDuplex
  readonly remote: PeerAddress
  readonly local: PeerAddress
  /** True: once `drain` fires, nothing that was written is looked at any more. @default false */
  readonly forgetsOnDrain?: boolean
  /** How it travels, e.g. `tcp`, `memory`, `utp`. */
  readonly via: string
}
