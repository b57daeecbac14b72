// The one place that knows streamx. It gives the rest of the package a Duplex whose chunks are bytes: the types that streamx
// ships say `unknown` everywhere, and a water mark for each direction needs its inner state.
//
// Traps of streamx that this package steers around: the default water mark is 16 KiB; an empty chunk is lost at the end of the
// stream, so none is ever written or pushed; `destroy` waits for pending callbacks, so `_predestroy` must finish them; an
// error without a listener ends the process; a signal given to the constructor keeps its listener for ever.

import type { ByteDuplex } from '@torrential/contracts'
import { Duplex, getStreamError } from 'streamx'

/** Finishes a read, a write or a destroy. */
export type StreamCallback = (error: Error | null) => void

/** A streamx Duplex of bytes, as far as this package uses one. */
export interface DuplexOfBytes extends ByteDuplex {
  _read(done: StreamCallback): void
  _write(chunk: Uint8Array, done: StreamCallback): void
  _final(done: StreamCallback): void
  _predestroy(): void
  _destroy(done: StreamCallback): void
  push(chunk: Uint8Array | null): boolean
  read(): Uint8Array | null
  on: ByteDuplex['on'] & ((event: 'readable', listener: () => void) => unknown)
  off: ByteDuplex['off'] & ((event: 'readable', listener: () => void) => unknown)
  cork(): void
  uncork(): void
  /** True at once when `destroy` was called, or when both directions have ended. */
  readonly destroying: boolean
  /** True once `close` was emitted. */
  readonly destroyed: boolean
}

/** The class to extend. */
export const DuplexOfBytes = Duplex as unknown as new (options?: { readonly highWaterMark?: number }) => DuplexOfBytes

interface InnerState {
  readonly _readableState: { buffered: number; highWaterMark: number }
  readonly _writableState: { buffered: number; highWaterMark: number }
}

/** Bytes at which `_read` stops being called, and at which `write` starts to answer false. Call in the constructor. */
export function setWaterMarks(
  stream: DuplexOfBytes,
  marks: { readonly readable: number; readonly writable: number },
): void {
  const state = stream as unknown as InnerState
  state._readableState.highWaterMark = marks.readable
  state._writableState.highWaterMark = marks.writable
}

/** Bytes pushed and not yet read by whoever consumes the stream. */
export function bufferedReadable(stream: DuplexOfBytes): number {
  return (stream as unknown as InnerState)._readableState.buffered
}

/** The error that the stream was destroyed with, if any. */
export function streamError(stream: DuplexOfBytes): Error | undefined {
  return getStreamError(stream as unknown as Duplex) ?? undefined
}
