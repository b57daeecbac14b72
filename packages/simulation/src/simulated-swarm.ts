// Many engines in one process and in virtual time. Everything that happens follows from the options and the seed, so a run
// that went wrong is repeated by giving its seed again.

import type { PeerInfo } from '@torrential/engine'
import type { FileTrees } from '@torrential/metainfo'
import { Bitfield, createPeerId, Geometry, peerAddress, type PeerKey, SeededRandom } from '@torrential/primitives'
import { simulatedTrees } from './simulated-content.ts'
import { SimulatedLink } from './simulated-link.ts'
import { SimulatedMagnet, type SimulatedMember } from './simulated-magnet.ts'
import { SimulatedPeer, type SimulatedPeerOptions } from './simulated-peer.ts'
import { Timeline } from './timeline.ts'

export interface SimulatedSwarmOptions {
  readonly seed: number
  readonly pieces: number
  /** Bytes. @default 256 KiB */
  readonly pieceLength?: number
  /** v2 has merkle trees, whose hashes peers exchange (BEP 52). @default 'v1' */
  readonly version?: 'v1' | 'v2'
}

const KEEP_ALIVE_MS = 60_000

export class SimulatedSwarm {
  readonly seed: number
  readonly geometry: Geometry
  readonly timeline = new Timeline()
  readonly peers: SimulatedPeer[] = []
  /** Those of `addMagnet`; what becomes of them is theirs. */
  readonly magnets: SimulatedMagnet[] = []
  readonly #random: SeededRandom
  #keys = 0

  constructor(options: SimulatedSwarmOptions) {
    const { seed, pieces, pieceLength = 256 * 1024, version = 'v1' } = options
    this.seed = seed
    this.geometry = new Geometry(version, pieceLength, [{ length: pieces * pieceLength }])
    this.#random = new SeededRandom(seed)
  }

  get now(): number {
    return this.timeline.now()
  }

  /** A peer that has everything. */
  addSeed(options: SimulatedPeerOptions = {}): SimulatedPeer {
    return this.addPeer({ name: 'seed', ...options }, Bitfield.full(this.geometry.pieceCount))
  }

  /** A peer that has nothing, or `have`; not connected to anybody. */
  addPeer(options: SimulatedPeerOptions = {}, have = new Bitfield(this.geometry.pieceCount)): SimulatedPeer {
    const parts = { ...this.#identity(), have, trees: this.#trees('known') }
    const peer = new SimulatedPeer(parts, { name: `peer ${this.peers.length + 1}`, ...options })
    this.peers.push(peer)
    return peer
  }

  /** A peer that has nothing but the info dictionary of a v2 torrent: the piece layer comes from peers. */
  addMagnet(options: SimulatedPeerOptions = {}): SimulatedMagnet {
    const trees = this.#trees('missing')
    if (trees === undefined) throw new Error('a v1 torrent lacks nothing')
    const parts = { ...this.#identity(), have: new Bitfield(this.geometry.pieceCount), trees }
    const magnet = new SimulatedMagnet(parts, { name: 'magnet', ...options })
    this.magnets.push(magnet)
    return magnet
  }

  #trees(layer: 'known' | 'missing'): FileTrees | undefined {
    return this.geometry.kind === 'v1' ? undefined : simulatedTrees(this.geometry, layer)
  }

  #identity() {
    const number = this.peers.length + this.magnets.length + 1
    const random = new SeededRandom(this.#random.next() * 2 ** 32)
    const address = peerAddress(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, 6881)
    return { timeline: this.timeline, random, geometry: this.geometry, address, peerId: createPeerId(random) }
  }

  connect(a: SimulatedMember, b: SimulatedMember): void {
    // Each end knows the connection by a key of its own.
    const keyAtA = ++this.#keys as PeerKey
    const keyAtB = ++this.#keys as PeerKey
    const latency = a.latency + b.latency
    const { timeline } = this
    const toB = new SimulatedLink(timeline, {
      latency,
      inLine: b.inLine,
      deliver: (batch) => b.received(keyAtB, batch),
    })
    const toA = new SimulatedLink(timeline, {
      latency,
      inLine: a.inLine,
      deliver: (batch) => a.received(keyAtA, batch),
    })
    let isOpen = true
    // What a wire does on its own: without it two peers that have nothing to say would take each other for dead.
    const keepAlive = () => {
      if (!isOpen) return
      toA.send({ type: 'keep-alive' })
      toB.send({ type: 'keep-alive' })
      timeline.timer(KEEP_ALIVE_MS, keepAlive)
    }
    timeline.timer(KEEP_ALIVE_MS, keepAlive)
    const close = () => {
      isOpen = false
      toA.close()
      toB.close()
      timeline.timer(0, () => {
        a.disconnected(keyAtA)
        b.disconnected(keyAtB)
      })
    }
    a.connected(keyAtA, this.#infoOf(b, false), { send: (message) => toB.send(message), close })
    b.connected(keyAtB, this.#infoOf(a, true), { send: (message) => toA.send(message), close })
  }

  /** Connects a peer to every other that is there. */
  join(peer: SimulatedMember): void {
    for (const other of this.peers) if (other !== peer) this.connect(peer, other)
  }

  #infoOf({ peerId, address }: SimulatedMember, incoming: boolean): PeerInfo {
    const capabilities = { extensions: true, fast: true, dht: false, v2: this.geometry.kind !== 'v1' }
    return { peerId, address, capabilities, incoming }
  }

  connectAll(): void {
    this.peers.forEach((peer, at) => {
      for (const other of this.peers.slice(at + 1)) this.connect(peer, other)
    })
  }

  /** The peer goes without a word. */
  remove(peer: SimulatedPeer): void {
    const at = this.peers.indexOf(peer)
    if (at !== -1) this.peers.splice(at, 1)
    peer.stop()
  }

  /** Lets time pass until `done`, for `most` milliseconds at most. True when it is done. */
  run(most: number, done: () => boolean = () => false): boolean {
    const end = this.now + most
    while (!done()) if (!this.timeline.step(end)) return done()
    return true
  }

  /** Calls `what` in `ms` of virtual time. */
  later(ms: number, what: () => void): void {
    this.timeline.timer(ms, what)
  }
}
