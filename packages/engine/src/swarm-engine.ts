// The machine. Every input is routed to the part that knows what it means; afterwards whatever it made possible happens. Outputs wait
// in the outbox until they are pulled. Nothing here decides anything.

import { type Bitfield, type Machine, type PeerAddress, type PeerKey, type PieceIndex } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { Action, Upload } from './action.ts'
import type { HeldPiece, OpenPiece } from './carry-over.ts'
import { EngineWorks } from './engine-works.ts'
import { type EngineOptions, resolveOptions } from './options.ts'
import type { PeerInfo } from './peer.ts'
import type { PieceRange, ReadWindow } from './read-windows.ts'
import { type EngineStats, type EngineTotals, peerOf, type PeerSnapshot, statsOf, totalsOf } from './snapshot.ts'
import { type EngineParts, Swarm } from './swarm.ts'
import { leastUseful } from './turnover.ts'

/**
 * One torrent's swarm: which block to ask of whom, whom to unchoke, what a failed hash means. Times are milliseconds on any
 * clock that does not go back. After every input pull `next()` until it is empty, and call `tick` at `deadline`.
 */
export class SwarmEngine implements Machine<Action> {
  readonly #swarm: Swarm
  readonly #parts: EngineWorks

  /** @throws InputError `ENGINE_OPTION`, `HAVE_LENGTH` (the bitfield has another number of pieces than the geometry) */
  constructor(parts: EngineParts, options: EngineOptions = {}) {
    this.#swarm = new Swarm(parts, resolveOptions(options))
    this.#parts = new EngineWorks(this.#swarm)
  }

  // ---- connections

