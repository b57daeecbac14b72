// Waiting for the peer's handshake, for as long as it may take. Whatever ends the wait otherwise ends the connection.

import { type Clock, PeerError, withAbort } from '@torrential/primitives'
import type { Handshake } from '@torrential/protocol'
import type { Inbox } from './inbox.ts'
import { type HandshakeOptions, WIRE_DEFAULTS } from './wire-options.ts'

export interface HandshakeWaitParts {
  readonly inbox: Inbox
  readonly clock: Clock
  /** Ends the connection. */
  readonly giveUp: (error?: PeerError) => void
}

/** @throws PeerError `HANDSHAKE_TIMEOUT`, and what `Inbox.handshake` rejects with; the signal's reason */
export async function awaitHandshake(parts: HandshakeWaitParts, options: HandshakeOptions): Promise<Handshake> {
  const { inbox, clock, giveUp } = parts
  const { signal, timeout = WIRE_DEFAULTS.handshakeTimeout } = options
  const timer = clock.timer(timeout, () => {
    giveUp(new PeerError('HANDSHAKE_TIMEOUT', `no handshake within ${timeout} ms`, { timeout }))
  })
  try {
    return await withAbort(inbox.handshake(), signal)
  } catch (error) {
    giveUp()
    throw error
  } finally {
    timer[Symbol.dispose]()
  }
}
