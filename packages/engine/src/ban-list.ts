// Addresses that sent wrong data. A host is banned as a whole, because an incoming connection comes from another port every
// time; on loopback a host is every program of the machine, so there only the address itself is banned. Bounded: the oldest
// entries go first.

import { LazySet, formatAddress, type PeerAddress } from '@torrential/primitives'

const MOST = 3_000

export class BanList {
  readonly #banned = new LazySet<string>()

  get size(): number {
    return this.#banned.size
  }

  add(address: PeerAddress): void {
    this.#banned.add(keyOf(address))
    if (this.#banned.size > MOST) this.#banned.delete(this.#banned.values().next().value as string)
  }

  has(address: PeerAddress): boolean {
    return this.#banned.size > 0 && this.#banned.has(keyOf(address))
  }
}

function keyOf(address: PeerAddress): string {
  const isLoopback = address.host.startsWith('127.') || address.host === '::1'
  return isLoopback ? formatAddress(address) : address.host
}
