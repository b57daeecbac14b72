// Getting the info dictionary from peers that claim to have it (BEP 9), knowing nothing but its hash. A machine: connections
// and messages go in, messages and verdicts come out.
//
// Nothing that a peer says is believed until the hash over the whole is right. A wrong length, wrong bytes and silence each
// cost the others nothing but a second request: every claimed length is worked on side by side (`metadata-drafts.ts`), every
// piece may be asked of two peers. When one peer alone sent what turned out wrong it is a liar; when several did, each works
// alone from then on, and the pieces of the failure are compared with the truth once that is known.

import {
  assert,
  isTorrentialError,
  type Machine,
  type PeerAddress,
  PeerError,
  type PeerKey,
  type Random,
} from '@torrential/primitives'
import {
  decodeExtensionHandshake,
  decodeMetadataMessage,
  encodeMetadataMessage,
  type Message,
  type MetadataData,
} from '@torrential/protocol'
import { BanList } from './ban-list.ts'
import { emptyGreeting, type GreetingOptions } from './empty-greeting.ts'
import { EXTENSION_IDS } from './extension-ids.ts'
import type { MetadataAction } from './metadata-action.ts'
import type { MetadataDraft, MetadataSender } from './metadata-draft.ts'
import { MetadataDrafts } from './metadata-drafts.ts'
import { MetadataEvidence } from './metadata-evidence.ts'
import { checkHashes, matchesHashes, type MetadataHashes } from './metadata-hash.ts'
import { MetadataPeer } from './metadata-peer.ts'
import type { PeerInfo } from './peer.ts'
import { violation } from './violation.ts'

export interface MetadataFetchParts {
  readonly hashes: MetadataHashes
  readonly random: Random
}

export type MetadataFetchOptions = GreetingOptions

const SECOND = 1_000
/** Requests outstanding at one peer: enough for 600 kB/s at 100 ms, few enough that many peers share the work. */
const MOST_REQUESTS = 4
/** Milliseconds until a request counts as not answered; others may have the piece before that. */
const REQUEST_TIMEOUT = 10_000
const MOST_TIMEOUTS = 3
/** Milliseconds that a peer is left alone after it rejected, or did not answer. BEP 9 rejects mean "not now" too. */
const PAUSE = 5_000
const MOST_REJECTS = 10
/** Messages of a peer that nobody asked for: late answers are normal, floods are not. */
const MOST_STRAYS = 200
/** Milliseconds after which a peer that gives nothing makes room for others. */
const IDLE = 60_000

/** Fetches one info dictionary. Times are milliseconds on any clock that does not go back. */
export class MetadataFetch implements Machine<MetadataAction> {
  readonly #hashes: MetadataHashes
  readonly #random: Random
  readonly #options: MetadataFetchOptions
  readonly #peers = new Map<PeerKey, MetadataPeer>()
  readonly #drafts = new MetadataDrafts()
  readonly #evidence = new MetadataEvidence()
  readonly #bans = new BanList()
  #actions: MetadataAction[] = []
  #secondAt = Number.POSITIVE_INFINITY
  #finished = false

  /** @throws InputError `INFOHASH_LENGTH` */
  constructor(parts: MetadataFetchParts, options: MetadataFetchOptions = {}) {
    checkHashes(parts.hashes)
    this.#hashes = parts.hashes
    this.#random = parts.random
    this.#options = options
  }

