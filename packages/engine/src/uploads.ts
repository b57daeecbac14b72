// Giving: requests of peers wait in their queues until the driver pulls them; choking and unchoking, at once where slots are
// free and in rounds where peers compete. A peer with the fast extension is told of every request that it will not get.

import { BLOCK_LENGTH, type BlockRef, type PeerKey } from '@torrential/primitives'
import type { Message, RequestMessage } from '@torrential/protocol'
import type { Upload } from './action.ts'
import type { ChokerRules } from './choker.ts'
import type { Connections } from './connections.ts'
import type { Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'
import { violation } from './violation.ts'

const CHOKE: Message = { type: 'choke' }
const UNCHOKE: Message = { type: 'unchoke' }

export class Uploads {
  readonly #swarm: Swarm
  readonly #connections: Connections

  constructor(swarm: Swarm, connections: Connections) {
    this.#swarm = swarm
    this.#connections = connections
  }

  /** A request. Its range has been checked. */
  request(peer: Peer, block: BlockRef): void {
    const { have, options, isPaused } = this.#swarm
    const isOpen = !peer.amChoking || this.#isGranted(peer, block.piece)
    if (!isOpen || isPaused || !have.has(block.piece) || !peer.uploads.push(block, options.maxQueuedUploads)) {
      this.#refuse(peer, block)
      return
    }
    this.#announce(peer)
  }

  cancel(peer: Peer, block: BlockRef): void {
    if (peer.uploads.cancel(block.piece, block.offset, block.length)) this.#reject(peer, block)
  }

  next(key: PeerKey): Upload | undefined {
    const peer = this.#swarm.peers.get(key)
    const upload = peer?.uploads.take(this.#swarm.options.maxUnsentBytes)
    if (peer !== undefined && upload === undefined) peer.uploads.isPulled = false
    return upload
  }

  /** Whether the peer is still here or not. */
  uploaded(key: PeerKey, bytes: number, now: number): void {
    const { peers, up } = this.#swarm
    up.add(bytes, now)
    const peer = peers.get(key)
    if (peer === undefined) return
    peer.uploads.settle(bytes)
    peer.up.add(bytes, now)
    peer.usedAt = now
    peer.uploadedSinceUnchoke += bytes
    peer.refusedRequests = 0
    this.#announce(peer)
  }

  /** The next `count` requests, which are for whole blocks, were answered at once. */
  uploadedRow(key: PeerKey, count: number, now: number): void {
    this.#swarm.peers.get(key)?.uploads.passRow(count)
    this.uploaded(key, count * BLOCK_LENGTH, now)
  }

  /** What was handed out could not be read. */
  unreadable(key: PeerKey, upload: Upload): void {
    const peer = this.#swarm.peers.get(key)
    if (peer === undefined) return
    peer.uploads.settle(upload.length)
    this.#reject(peer, upload)
    this.#announce(peer)
  }

  /** Unchokes waiting peers while slots are free. */
  fillVacancies(now: number): void {
    this.#swarm.hasFreeSlot = false
    if (this.#swarm.isPaused) return
    for (const peer of this.#swarm.choker.vacancies(this.#swarm.peers.values(), this.#rules())) this.#unchoke(peer, now)
  }

  round(now: number): void {
    if (this.#swarm.isPaused) return
    const { choke, unchoke } = this.#swarm.choker.round(this.#swarm.peers.values(), this.#rules(), now)
    for (const peer of choke) this.choke(peer, now)
    for (const peer of unchoke) this.#unchoke(peer, now)
  }

  choke(peer: Peer, now: number): void {
    if (peer.amChoking) return
    peer.amChoking = true
    peer.chokedAt = now
    peer.isOptimistic = false
    peer.refusedRequests = 0
    this.#swarm.outbox.send(peer.key, CHOKE)
    this.#swarm.outbox.event({ type: 'choked', peer: peer.key, by: 'us' })
    for (const block of peer.uploads.drop((waiting) => peer.grantedFast.has(waiting.piece))) this.#reject(peer, block)
  }

  /** Drops everything that waits, granted or not. */
  dropAll(peer: Peer): void {
    for (const block of peer.uploads.drop(() => false)) this.#reject(peer, block)
  }

  #unchoke(peer: Peer, now: number): void {
    peer.amChoking = false
    peer.unchokedAt = now
    peer.uploadedSinceUnchoke = 0
    peer.refusedRequests = 0
    this.#swarm.outbox.send(peer.key, UNCHOKE)
    this.#swarm.outbox.event({ type: 'unchoked', peer: peer.key, by: 'us' })
  }

  #rules(): ChokerRules {
    const { options, selection, geometry } = this.#swarm
    return {
      slots: options.uploadSlots,
      isSeeding: selection.isFinished,
      seedChoking: options.seedChoking,
      optimisticInterval: options.optimisticInterval,
      pieceLength: geometry.pieceLength,
    }
  }

  #isGranted(peer: Peer, piece: number): boolean {
    const left = peer.grantedFast.get(piece) ?? 0
    if (left > 0) peer.grantedFast.set(piece, left - 1)
    return left > 0
  }

  /** Tells the driver once that there is something to pull. */
  #announce(peer: Peer): void {
    const { uploads } = peer
    if (uploads.length === 0 || uploads.isPulled) return
    uploads.isPulled = true
    this.#swarm.outbox.push({ type: 'upload-ready', peer: peer.key })
  }

  #refuse(peer: Peer, block: BlockRef): void {
    this.#reject(peer, block)
    peer.refusedRequests++
    // A peer that was just choked may have a whole queue of requests on their way; beyond that it does not listen.
    if (peer.refusedRequests > 2 * this.#swarm.options.requestQueue) {
      this.#connections.close(peer, violation('REQUEST_FLOOD', { refused: peer.refusedRequests }))
    }
  }

  #reject(peer: Peer, block: BlockRef): void {
    if (!peer.info.capabilities.fast) return
    const { piece, offset, length } = block
    const message: RequestMessage = { type: 'request', piece, offset, length }
    this.#swarm.outbox.send(peer.key, { ...message, type: 'reject' })
  }
}
