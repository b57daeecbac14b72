// A network in memory: any number of transports, each a host with an address, a line up and a line down. For tests and
// simulations of whatever stands on the `Transport` contract: with a virtual clock a slow line costs no time.
//
// What can go wrong on a real network can be made to go wrong here: a port where nobody listens refuses, a host that does not
// exist or is set `unreachable` cannot be reached, one that is `silent` never answers, and `cut` resets open connections.

import type { Clock, PeerAddress } from '@torrential/primitives'
import { InputError, peerAddress } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import type { MemoryHostOptions, MemoryRoutes } from './memory-transport.ts'
import { MemoryTransport } from './memory-transport.ts'

export interface MemoryNetworkOptions extends MemoryHostOptions {
  /** @default the system's clock */
  readonly clock?: Clock
  /** Bytes under way or unread in one direction of a connection before its writer has to wait. @default 262,144 */
  readonly window?: number
}

export interface MemoryTransportOptions extends MemoryHostOptions {
  /** IP address, not taken yet. @default the next free one of 10.0.0.0/8 */
  readonly host?: string
}

/** `up`: as usual. `unreachable`: dials fail at once. `silent`: dials are never answered. Open connections go on. */
export type Reachability = 'up' | 'unreachable' | 'silent'

const defaultWindow = 262_144

/** Make hosts with `transport()`; what they dial is found here. */
export class MemoryNetwork implements MemoryRoutes {
  readonly clock: Clock
  /** Bytes. */
  readonly window: number
  readonly #defaults: MemoryHostOptions
  readonly #hosts = new Map<string, MemoryTransport>()
  readonly #reachability = new Map<string, Reachability>()
  #assigned = 0

  /** Options for hosts are the defaults of every transport made later. */
  constructor(options: MemoryNetworkOptions = {}) {
    const { clock, window, ...defaults } = options
    this.clock = clock ?? systemClock
    this.window = window ?? defaultWindow
    this.#defaults = defaults
  }

  /** A new host. @throws InputError `MEMORY_HOST` when the address is taken, `ADDRESS_HOST`, `MEMORY_LINK` */
  transport(options: MemoryTransportOptions = {}): MemoryTransport {
    const host = options.host === undefined ? this.#freeHost() : peerAddress(options.host, 0).host
    if (this.#hosts.has(host)) throw new InputError('MEMORY_HOST', `${host} is on this network already`)
    const link = { latency: 0, upload: Number.POSITIVE_INFINITY, download: Number.POSITIVE_INFINITY }
    const transport = new MemoryTransport(this, host, { ...link, ...this.#defaults, ...options })
    this.#hosts.set(host, transport)
    return transport
  }

  /** From now on, until set again. */
  setReachability(host: string, reachability: Reachability): void {
    this.#reachability.set(peerAddress(host, 0).host, reachability)
  }

  /** Resets every open connection of a host: both ends see an `ECONNRESET`. */
  cut(host: string): void {
    this.#hosts.get(peerAddress(host, 0).host)?.reset()
  }

  /** Where a dial to `address` ends up. @internal */
  route(from: MemoryTransport, address: PeerAddress): MemoryTransport | 'unreachable' | 'silent' {
    const host = from.isLocal(address.host) ? from.host : address.host
    const reachability = this.#reachability.get(host) ?? 'up'
    if (reachability !== 'up') return reachability
    return this.#hosts.get(host) ?? 'unreachable'
  }

  /** A transport was closed: its address is free. @internal */
  leave(transport: MemoryTransport): void {
    this.#hosts.delete(transport.host)
  }

  #freeHost(): string {
    do this.#assigned++
    while (this.#hosts.has(hostNumber(this.#assigned)))
    return hostNumber(this.#assigned)
  }
}

function hostNumber(index: number): string {
  return `10.${(index >>> 16) & 255}.${(index >>> 8) & 255}.${index & 255}`
}
