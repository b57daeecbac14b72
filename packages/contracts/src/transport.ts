// How connections are made. An implementation owns what it made: disposing it leaves no port, socket or timer behind.
// Failures to dial are the peer's (PeerError, try another); failures to listen are the caller's (InputError, choose another
// port). `contracts/compliance` holds the suite that every implementation passes.

import type { AbortOptions, PeerAddress } from '@torrential/primitives'
import type { ByteStream } from './byte-stream.ts'

export interface DialOptions extends AbortOptions {
  /** Milliseconds until the attempt is given up. @default 10,000 */
  readonly timeout?: number
  /** Local IP address to dial from, of the same family as the peer's. */
  readonly localHost?: string
}

/** The signal stops the listener as well, not only the call: its loop then ends without an error. */
export interface ListenOptions extends AbortOptions {
  /** Connections accepted but not yet pulled; more are destroyed. @default 256 */
  readonly backlog?: number
}

/** A connection that somebody else opened. */
export interface Inbound {
  readonly stream: ByteStream
}

/**
 * Pull connections from it with `for await`; disposing it (or leaving the loop) stops listening and destroys what nobody has
 * pulled. Connections that were pulled stay open.
 */
export interface Listener extends AsyncIterable<Inbound>, AsyncDisposable {
  /** The address in fact bound: port 0 has become a real one. */
  readonly address: PeerAddress
}

/** A way to reach peers. Disposing it closes every listener and every connection that it made. */
export interface Transport extends AsyncDisposable {
  /** e.g. `tcp` */
  readonly name: string
  /**
   * @throws PeerError `DIAL_REFUSED`, `DIAL_TIMEOUT`, `DIAL_UNREACHABLE`, `DIAL_FAILED` (the system error is the cause);
   * `TRANSPORT_CLOSED`; the signal's reason when aborted
   * @throws InputError for an address or option that is not possible
   */
  dial(address: PeerAddress, options?: DialOptions): Promise<ByteStream>
  /** @throws InputError `LISTEN_IN_USE`, `LISTEN_DENIED`, `LISTEN_FAILED`, `TRANSPORT_CLOSED`; the signal's reason when aborted */
  listen(address: PeerAddress, options?: ListenOptions): Promise<Listener>
}
