// TCP, IPv4 and IPv6 (BEP 3, 7). The transport owns every socket it made or accepted, so that disposing it leaves nothing
// behind, and knows nothing of what travels over them.
//
// `::` accepts IPv4 as well where the system allows it; such a peer's address is the IPv4 one, never ::ffff:a.b.c.d.

import type { Socket } from 'node:net'
import type { ByteStream, DialOptions, Listener, ListenOptions, Transport } from '@torrential/contracts'
import type { Clock, PeerAddress } from '@torrential/primitives'
import { InputError, PeerError, SlabPool } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { ReadSlabs } from './read-slabs.ts'
import { dialTcp } from './tcp-dial.ts'
import { listenTcp } from './tcp-listener.ts'

export interface TcpTransportOptions {
  /** Times the dials. @default the system's clock */
  readonly clock?: Clock
  /**
   * Bytes that a socket buffers in each direction: `write` answers false above it, and reading stops while as much waits
   * unread. @default 131,072 – eight blocks, enough for one gathered write to keep a fast link busy
   */
  readonly highWaterMark?: number
  /**
   * What is read lies in `SharedArrayBuffer`s, so that other threads can look at it without a copy. Some functions of Node.js take no
   * such bytes, WebCrypto's for one. @default false
   */
  readonly sharedMemory?: boolean
}

const defaultHighWaterMark = 131_072

/** Dials and listens over TCP. Disposing closes every listener and every connection it made or accepted. */
export class TcpTransport implements Transport {
  readonly name = 'tcp'
  readonly #clock: Clock
  readonly #highWaterMark: number
  readonly #slabs: ReadSlabs
  readonly #sockets = new Set<Socket>()
  readonly #listeners = new Set<Listener>()
  #closing: Promise<void> | undefined

  /** @throws InputError `TRANSPORT_OPTIONS` unless `highWaterMark` is a positive integer */
  constructor(options: TcpTransportOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#highWaterMark = options.highWaterMark ?? defaultHighWaterMark
    this.#slabs = new ReadSlabs(new SlabPool({ shared: options.sharedMemory === true }))
    if (!Number.isInteger(this.#highWaterMark) || this.#highWaterMark < 1) {
      throw new InputError('TRANSPORT_OPTIONS', `a highWaterMark of ${this.#highWaterMark} is not a positive integer`)
    }
  }

  /** Connections that are open or being opened. */
  get connections(): number {
    return this.#sockets.size
  }

  /**
   * @throws PeerError `DIAL_REFUSED`, `DIAL_TIMEOUT`, `DIAL_UNREACHABLE`, `DIAL_FAILED`, `TRANSPORT_CLOSED`
   * @throws InputError `ADDRESS_HOST`, `ADDRESS_PORT`, `DIAL_OPTIONS`; the signal's reason when aborted
   */
  async dial(address: PeerAddress, options: DialOptions = {}): Promise<ByteStream> {
    if (this.#closing !== undefined) throw new PeerError('TRANSPORT_CLOSED', 'this transport is closed', { address })
    return dialTcp(address, options, {
      clock: this.#clock,
      highWaterMark: this.#highWaterMark,
      slabs: this.#slabs,
      own: this.#own,
    })
  }

  /**
   * Port 0 takes any free port. The signal stops the listener too, not only the call.
   * @throws InputError `LISTEN_IN_USE`, `LISTEN_DENIED`, `LISTEN_FAILED`, `LISTEN_OPTIONS`, `TRANSPORT_CLOSED`,
   * `ADDRESS_HOST`, `ADDRESS_PORT`; the signal's reason when aborted
   */
  async listen(address: PeerAddress, options: ListenOptions = {}): Promise<Listener> {
    this.#checkOpen(address)
    const listener = await listenTcp(address, options, {
      highWaterMark: this.#highWaterMark,
      own: this.#own,
      released: (closed) => this.#listeners.delete(closed),
    })
    this.#listeners.add(listener)
    if (this.#closing !== undefined) {
      await listener[Symbol.asyncDispose]()
      this.#checkOpen(address)
    }
    return listener
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const listeners = [...this.#listeners].map((listener) => listener[Symbol.asyncDispose]())
    const sockets = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([...listeners, ...sockets])
  }

  #checkOpen(address: PeerAddress): void {
    if (this.#closing !== undefined) throw new InputError('TRANSPORT_CLOSED', 'this transport is closed', { address })
  }

  readonly #own = (socket: Socket): void => {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // Accepted or begun in the same turn in which the transport was closed.
    if (this.#closing !== undefined) socket.destroy()
  }
}
