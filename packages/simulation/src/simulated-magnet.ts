// One client of a simulated swarm that begins with a magnet link of a v2 torrent: first a layer fetch on its connections, then, on
// the same ones, a peer as any other. What its peers say meanwhile is kept for that peer.

import { type LayerAction, LayerFetch, type PeerInfo } from '@torrential/engine'
import { type Drive, drive, type PeerAddress, type PeerId, type PeerKey } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { Line } from './simulated-link.ts'
import { type Route, SimulatedPeer, type SimulatedPeerOptions, type SimulatedPeerParts } from './simulated-peer.ts'

/** Whatever can be connected. */
export interface SimulatedMember {
  readonly address: PeerAddress
  readonly peerId: PeerId
  readonly latency: number
  readonly inLine: Line
  connected(key: PeerKey, info: PeerInfo, route: Route): void
  received(key: PeerKey, messages: readonly Message[]): void
  disconnected(key: PeerKey): void
}

interface Kept {
  readonly info: PeerInfo
  readonly route: Route
  readonly messages: Message[]
}

export class SimulatedMagnet implements SimulatedMember {
  readonly address: PeerAddress
  readonly peerId: PeerId
  readonly latency: number
  readonly inLine: Line
  /** What came of it, when the piece layers were here. */
  peer: SimulatedPeer | undefined
  /** Addresses that lied about hashes. */
  readonly banned: PeerAddress[] = []
  readonly #parts: SimulatedPeerParts
  readonly #options: SimulatedPeerOptions
  readonly #connections = new Map<PeerKey, Kept>()
  readonly #fetch: LayerFetch
  readonly #drive: Drive

  constructor(parts: SimulatedPeerParts, options: SimulatedPeerOptions) {
    const { trees, timeline, address, peerId } = parts
    if (trees === undefined) throw new Error('a magnet link without trees lacks nothing')
    this.#parts = parts
    this.#options = options
    this.address = address
    this.peerId = peerId
    this.latency = options.latency ?? 25
    this.inLine = { rate: options.down ?? 10_000_000, freeAt: 0 }
    this.#fetch = new LayerFetch(trees)
    this.#drive = drive(this.#fetch, timeline, (action) => this.#perform(action))
  }

  get isComplete(): boolean {
    return this.peer?.isComplete === true
  }

  connected(key: PeerKey, info: PeerInfo, route: Route): void {
    if (this.peer !== undefined) return this.peer.connected(key, info, route)
    this.#connections.set(key, { info, route, messages: [] })
    this.#fetch.connected(key, info, this.#parts.timeline.now())
    this.#drive.pump()
  }

  received(key: PeerKey, messages: readonly Message[]): void {
    if (this.peer !== undefined) return this.peer.received(key, messages)
    this.#connections.get(key)?.messages.push(...messages.filter(({ type }) => !/hash/.test(type)))
    this.#fetch.received(key, messages, this.#parts.timeline.now())
    this.#drive.pump()
  }

  disconnected(key: PeerKey): void {
    if (this.peer !== undefined) return this.peer.disconnected(key)
    this.#connections.delete(key)
    this.#fetch.disconnected(key, this.#parts.timeline.now())
    this.#drive.pump()
  }

  #perform(action: LayerAction): void {
    switch (action.type) {
      case 'send':
        this.#connections.get(action.peer)?.route.send(action.message)
        return
      case 'close':
        this.#connections.get(action.peer)?.route.close()
        return
      case 'ban':
        this.banned.push(action.address)
        return
      case 'piece-layers':
        return this.#become()
      default:
        action satisfies never
    }
  }

  #become(): void {
    const peer = new SimulatedPeer(this.#parts, this.#options)
    this.peer = peer
    for (const address of this.banned) peer.engine.ban(address, this.#parts.timeline.now())
    for (const [key, { info, route, messages }] of this.#connections) {
      peer.connected(key, { ...info, greeted: true }, route)
      peer.received(key, messages)
    }
  }
}
