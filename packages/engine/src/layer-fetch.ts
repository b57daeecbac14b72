// Getting the piece layers of a torrent whose info dictionary came from peers (BEP 52): what a v2 magnet link is still lacking
// before a piece of it can be verified. A machine like `MetadataFetch`, whose connections it takes over; everything that is
// decided lies in `HashAsker`. Peers are asked whatever they say to have: who can verify a piece has its hash.

import type { FileTrees } from '@torrential/metainfo'
import type { Machine, PeerAddress, PeerError, PeerKey } from '@torrential/primitives'
import type { HashesMessage, Message } from '@torrential/protocol'
import { BanList } from './ban-list.ts'
import { emptyGreeting, type GreetingOptions } from './empty-greeting.ts'
import { HashAsker } from './hash-asker.ts'
import { layerWants } from './layer-wants.ts'
import type { PeerInfo } from './peer.ts'
import { violation } from './violation.ts'

/** What a layer fetch wants done. */
export type LayerAction =
  | { readonly type: 'send'; readonly peer: PeerKey; readonly message: Message }
  /** End the connection; answer with `disconnected`. */
  | { readonly type: 'close'; readonly peer: PeerKey; readonly error: PeerError }
  /** Proven to have sent wrong hashes: not to be connected to again. It may be gone already. */
  | { readonly type: 'ban'; readonly peer: PeerKey; readonly address: PeerAddress }
  /** Every layer: 32 bytes a piece, by root in latin1. Comes once, and nothing comes after it. */
  | { readonly type: 'piece-layers'; readonly layers: ReadonlyMap<string, Uint8Array> }

interface LayerPeer {
  readonly key: PeerKey
  readonly info: PeerInfo
  strays: number
  /** When it last gave something, or came. */
  usefulAt: number
}

const SECOND = 1_000
/** Messages of a peer that nobody asked for. */
const MOST_STRAYS = 200
/** Milliseconds after which a peer that gives nothing makes room for others. */
const IDLE = 60_000

/** Fetches every piece layer that `trees` lacks, and adds it there. Times are milliseconds on any clock that does not go back. */
export class LayerFetch implements Machine<LayerAction> {
  readonly #trees: FileTrees
  readonly #options: GreetingOptions
  readonly #asker = new HashAsker()
  readonly #peers = new Map<PeerKey, LayerPeer>()
  readonly #bans = new BanList()
  readonly #actions: LayerAction[] = []
  #left: number
  #now = 0
  /** Somebody may be asked for something. */
  #hasWork = false
  #secondAt = Number.POSITIVE_INFINITY
  #isFinished = false

  constructor(trees: FileTrees, options: GreetingOptions = {}) {
    this.#trees = trees
    this.#options = options
    this.#left = trees.incomplete.length
    for (const want of layerWants(trees, () => this.#complete())) this.#asker.want(want)
    if (this.#left === 0) this.#finish()
  }

  /** Handshakes are done. A peer that was not greeted is told that we have nothing. Keys are never used twice. */
  connected(key: PeerKey, info: PeerInfo, now: number): void {
    if (this.#isFinished || this.#peers.has(key)) return
    this.#peers.set(key, { key, info, strays: 0, usefulAt: now })
    if (this.#secondAt === Number.POSITIVE_INFINITY) this.#secondAt = now + SECOND
    if (info.greeted !== true) for (const message of emptyGreeting(info, this.#options)) this.#send(key, message)
    this.#asker.join(key)
    this.#work(now)
  }

  /** The connection is gone, whoever ended it. */
  disconnected(key: PeerKey, now: number): void {
    this.#forget(key)
    this.#work(now)
  }

  /** One batch. Everything but hashes is ignored here; whoever takes the connection over later must keep it. */
  received(key: PeerKey, messages: readonly Message[], now: number): void {
    for (const message of messages) {
      const peer = this.#peers.get(key)
      if (peer === undefined) return
      if (message.type === 'hashes') this.#hashes(peer, message, now)
      else if (message.type === 'hash-reject' && !this.#asker.reject(key, message, now)) this.#stray(peer)
      else if (message.type === 'hash-request') {
        const { piecesRoot } = message
        this.#send(key, { ...message, type: 'hash-reject', piecesRoot: piecesRoot.slice() })
        this.#stray(peer)
      }
    }
    this.#work(now)
  }

  /** True for addresses that sent wrong hashes: not to be dialled, and not to be let in. */
  isBanned(address: PeerAddress): boolean {
    return this.#bans.has(address)
  }

  // ---- machine

  next(): LayerAction | undefined {
    // Not before: peers that came together share the work.
    if (this.#hasWork && this.#actions.length === 0) this.#fill(this.#now)
    return this.#actions.shift()
  }

  tick(now: number): void {
    if (now < this.#secondAt) return
    this.#secondAt = this.#peers.size > 0 && !this.#isFinished ? now + SECOND : Number.POSITIVE_INFINITY
    this.#asker.expire(now)
    for (const { key, usefulAt } of Array.from(this.#peers.values())) {
      if (now - usefulAt >= IDLE) this.#close(key, violation('HASHES_IDLE', { milliseconds: now - usefulAt }))
    }
    this.#work(now)
  }

  get deadline(): number {
    return this.#secondAt
  }

  #hashes(peer: LayerPeer, message: HashesMessage, now: number): void {
    const answer = this.#asker.answer(peer.key, message, message.hashes)
    if (answer === 'wrong') this.#ban(peer)
    else if (answer === 'unasked') this.#stray(peer)
    else peer.usefulAt = now
  }

  #complete(): void {
    this.#left--
    if (this.#left === 0) this.#finish()
  }

  #finish(): void {
    this.#isFinished = true
    this.#secondAt = Number.POSITIVE_INFINITY
    this.#peers.clear()
    this.#actions.push({ type: 'piece-layers', layers: this.#trees.pieceLayers })
  }

  #work(now: number): void {
    this.#now = now
    this.#hasWork = true
  }

  #fill(now: number): void {
    this.#hasWork = false
    if (this.#isFinished) return
    for (const key of this.#peers.keys()) for (const message of this.#asker.ask(key, now)) this.#send(key, message)
  }

  #stray(peer: LayerPeer): void {
    peer.strays++
    if (peer.strays > MOST_STRAYS) this.#close(peer.key, violation('HASHES_FLOOD', { strays: peer.strays }))
  }

  #ban({ key, info }: LayerPeer): void {
    this.#bans.add(info.address)
    this.#actions.push({ type: 'ban', peer: key, address: info.address })
    this.#close(key, violation('HASHES_WRONG'))
  }

  #close(key: PeerKey, error: PeerError): void {
    this.#forget(key)
    this.#actions.push({ type: 'close', peer: key, error })
  }

  #forget(key: PeerKey): void {
    this.#peers.delete(key)
    this.#asker.leave(key)
  }

  #send(peer: PeerKey, message: Message): void {
    this.#actions.push({ type: 'send', peer, message })
  }
}