  /**
   * Handshakes are done: sends what we have, the extension handshake and the allowed-fast set. A banned address is closed at
   * once. Keys are never used twice.
   */
  connected(peer: PeerKey, info: PeerInfo, now: number): void {
    if (this.#swarm.peers.has(peer)) return
    this.#swarm.now = now
    this.#parts.connections.open(peer, info, now)
    this.#parts.settle(now)
  }

  /** The connection is gone, whoever ended it. A key that is not known any more is ignored. */
  disconnected(peer: PeerKey, now: number): void {
    this.#swarm.now = now
    this.#parts.connections.gone(peer)
    this.#parts.settle(now)
  }

  /** One batch of a socket read, hostile until checked. A broken rule gives a `close` action with a coded error. */
  received(peer: PeerKey, messages: readonly Message[], now: number): void {
    const known = this.#swarm.peers.get(peer)
    if (known === undefined) return
    this.#swarm.now = now
    this.#parts.inbound.handle(known, messages, now)
    this.#parts.settle(now)
  }

  /** True for addresses that sent wrong data: not to be dialled, and not to be let in. */
  isBanned(address: PeerAddress): boolean {
    return this.#swarm.bans.has(address)
  }

  /** Whom to part from when others need a place: `most` peers that neither send nor take anything, see `turnover.ts`. */
  leastUseful(now: number, most: number): readonly PeerKey[] {
    return leastUseful(this.#swarm.peers.values(), now, most).map(({ key }) => key)
  }

  /** Somebody is banned. */
  get hasBans(): boolean {
    return this.#swarm.bans.size > 0
  }

  /** Bans an address by hand and closes its connections. */
  ban(address: PeerAddress, now: number): void {
    this.#parts.connections.banAddress(address)
    this.#parts.settle(now)
  }

  // ---- disk

  /** Answer to `commit` and `verify`: the piece is verified and written. */
  committed(piece: PieceIndex, now: number): void {
    this.#parts.verdicts.committed(piece)
    this.#parts.hashes.attend()
    this.#parts.settle(now)
  }

  /** Answer to `commit` and `verify`: the hash is wrong. */
  rejected(piece: PieceIndex, now: number): void {
    this.#parts.verdicts.rejected(piece)
    this.#parts.settle(now)
  }

  /** Answer to `commit`, `write` and `verify`: the disk failed. The piece is wanted again, nobody is blamed. */
  failed(piece: PieceIndex, now: number): void {
    this.#parts.verdicts.failed(piece)
    this.#parts.settle(now)
  }

  /** Answer to `write`: `length` bytes of the piece from `offset` on are written. */
  written(piece: PieceIndex, offset: number, length: number, now: number): void {
    this.#parts.downloads.written(piece, offset, length)
    this.#parts.settle(now)
  }

  /**
   * Answer to `hash-blocks`: the hashes of the piece's blocks as they are on disk, padded (see `MerkleHasher.leaves`);
   * undefined when it cannot be read.
   */
  blockHashes(piece: PieceIndex, leaves: Uint8Array | undefined, now: number): void {
    this.#parts.hashes.blockHashes(piece, leaves)
    this.#parts.settle(now)
  }

  /** A piece that we had is unreadable: peers are told where they understand it (BEP 54), and it is wanted again. */
  lost(piece: PieceIndex, now: number): void {
    this.#parts.verdicts.lost(piece)
    this.#parts.settle(now)
  }

  /** A check of the disk found a piece that we did not know of. */
  gained(piece: PieceIndex, now: number): void {
    this.committed(piece, now)
  }

  /**
   * What an earlier engine had of a piece (`heldPieces`): it need not be asked for, and nobody is blamed when it is wrong. What
   * is said to be written is read back before the verdict. False when nothing of it is of use, or there is no credit to hold it.
   */
  restorePiece(held: HeldPiece, now: number): boolean {
    const isTaken = this.#parts.carryOver.restore(held, now)
    this.#parts.settle(now)
    return isTaken
  }

  /**
   * Pieces that are not complete, those first of which least is missing, without those that may be somebody's lie (they failed
   * before). Each shows what is here at the moment of looking; blocks are views, not to be kept beyond the next input.
   */
  heldPieces(): readonly OpenPiece[] {
    return this.#parts.carryOver.held()
  }

  // ---- uploads

  /**
   * The next answer to the peer that is no block (a piece of the info dictionary, BEP 9, or hashes, BEP 52); pull
   * these before `nextUpload`, as its wire takes more. Undefined when none waits.
   */
  nextReply(peer: PeerKey): Message | undefined {
    const known = this.#swarm.peers.get(peer)
    return known && (this.#parts.metadata.next(known) ?? this.#parts.hashes.nextReply(known))
  }

  /** Takes the next block off the peer's queue; undefined when it is empty or enough is on its way to the wire. */
  nextUpload(peer: PeerKey, _now: number): Upload | undefined {
    return this.#parts.uploads.next(peer)
  }

  /** What `nextUpload` will give after `distance` others unless something changes: to read ahead. */
  upcomingUpload(peer: PeerKey, distance: number): Upload | undefined {
    return this.#swarm.peers.get(peer)?.uploads.ahead(distance)
  }

  /**
   * How many whole blocks that follow one another `nextUpload` would give, at most `most`; the first is `upcomingUpload(peer, 0)`. They stay
   * in the queue until `uploadedRow`.
   */
  upcomingRow(peer: PeerKey, most: number): number {
    return this.#swarm.peers.get(peer)?.uploads.rowLength(most) ?? 0
  }

  /** The first `count` blocks of an `upcomingRow` were handed to the wire: takes them off the queue. */
  uploadedRow(peer: PeerKey, count: number, now: number): void {
    this.#parts.uploads.uploadedRow(peer, count, now)
    this.#parts.settle(now)
  }

  /** A block from `nextUpload` was handed to the wire. */
  uploaded(peer: PeerKey, bytes: number, now: number): void {
    this.#parts.uploads.uploaded(peer, bytes, now)
    this.#parts.settle(now)
  }

  /** A block from `nextUpload` could not be read: the peer is told where it understands that (BEP 6). */
  unreadable(peer: PeerKey, upload: Upload, now: number): void {
    this.#parts.uploads.unreadable(peer, upload)
    this.#parts.settle(now)
  }

  // ---- what is wanted

  /**
   * One priority per piece: 0 skips it, 1 is low, 4 normal, 7 high. What is here of a piece that is skipped is thrown away.
   * @throws InputError `PRIORITIES_LENGTH`
   */
  setPriorities(priorities: Uint8Array, now: number): void {
    this.#parts.wishes.setPriorities(priorities)
    this.#parts.settle(now)
  }

  setSequential(on: boolean, now: number): void {
    this.#swarm.picker.isSequential = on
    this.#parts.settle(now)
  }

  /** Pieces that a reader waits for, also when they are not selected. */
  openWindow(range: PieceRange, now: number): ReadWindow {
    return this.#parts.wishes.openWindow(range, now, (at) => {
      this.#parts.hashes.attend()
      this.#parts.settle(at)
    })
  }

  /** No request goes out, those on their way are cancelled, everybody is choked. Idempotent. */
  pause(now: number): void {
    this.#parts.wishes.pause(now)
    this.#parts.settle(now)
  }

  resume(now: number): void {
    this.#parts.wishes.resume()
    this.#parts.settle(now)
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
    this.#parts.settle(now)
  }

  /** Gives back the credit that the engine holds. The engine is of no use afterwards. */
  [Symbol.dispose](): void {
    this.#swarm.isPaused = true
    for (const peer of Array.from(this.#swarm.peers.keys())) this.#parts.connections.gone(peer)
    this.#swarm.ledger.close()
  }

  // ---- machine and views

  next(): Action | undefined {
    return this.#swarm.outbox.next()
  }

  tick(now: number): void {
    this.#swarm.now = now
    this.#parts.housekeeper.tick(now)
    this.#parts.settle(now)
  }

  get deadline(): number {
    return this.#parts.housekeeper.deadline
  }

  /** Verified and written pieces. Only to be read. */
  get have(): Bitfield {
    return this.#swarm.have
  }

  /** Bytes of payload, as in `stats`, which looks at every piece: for whoever asks after each. */
  get totals(): EngineTotals {
    return totalsOf(this.#swarm)
  }

  /** Every selected piece is here. */
  get isFinished(): boolean {
    return this.#swarm.selection.isFinished
  }

  /** Nothing is needed of anybody, not by readers either (BEP 21). */
  get isUploadOnly(): boolean {
    return this.#swarm.isUploadOnly
  }

  get stats(): EngineStats {
    return statsOf(this.#swarm)
  }

  peer(key: PeerKey): PeerSnapshot | undefined {
    const peer = this.#swarm.peers.get(key)
    return peer && peerOf(this.#swarm, peer)
  }

  /** One per connection, in order of connecting. */
  peers(): PeerSnapshot[] {
    return Array.from(this.#swarm.peers.values(), (peer) => peerOf(this.#swarm, peer))
  }

  /** Copies of each piece among connected peers; a fresh array. */
  availability(): Uint32Array {
    return this.#swarm.availability.toArray()
  }
}
