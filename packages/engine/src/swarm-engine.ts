// The machine. Every input is routed to the part that knows what it means; afterwards whatever it made possible happens: free
// slots are given away, idle peers look for work. Outputs wait in the outbox until they are pulled. Nothing here decides
// anything.

import {
  BLOCK_LENGTH,
  type Bitfield,
  type Machine,
  type PeerAddress,
  type PeerKey,
  type PieceIndex,
} from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { Action, Upload } from './action.ts'
import { Connections } from './connections.ts'
import { Downloads } from './downloads.ts'
import { Housekeeper } from './housekeeper.ts'
import { HashExchange } from './hash-exchange.ts'
import { Inbound } from './inbound.ts'
import { Interest } from './interest.ts'
import { MetadataServe } from './metadata-serve.ts'
import { type EngineOptions, resolveOptions } from './options.ts'
import type { PeerInfo } from './peer.ts'
import type { PieceRange, ReadWindow } from './read-windows.ts'
import { Requester } from './requester.ts'
import { type EngineStats, type PeerSnapshot, statsOf } from './snapshot.ts'
import { type EngineParts, Swarm } from './swarm.ts'
import { Uploads } from './uploads.ts'
import { Wishes } from './wishes.ts'

/**
 * One torrent's swarm: which block to ask of whom, whom to unchoke, what a failed hash means. Times are milliseconds on any
 * clock that does not go back. After every input pull `next()` until it is empty, and call `tick` at `deadline`.
 */
export class SwarmEngine implements Machine<Action> {
  readonly #swarm: Swarm
  readonly #requester: Requester
  readonly #connections: Connections
  readonly #downloads: Downloads
  readonly #uploads: Uploads
  readonly #metadata: MetadataServe
  readonly #hashes: HashExchange
  readonly #inbound: Inbound
  readonly #housekeeper: Housekeeper
  readonly #wishes: Wishes

