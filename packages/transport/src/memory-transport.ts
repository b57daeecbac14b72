// One host of a MemoryNetwork: dials and listens as TcpTransport does, without a socket.

import type { ByteStream, DialOptions, Listener, ListenOptions, Transport } from '@torrential/contracts'
import type { Clock, PeerAddress } from '@torrential/primitives'
import { formatAddress, InputError, PeerError, peerAddress, throwIfAborted } from '@torrential/primitives'
import { MemoryChannel, MemoryLink } from './memory-channel.ts'
import { MemoryStream } from './memory-stream.ts'
import { checkBacklog, QueueListener } from './queue-listener.ts'
import { checkTimeout } from './tcp-dial.ts'

const firstEphemeral = 49_152
const portCount = 16_384
const wildcards = { 4: '0.0.0.0', 6: '::' } as const
const loopbacks: ReadonlySet<string> = new Set(['127.0.0.1', '::1'])

/** How a host is connected to the network. */
export interface MemoryHostOptions {
  /** Milliseconds from this host to the network; a way between two hosts takes the sum of both. @default 0 */
  readonly latency?: number
  /** Bytes per second that all connections of the host send together. @default Infinity */
  readonly upload?: number
  /** Bytes per second that all connections of the host receive together. @default Infinity */
  readonly download?: number
}

/** The network as a host sees it. */
export interface MemoryRoutes {
  readonly clock: Clock
  /** Bytes under way or unread in one direction of a connection. */
  readonly window: number
  route(from: MemoryTransport, address: PeerAddress): MemoryTransport | 'unreachable' | 'silent'
  leave(transport: MemoryTransport): void
}

/** Made by `MemoryNetwork.transport`. Loopback addresses are the host itself. */
export class MemoryTransport implements Transport {
  readonly name = 'memory'
  /** The host's address on its network. */
  readonly host: string
  /** The host's lines: their bandwidth may be changed while connections are open. */
  readonly up: MemoryLink
  readonly down: MemoryLink
  /** Milliseconds between this host and the network. */
  readonly latency: number
  readonly #network: MemoryRoutes
  readonly #listeners = new Map<string, QueueListener>()
  readonly #streams = new Set<MemoryStream>()
  readonly #dials = new Set<(error: Error) => void>()
  #ephemeral = 0
  #closing: Promise<void> | undefined

  /** @internal Use `MemoryNetwork.transport`. @throws InputError `MEMORY_LINK` */
  constructor(network: MemoryRoutes, host: string, link: Required<MemoryHostOptions>) {
    if (!(link.latency >= 0 && link.upload > 0 && link.download > 0)) {
      throw new InputError('MEMORY_LINK', 'a latency is not negative and a bandwidth is above 0')
    }
    this.#network = network
    this.host = host
    this.latency = link.latency
    this.up = new MemoryLink(link.upload)
    this.down = new MemoryLink(link.download)
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#streams.size
  }

  /** True for the addresses of this host: its own and loopback. */
  isLocal(host: string): boolean {
    return host === this.host || loopbacks.has(host)
  }

