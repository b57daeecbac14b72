// Joins a wire and a connection, both ways and with backpressure both ways. Chunks that the wire gives out in one turn are
// corked, so that the head of a `piece` and its block leave in one system call, and so do several blocks.

import type { ByteStream } from '@torrential/contracts'
import { type Clock, PeerError } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { toPeerError } from './connection-error.ts'
import type { Wire } from './wire.ts'

/** Bytes given to the connection in one turn before its `false` is heeded: one vectored write instead of one per block. */
const BURST_LENGTH = 131_072

export interface ConnectOptions {
  /** Milliseconds that a connection whose two directions have ended may take to flush. @default 5,000 */
  readonly linger?: number
  /** @default the system's clock */
  readonly clock?: Clock
}

/**
 * From here on the connection belongs to the wire: when one closes, the other does, and an error of the connection becomes
 * the wire's failure: `CONNECTION_RESET`, `CONNECTION_TIMEOUT`, `CONNECTION_CLOSED` (closed without an end), `CONNECTION_FAILED`.
 * No listener is left on either once both are closed.
 */
export function connectWire(wire: Wire, stream: ByteStream, options: ConnectOptions = {}): void {
  const { duplex } = stream
  const { linger = 5000, clock = systemClock } = options
  let burst = 0
  let corked = false
  let full = false
  let closed = false
  let inputEnded = false
  let outputEnded = false
  let lingering: Disposable | undefined

  const uncork = () => {
    corked = false
    burst = 0
    duplex.uncork?.()
    if (full) wire.pause()
  }
  const onWireData = (chunk: Uint8Array) => {
    if (closed) return
    if (!corked) {
      corked = true
      duplex.cork?.()
      queueMicrotask(uncork)
    }
    if (!duplex.write(chunk)) full = true
    burst += chunk.length
    if (full && burst >= BURST_LENGTH) wire.pause()
  }
  const onDuplexDrain = () => {
    full = false
    wire.resume()
  }
  const onWireEnd = () => {
    outputEnded = true
    if (!closed) duplex.end()
  }
  const onDuplexData = (chunk: Uint8Array) => {
    if (!wire.write(chunk)) duplex.pause()
  }
  const onWireDrain = () => void duplex.resume()
  const onDuplexEnd = () => {
    inputEnded = true
    wire.end()
  }
  const onDuplexError = (error: Error) => void wire.destroy(toPeerError(error))
  const onWireClose = () => {
    wire.off('data', onWireData)
    wire.off('drain', onWireDrain)
    wire.off('end', onWireEnd)
    wire.off('close', onWireClose)
    // Both directions have ended in good order: what is still in the connection may go out first.
    if (inputEnded && outputEnded) lingering = clock.timer(linger, () => void duplex.destroy())
    else duplex.destroy()
  }
  const onDuplexClose = () => {
    lingering?.[Symbol.dispose]()
    duplex.off('data', onDuplexData)
    duplex.off('drain', onDuplexDrain)
    duplex.off('end', onDuplexEnd)
    duplex.off('error', onDuplexError)
    duplex.off('close', onDuplexClose)
    closed = true
    if (!inputEnded) wire.destroy(new PeerError('CONNECTION_CLOSED', 'the connection was closed'))
    // After a clean end the reader may still be behind: it gets everything, while what we had to say goes nowhere.
    else wire.resume()
  }
  if (wire.destroying) {
    duplex.destroy()
    return
  }
  duplex.on('data', onDuplexData)
  duplex.on('drain', onDuplexDrain)
  duplex.on('end', onDuplexEnd)
  duplex.on('error', onDuplexError)
  duplex.on('close', onDuplexClose)
  wire.on('data', onWireData)
  wire.on('drain', onWireDrain)
  wire.on('end', onWireEnd)
  wire.on('close', onWireClose)
}
