// All swarms of a tracker, in memory. Nothing here knows of sockets; time and chance are arguments.
//
// Bounds: `maxTorrents` swarms (a further one is refused, not swapped in, so that a flood of made-up infohashes cannot push out
// real ones), `maxPeersPerTorrent` peers for each role and family. Peers that fall silent are forgotten by `sweep`, which looks
// at a bounded number of records each time and comes round within a quarter of the peers' age.

import { type Clock, type Random, readUint32, toLatin1 } from '@torrential/primitives'
import { Swarm, type SwarmContext, type SwarmPeer } from './swarm.ts'

export type SwarmEvent = 'none' | 'completed' | 'started' | 'stopped'

export interface SwarmStoreOptions {
  /** @default 500,000 */
  readonly maxTorrents?: number
  /** For each of seeds and leeches, IPv4 and IPv6; then a newcomer takes a random place. @default 100,000 */
  readonly maxPeersPerTorrent?: number
  /** Milliseconds after which a silent peer is forgotten. @default 3,600,000 */
  readonly peerAge?: number
}

/** Milliseconds between two calls of `sweep`. */
export const SWEEP_INTERVAL = 1_000
/** Records that a sweep looks at, even when there are few. */
const smallestSweep = 1_000

export class SwarmStore {
  readonly #clock: Clock
  readonly #swarms = new Map<string, Swarm>()
  readonly #context: SwarmContext
  readonly #maxTorrents: number
  readonly #peerAge: number
  readonly #start: number
  #sweeping: MapIterator<[string, Swarm]> | undefined
  /** The swarm whose tables were not through at the end of the last sweep. */
  #unfinished: [string, Swarm] | undefined

  constructor(parts: { readonly clock: Clock; readonly random: Random }, options: SwarmStoreOptions = {}) {
    this.#clock = parts.clock
    this.#start = parts.clock.now()
    this.#maxTorrents = options.maxTorrents ?? 500_000
    this.#peerAge = options.peerAge ?? 3_600_000
    this.#context = {
      random: parts.random,
      seed: readUint32(parts.random.bytes(4), 0),
      maxPeers: options.maxPeersPerTorrent ?? 100_000,
      totals: { seeders: 0, leechers: 0 },
    }
  }

  get torrents(): number {
    return this.#swarms.size
  }

  get seeders(): number {
    return this.#context.totals.seeders
  }

  get leechers(): number {
    return this.#context.totals.leechers
  }

  /** Bytes of all peer tables: walks every swarm, for measurements only. */
  get byteLength(): number {
    let sum = 0
    for (const swarm of this.#swarms.values()) sum += swarm.byteLength
    return sum
  }

  /**
   * Records what a peer says and returns its swarm, to be asked for peers; `empty` for a peer that leaves an unknown torrent,
   * `full` when the torrent is new and there is no room. A peer with port 0 is answered but not recorded: nobody could dial it.
   */
  announce(infoHash: Uint8Array, peer: SwarmPeer, event: SwarmEvent): Swarm | 'empty' | 'full' {
    const name = toLatin1(infoHash)
    let swarm = this.#swarms.get(name)
    if (event === 'stopped') {
      swarm?.remove(peer, this.#context.totals)
      return swarm ?? 'empty'
    }
    const { key } = peer
    if (key[key.length - 1] === 0 && key[key.length - 2] === 0) return swarm ?? 'empty'
    if (swarm === undefined) {
      if (this.#swarms.size >= this.#maxTorrents) return 'full'
      swarm = new Swarm()
      this.#swarms.set(name, swarm)
    }
    swarm.put(peer, event === 'completed', this.#seconds(), this.#context)
    return swarm
  }

  /** The swarm of a torrent, without any change. */
  find(infoHash: Uint8Array): Swarm | undefined {
    return this.#swarms.get(toLatin1(infoHash))
  }

  /** Call every `SWEEP_INTERVAL`. */
  sweep(): void {
    const { totals } = this.#context
    const before = this.#seconds() - Math.ceil(this.#peerAge / 1000)
    const records = totals.seeders + totals.leechers + this.#swarms.size
    let budget = Math.max(smallestSweep, Math.ceil(records / (this.#peerAge / 4 / SWEEP_INTERVAL)))
    while (budget > 0) {
      const current = this.#unfinished ?? this.#nextSwarm()
      if (current === undefined) return
      const [name, swarm] = current
      const looked = swarm.expire(before, budget, totals)
      this.#unfinished = swarm.expiring ? current : undefined
      budget -= looked + 1
      // Another swarm may have been made under the same name since the last sweep.
      if (swarm.empty && this.#swarms.get(name) === swarm) this.#swarms.delete(name)
    }
  }

  /** Undefined at the end of a round. */
  #nextSwarm(): [string, Swarm] | undefined {
    this.#sweeping ??= this.#swarms.entries()
    const step = this.#sweeping.next()
    if (step.done !== true) return step.value
    this.#sweeping = undefined
    return undefined
  }

  /** Whole seconds since the store began: they fit 32 bits for a century. */
  #seconds(): number {
    // One ahead, so that 0 is before everything.
    return Math.floor((this.#clock.now() - this.#start) / 1000) + 1
  }
}
