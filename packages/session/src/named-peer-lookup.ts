// Magnet links may name peers by host name (`x.pe=seed.example:6881`); everything else here knows addresses only. Each name is
// looked up once; one that does not resolve is no loss, since it was only a hint.

import { lookup } from 'node:dns/promises'
import type { NamedPeer } from '@torrential/metainfo'
import { type PeerAddress, peerAddress } from '@torrential/primitives'

/** Names of one link that are looked up: the rest would only be a way to make us ask. */
const mostNames = 20
const mostAddresses = 4

export class NamedPeerLookup {
  readonly #found: (address: PeerAddress) => void
  #peers: readonly NamedPeer[]
  #isStopped = false

  constructor(peers: readonly NamedPeer[], found: (address: PeerAddress) => void) {
    this.#peers = peers.slice(0, mostNames)
    this.#found = found
  }

  start(): void {
    this.#isStopped = false
    const peers = this.#peers
    this.#peers = []
    for (const peer of peers) void this.#resolve(peer)
  }

  /** What is found later is not told. */
  stop(): void {
    this.#isStopped = true
  }

  async #resolve({ host, port }: NamedPeer): Promise<void> {
    try {
      const addresses = await lookup(host, { all: true })
      if (this.#isStopped) return
      for (const { address } of addresses.slice(0, mostAddresses)) this.#found(peerAddress(address, port))
    } catch {
      // A hint that leads nowhere.
    }
  }
}