  /** Handshakes are done: tells the peer that we have nothing, and what we speak. Keys are never used twice. */
  connected(key: PeerKey, info: PeerInfo, now: number): void {
    if (this.#finished || this.#peers.has(key)) return
    this.#peers.set(key, new MetadataPeer(key, info, now))
    if (this.#secondAt === Number.POSITIVE_INFINITY) this.#secondAt = now + SECOND
    for (const message of emptyGreeting(info, this.#options)) this.#send(key, message)
  }

  /** The connection is gone, whoever ended it. */
  disconnected(key: PeerKey, now: number): void {
    const peer = this.#peers.get(key)
    if (peer === undefined) return
    this.#forget(peer)
    this.#fill(now)
  }

  /** One batch. Everything but extension messages is ignored here; whoever takes the connection over later must keep it. */
  received(key: PeerKey, messages: readonly Message[], now: number): void {
    const peer = this.#peers.get(key)
    if (peer === undefined) return
    for (const message of messages) {
      if (message.type === 'extended') this.#extended(peer, message.id, message.payload, now)
      if (this.#finished || !this.#peers.has(key)) return
    }
    this.#fill(now)
  }

  /** True for addresses that sent wrong metadata: not to be dialled, and not to be let in. */
  isBanned(address: PeerAddress): boolean {
    return this.#bans.has(address)
  }

  // ---- machine

  next(): MetadataAction | undefined {
    return this.#actions.shift()
  }

  tick(now: number): void {
    if (now < this.#secondAt) return
    this.#secondAt = this.#peers.size > 0 && !this.#finished ? now + SECOND : Number.POSITIVE_INFINITY
    for (const peer of Array.from(this.#peers.values())) this.#check(peer, now)
    this.#fill(now)
  }

  get deadline(): number {
    return this.#secondAt
  }

  // ---- inbound

  #extended(peer: MetadataPeer, id: number, payload: Uint8Array, now: number): void {
    if (!peer.info.capabilities.extensions) return this.#close(peer, violation('EXTENSIONS_NOT_NEGOTIATED'))
    try {
      if (id === 0) this.#heard(peer, payload)
      else if (id === EXTENSION_IDS.metadata) this.#metadata(peer, payload, now)
    } catch (error) {
      if (!isTorrentialError(error)) throw error
      this.#close(peer, new PeerError(error.code, error.message, { cause: error }))
    }
  }

  #heard(peer: MetadataPeer, payload: Uint8Array): void {
    const before = peer.length
    peer.hear(decodeExtensionHandshake(payload))
    // One dictionary has one length: who changes its mind was wrong once.
    if (before !== undefined && peer.length !== before) this.#close(peer, violation('METADATA_SIZE', { before }))
  }

  #metadata(peer: MetadataPeer, payload: Uint8Array, now: number): void {
    const message = decodeMetadataMessage(payload)
    switch (message.type) {
      case 'data':
        return this.#data(peer, message, now)
      case 'reject':
        return this.#reject(peer, message.piece, now)
      case 'request':
        this.#stray(peer)
        if (peer.messageId > 0)
          this.#sendMetadata(peer, encodeMetadataMessage({ type: 'reject', piece: message.piece }))
        return
      case 'unknown':
        return this.#stray(peer)
      default:
        message satisfies never
    }
  }

  #data(peer: MetadataPeer, { piece, totalLength, data }: MetadataData, now: number): void {
    if (!peer.asked.has(piece) || peer.length === undefined) return this.#stray(peer)
    if (totalLength !== peer.length) return this.#close(peer, violation('METADATA_SIZE', { totalLength }))
    const draft = this.#drafts.peek(peer.length, peer.key)
    peer.asked.delete(piece)
    peer.timeouts = 0
    peer.rejects = 0
    peer.usefulAt = now
    if (draft === undefined) return
    // A copy: the view would keep the whole read of the socket alive.
    draft.add(piece, data.slice(), peer.sender)
    if (draft.isComplete) this.#judge(draft, peer)
  }

  #reject(peer: MetadataPeer, piece: number, now: number): void {
    if (!peer.asked.has(piece)) return this.#stray(peer)
    this.#release(peer, piece)
    peer.pausedUntil = now + PAUSE
    peer.rejects++
    if (peer.rejects > MOST_REJECTS) this.#close(peer, violation('METADATA_IDLE', { rejects: peer.rejects }))
  }

  #stray(peer: MetadataPeer): void {
    peer.strays++
    if (peer.strays > MOST_STRAYS) this.#close(peer, violation('METADATA_FLOOD', { strays: peer.strays }))
  }

  // ---- verdicts

  #judge(draft: MetadataDraft, peer: MetadataPeer): void {
    const bytes = draft.bytes()
    if (matchesHashes(bytes, this.#hashes)) return this.#finish(draft, bytes)
    const [first, ...others] = draft.senders
    assert(first !== undefined, 'a complete draft has senders')
    if (others.length === 0) {
      this.#drafts.drop(draft.length, peer.key)
      this.#ban(first)
      return
    }
    this.#evidence.record(draft)
    this.#drafts.separate(draft.length)
  }

  #finish(draft: MetadataDraft, bytes: Uint8Array): void {
    for (const liar of this.#evidence.liars(draft)) this.#ban(liar)
    for (const peer of Array.from(this.#peers.values())) {
      if (peer.length !== undefined && peer.length !== draft.length) {
        this.#close(peer, violation('METADATA_SIZE', { claimed: peer.length, length: draft.length }))
      }
    }
    this.#finished = true
    this.#secondAt = Number.POSITIVE_INFINITY
    this.#drafts.clear()
    this.#peers.clear()
    this.#actions.push({ type: 'metadata', bytes })
  }

  #ban({ key, address }: MetadataSender): void {
    this.#bans.add(address)
    this.#actions.push({ type: 'ban', peer: key, address })
    const peer = this.#peers.get(key)
    if (peer !== undefined) this.#close(peer, violation('METADATA_WRONG'))
  }

  // ---- asking

  /** Everyone who can is asked for more; who comes first is drawn, so that no order of connecting is an advantage. */
  #fill(now: number): void {
    if (this.#finished) return
    const peers = Array.from(this.#peers.values())
    const first = Math.floor(this.#random.next() * peers.length)
    for (let at = 0; at < peers.length; at++) this.#ask(peers[(first + at) % peers.length] as MetadataPeer, now)
  }

  #ask(peer: MetadataPeer, now: number): void {
    if (!peer.canGive || peer.pausedUntil > now || peer.asked.size >= MOST_REQUESTS) return
    const draft = this.#drafts.find(peer.length as number, peer.key, now)
    if (draft === undefined) return
    // Requests that are older than the draft still count for it.
    for (const [piece, askedAt] of peer.asked) draft.ask(piece, peer.key, askedAt)
    while (peer.asked.size < MOST_REQUESTS) {
      const piece = draft.pick(peer.key, now)
      if (piece === undefined) return
      draft.ask(piece, peer.key, now)
      peer.asked.set(piece, now)
      this.#sendMetadata(peer, encodeMetadataMessage({ type: 'request', piece }))
    }
  }

  /** Once a second. */
  #check(peer: MetadataPeer, now: number): void {
    for (const [piece, askedAt] of Array.from(peer.asked)) {
      if (now - askedAt < REQUEST_TIMEOUT) continue
      this.#release(peer, piece)
      if (peer.pausedUntil <= now) peer.timeouts++
      peer.pausedUntil = now + PAUSE
    }
    if (peer.timeouts >= MOST_TIMEOUTS) this.#close(peer, violation('METADATA_TIMEOUT'))
    else if (!peer.canGive && now - peer.usefulAt >= IDLE) this.#close(peer, violation('METADATA_IDLE'))
  }

  #release(peer: MetadataPeer, piece: number): void {
    peer.asked.delete(piece)
    if (peer.length !== undefined) this.#drafts.peek(peer.length, peer.key)?.release(piece, peer.key)
  }

  #close(peer: MetadataPeer, error: PeerError): void {
    if (!this.#peers.has(peer.key)) return
    this.#forget(peer)
    this.#actions.push({ type: 'close', peer: peer.key, error })
  }

  #forget(peer: MetadataPeer): void {
    for (const piece of Array.from(peer.asked.keys())) this.#release(peer, piece)
    this.#peers.delete(peer.key)
    const { length } = peer
    if (length === undefined) return
    const isLast = !Array.from(this.#peers.values()).some((other) => other.length === length)
    this.#drafts.left(length, peer.key, isLast)
  }

  // ---- outbound

  #sendMetadata(peer: MetadataPeer, payload: Uint8Array): void {
    this.#send(peer.key, { type: 'extended', id: peer.messageId, payload })
  }

  #send(peer: PeerKey, message: Message): void {
    this.#actions.push({ type: 'send', peer, message })
  }
}