  /** @throws InputError `ENGINE_OPTION`, `HAVE_LENGTH` (the bitfield has another number of pieces than the geometry) */
  constructor(parts: EngineParts, options: EngineOptions = {}) {
    const swarm = new Swarm(parts, resolveOptions(options))
    const interest = new Interest(swarm)
    const requester = new Requester(swarm)
    const connections = new Connections(swarm, requester)
    const hashes = new HashExchange(swarm, connections)
    const downloads = new Downloads(swarm, { requester, connections, interest, hashes })
    const uploads = new Uploads(swarm, connections)
    this.#swarm = swarm
    this.#requester = requester
    this.#connections = connections
    this.#downloads = downloads
    this.#uploads = uploads
    this.#metadata = new MetadataServe({ outbox: swarm.outbox, connections, metadata: swarm.metadata })
    this.#hashes = hashes
    this.#inbound = new Inbound(swarm, {
      requester,
      connections,
      interest,
      downloads,
      uploads,
      metadata: this.#metadata,
      hashes,
    })
    this.#housekeeper = new Housekeeper(swarm, { requester, connections, downloads, uploads, hashes })
    this.#wishes = new Wishes(swarm, { requester, connections, downloads, interest, uploads })
  }

  // ---- connections

  /**
   * Handshakes are done: sends what we have, the extension handshake and the allowed-fast set. A banned address is closed at
   * once. Keys are never used twice.
   */
  connected(peer: PeerKey, info: PeerInfo, now: number): void {
    if (this.#swarm.peers.has(peer)) return
    this.#swarm.now = now
    this.#connections.open(peer, info, now)
    this.#settle(now)
  }

  /** The connection is gone, whoever ended it. A key that is not known any more is ignored. */
  disconnected(peer: PeerKey, now: number): void {
    this.#swarm.now = now
    this.#connections.gone(peer)
    this.#settle(now)
  }

  /** One batch of a socket read, hostile until checked. A broken rule gives a `close` action with a coded error. */
  received(peer: PeerKey, messages: readonly Message[], now: number): void {
    const known = this.#swarm.peers.get(peer)
    if (known === undefined) return
    this.#swarm.now = now
    this.#inbound.handle(known, messages, now)
    this.#settle(now)
  }

  /** True for addresses that sent wrong data: not to be dialled, and not to be let in. */
  isBanned(address: PeerAddress): boolean {
    return this.#swarm.bans.has(address)
  }

  /** Somebody is banned. */
  get hasBans(): boolean {
    return this.#swarm.bans.size > 0
  }

  /** Bans an address by hand and closes its connections. */
  ban(address: PeerAddress, now: number): void {
    this.#connections.banAddress(address)
    this.#settle(now)
  }

  // ---- disk

  /** Answer to `commit` and `verify`: the piece is verified and written. */
  committed(piece: PieceIndex, now: number): void {
    this.#downloads.committed(piece)
    this.#hashes.attend()
    this.#settle(now)
  }

  /** Answer to `commit` and `verify`: the hash is wrong. */
  rejected(piece: PieceIndex, now: number): void {
    this.#downloads.rejected(piece)
    this.#settle(now)
  }

  /** Answer to `commit`, `write` and `verify`: the disk failed. The piece is wanted again, nobody is blamed. */
  failed(piece: PieceIndex, now: number): void {
    this.#downloads.failed(piece)
    this.#settle(now)
  }

  /** Answer to `write`: `length` bytes of the piece from `offset` on are written. */
  written(piece: PieceIndex, offset: number, length: number, now: number): void {
    this.#downloads.written(piece, offset, length)
    this.#settle(now)
  }

  /**
   * Answer to `hash-blocks`: the hashes of the piece's blocks as they are on disk, padded (see `MerkleHasher.leaves`);
   * undefined when it cannot be read.
   */
  blockHashes(piece: PieceIndex, leaves: Uint8Array | undefined, now: number): void {
    this.#hashes.blockHashes(piece, leaves)
    this.#settle(now)
  }

  /** A piece that we had is unreadable: peers are told where they understand it (BEP 54), and it is wanted again. */
  lost(piece: PieceIndex, now: number): void {
    this.#downloads.lost(piece)
    this.#settle(now)
  }

  /** A check of the disk found a piece that we did not know of. */
  gained(piece: PieceIndex, now: number): void {
    this.committed(piece, now)
  }

  /**
   * A block that an earlier engine held (`heldBlocks`), `offset` a multiple of 16 KiB: it need not be asked for, and nobody is
   * blamed when it is wrong. False when it is of no use, or there is no credit to hold it.
   */
  restoreBlock(piece: PieceIndex, offset: number, block: Uint8Array, now: number): boolean {
    const isTaken = this.#downloads.restore(piece, offset / BLOCK_LENGTH, block, now)
    this.#settle(now)
    return isTaken
  }

  /**
   * Blocks in memory of pieces that are not complete, without those that may be somebody's lie (their piece failed before) and
   * those of pieces that are written in runs; of pieces that were begun before `begunBefore` only. They are views: not to be kept beyond
   * the next input.
   */
  *heldBlocks(
    begunBefore = Number.POSITIVE_INFINITY,
  ): Generator<{ readonly piece: PieceIndex; readonly offset: number; readonly block: Uint8Array }> {
    for (const partial of this.#swarm.store.values()) {
      if (partial.isCommitting || partial.inRuns || partial.isSuspect || partial.openedAt >= begunBefore) continue
      const padding = this.#swarm.geometry.paddingStart(partial.piece)
      for (const [block, bytes] of partial.held()) {
        if (block * BLOCK_LENGTH < padding) yield { piece: partial.piece, offset: block * BLOCK_LENGTH, block: bytes }
      }
    }
  }

  // ---- uploads

  /**
   * The next answer to the peer that is no block (a piece of the info dictionary, BEP 9, or hashes, BEP 52); pull
   * these before `nextUpload`, as its wire takes more. Undefined when none waits.
   */
  nextReply(peer: PeerKey): Message | undefined {
    const known = this.#swarm.peers.get(peer)
    return known && (this.#metadata.next(known) ?? this.#hashes.nextReply(known))
  }

  /** Takes the next block off the peer's queue; undefined when it is empty or enough is on its way to the wire. */
  nextUpload(peer: PeerKey, _now: number): Upload | undefined {
    const known = this.#swarm.peers.get(peer)
    return known && this.#uploads.next(known)
  }

  /** What `nextUpload` will give after `distance` others unless something changes: to read ahead. */
  upcomingUpload(peer: PeerKey, distance: number): Upload | undefined {
    return this.#swarm.peers.get(peer)?.uploads.ahead(distance)
  }

  /** A block from `nextUpload` was handed to the wire. */
  uploaded(peer: PeerKey, bytes: number, now: number): void {
    this.#swarm.up.add(bytes, now)
    const known = this.#swarm.peers.get(peer)
    if (known !== undefined) this.#uploads.uploaded(known, bytes, now)
    this.#settle(now)
  }

  /** A block from `nextUpload` could not be read: the peer is told where it understands that (BEP 6). */
  unreadable(peer: PeerKey, upload: Upload, now: number): void {
    const known = this.#swarm.peers.get(peer)
    if (known !== undefined) this.#uploads.unreadable(known, upload)
    this.#settle(now)
  }

  // ---- what is wanted

  /**
   * One priority per piece: 0 skips it, 1 is low, 4 normal, 7 high. What is here of a piece that is skipped is thrown away.
   * @throws InputError `PRIORITIES_LENGTH`
   */
  setPriorities(priorities: Uint8Array, now: number): void {
    this.#wishes.setPriorities(priorities)
    this.#settle(now)
  }

  setSequential(on: boolean, now: number): void {
    this.#swarm.picker.isSequential = on
    this.#settle(now)
  }

  /** Pieces that a reader waits for, also when they are not selected. */
  openWindow(range: PieceRange, now: number): ReadWindow {
    return this.#wishes.openWindow(range, now, (at) => {
      this.#hashes.attend()
      this.#settle(at)
    })
  }

  /** No request goes out, those on their way are cancelled, everybody is choked. Idempotent. */
  pause(now: number): void {
    this.#wishes.pause(now)
    this.#settle(now)
  }

  resume(now: number): void {
    this.#wishes.resume()
    this.#settle(now)
  }

  /**
   * Changes options from now on; absent ones stay. `creditBytes` is read at the start only.
   * @throws InputError `ENGINE_OPTION`
   */
  configure(options: EngineOptions, now: number): void {
    this.#swarm.options = resolveOptions(options, this.#swarm.options)
    this.#swarm.picker.isSequential = this.#swarm.options.sequential
    this.#swarm.hasFreeSlot = true
    this.#swarm.hasNewWork = true
    this.#settle(now)
  }

  /** Gives back the credit that the engine holds. The engine is of no use afterwards. */
  [Symbol.dispose](): void {
    this.#swarm.isPaused = true
    for (const peer of Array.from(this.#swarm.peers.keys())) this.#connections.gone(peer)
    this.#swarm.ledger.close()
  }

  // ---- machine

  next(): Action | undefined {
    return this.#swarm.outbox.next()
  }

  tick(now: number): void {
    this.#swarm.now = now
    this.#housekeeper.tick(now)
    this.#settle(now)
  }

  get deadline(): number {
    return this.#housekeeper.deadline
  }

  // ---- views

  /** Verified and written pieces. Only to be read. */
  get have(): Bitfield {
    return this.#swarm.have
  }

  get stats(): EngineStats {
    return statsOf(this.#swarm)
  }

  peer(key: PeerKey): PeerSnapshot | undefined {
    const { now, shares } = this.#swarm
    const peer = this.#swarm.peers.get(key)
    return peer?.snapshot(now, peer.pipeline.depth(shares))
  }

  /** One per connection, in order of connecting. */
  peers(): PeerSnapshot[] {
    const { now, shares } = this.#swarm
    return Array.from(this.#swarm.peers.values(), (peer) => peer.snapshot(now, peer.pipeline.depth(shares)))
  }

  /** Copies of each piece among connected peers; a fresh array. */
  availability(): Uint32Array {
    return this.#swarm.availability.toArray()
  }

  /** What became possible by the input. */
  #settle(now: number): void {
    const swarm = this.#swarm
    if (now > swarm.now) swarm.now = now
    if (swarm.hasFreeSlot) this.#uploads.fillVacancies(now)
    if (swarm.hasNewWork || (swarm.ledger.isStarved && !swarm.ledger.isFull)) this.#requester.fillAll(now)
    this.#requester.updateEndgame()
    if (swarm.hasHashWork) this.#hashes.fill(now)
    this.#housekeeper.reschedule(now)
  }
}