  /**
   * @throws PeerError `DIAL_REFUSED`, `DIAL_TIMEOUT`, `DIAL_UNREACHABLE`, `TRANSPORT_CLOSED`
   * @throws InputError `ADDRESS_HOST`, `ADDRESS_PORT`, `DIAL_OPTIONS`; the signal's reason when aborted
   */
  async dial(address: PeerAddress, options: DialOptions = {}): Promise<ByteStream> {
    if (this.#closing !== undefined) throw closedDial(address)
    throwIfAborted(options)
    const timeout = checkTimeout(options)
    const to = peerAddress(address.host, address.port)
    const localHost = options.localHost === undefined ? undefined : peerAddress(options.localHost, 0).host
    if (localHost !== undefined && !this.isLocal(localHost)) {
      throw new PeerError('DIAL_UNREACHABLE', `${localHost} is not an address of this host`, { address })
    }
    const target = this.#network.route(this, to)
    const wait = target instanceof MemoryTransport ? 2 * (this.latency + target.latency) : 0
    const answered = target !== 'silent' && wait <= timeout
    await this.#answer(to, answered ? wait : timeout, answered, options.signal)
    if (target === 'unreachable') throw new PeerError('DIAL_UNREACHABLE', `no way to ${to.host}`, { address: to })
    return this.#connect(to, localHost, target as MemoryTransport)
  }

  /**
   * Port 0 takes any free port. The signal stops the listener too, not only the call.
   * @throws InputError `LISTEN_IN_USE`, `LISTEN_FAILED`, `LISTEN_OPTIONS`, `TRANSPORT_CLOSED`, `ADDRESS_HOST`,
   * `ADDRESS_PORT`; the signal's reason when aborted
   */
  async listen(address: PeerAddress, options: ListenOptions = {}): Promise<Listener> {
    if (this.#closing !== undefined) throw new InputError('TRANSPORT_CLOSED', 'this transport is closed', { address })
    throwIfAborted(options)
    checkBacklog(options)
    const { host, port } = peerAddress(address.host, address.port)
    if (!this.isLocal(host) && host !== wildcards[4] && host !== wildcards[6]) {
      throw new InputError('LISTEN_FAILED', `${host} is not an address of this host`, { address })
    }
    const bound = peerAddress(host, port === 0 ? this.#freePort(host) : port)
    const key = formatAddress(bound)
    if (this.#listeners.has(key)) throw new InputError('LISTEN_IN_USE', `somebody listens on ${key}`, { address })
    const listener = new QueueListener(bound, options, () => void this.#listeners.delete(key))
    this.#listeners.set(key, listener)
    return listener
  }

  /** Resets every open connection. */
  reset(): void {
    for (const stream of this.#streams) stream.reset()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The queue that takes connections to `address`, if somebody listens there. */
  #listenerAt(address: PeerAddress): QueueListener | undefined {
    return (
      this.#listeners.get(formatAddress(address)) ??
      this.#listeners.get(formatAddress({ ...address, host: wildcards[address.family] })) ??
      // `::` takes IPv4 too.
      this.#listeners.get(formatAddress({ ...address, host: wildcards[6], family: 6 }))
    )
  }

  /** Resolves after `ms` when `answered`, otherwise rejects with a timeout then. */
  #answer(to: PeerAddress, ms: number, answered: boolean, signal: AbortSignal | undefined): Promise<void> {
    if (answered && ms === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = () => {
        timer[Symbol.dispose]()
        this.#dials.delete(fail)
        signal?.removeEventListener('abort', onAbort)
      }
      const fail = (error: Error) => {
        settle()
        reject(error)
      }
      const onAbort = () => fail(signal?.reason as Error)
      const timer = this.#network.clock.timer(ms, () => {
        if (!answered) {
          fail(new PeerError('DIAL_TIMEOUT', `${formatAddress(to)} did not answer in ${ms} ms`, { address: to }))
          return
        }
        settle()
        resolve()
      })
      this.#dials.add(fail)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #connect(to: PeerAddress, localHost: string | undefined, target: MemoryTransport): ByteStream {
    const listener = target.#listenerAt(to)
    if (this.#closing !== undefined) throw closedDial(to)
    if (listener === undefined) {
      throw new PeerError('DIAL_REFUSED', `nobody listens on ${formatAddress(to)}`, { address: to })
    }
    // Whoever dials a loopback address is seen at one.
    const host = localHost ?? (loopbacks.has(to.host) ? to.host : this.host)
    const from = peerAddress(host, this.#nextPort())
    const { clock, window } = this.#network
    const latency = target === this ? 0 : this.latency + target.latency
    const there = new MemoryChannel({ clock, window, latency, up: this.up, down: target.down })
    const back = new MemoryChannel({ clock, window, latency, up: target.up, down: this.down })
    const near = this.#own(new MemoryStream(from, to, there, back))
    const far = target.#own(new MemoryStream(to, from, back, there))
    near.pair(far)
    listener.queue.push(far)
    return near
  }

  #own(stream: MemoryStream): MemoryStream {
    this.#streams.add(stream)
    stream.duplex.on('close', () => this.#streams.delete(stream))
    return stream
  }

  #nextPort(): number {
    return firstEphemeral + (this.#ephemeral++ % portCount)
  }

  #freePort(host: string): number {
    for (let tries = 0; tries < portCount; tries++) {
      const port = this.#nextPort()
      if (!this.#listeners.has(formatAddress(peerAddress(host, port)))) return port
    }
    throw new InputError('LISTEN_IN_USE', `every port of ${host} is taken`)
  }

  async #close(): Promise<void> {
    // One turn later, so that `#closing` is set for whatever the calls below lead to.
    await Promise.resolve()
    this.#network.leave(this)
    for (const fail of this.#dials) fail(closedDial(peerAddress(this.host, 0)))
    const all = [...this.#listeners.values(), ...this.#streams]
    await Promise.all(all.map((owned) => owned[Symbol.asyncDispose]()))
  }
}

function closedDial(address: PeerAddress): PeerError {
  return new PeerError('TRANSPORT_CLOSED', 'this transport is closed', { address })
}
