// A handshake has a deadline, whoever speaks first. Whatever ends the wait otherwise ends the connection.

import { type Clock, PeerError, withAbort } from '@torrential/primitives'
import { type HandshakeOptions, WIRE_DEFAULTS } from './wire-options.ts'

export interface HandshakeWaitParts {
  readonly clock: Clock
  /** Rejects when the connection is over. */
  readonly over: Promise<never>
  /** Ends the connection. */
  readonly giveUp: (error?: PeerError) => void
}

/** @throws PeerError `HANDSHAKE_TIMEOUT`, and what `over` and `exchange` reject with; the signal's reason */
export async function awaitHandshake<T>(
  { clock, over, giveUp }: HandshakeWaitParts,
  { signal, timeout = WIRE_DEFAULTS.handshakeTimeout }: HandshakeOptions,
  exchange: Promise<T>,
): Promise<T> {
  const timer = clock.timer(timeout, () => {
    giveUp(new PeerError('HANDSHAKE_TIMEOUT', `no handshake within ${timeout} ms`, { timeout }))
  })
  try {
    return await withAbort(Promise.race([exchange, over]), signal)
  } catch (error) {
    giveUp()
    throw error
  } finally {
    timer[Symbol.dispose]()
  }
}
