// The whole join between one engine and the world: what happens on connections and on disk goes in, what the engine wants
// done comes out and is performed. No policy lives here. The order that everything rests on: a piece is committed to the
// engine, and told to anybody, only after its write has resolved.

import type { Action, EngineEvent, SwarmEngine, Upload } from '@torrential/engine'
import {
  LazyMap,
  type Clock,
  drive,
  type Drive,
  type Geometry,
  giveBack,
  type PeerError,
  type PeerKey,
  type PieceIndex,
  type StorageError,
  type TorrentialError,
} from '@torrential/primitives'
import type { Capabilities, Message } from '@torrential/protocol'
import type { CachedStorage } from '@torrential/storage'
import type { RateLimit } from '@torrential/transport'
import type { BlockHasher } from './block-hasher.ts'
import { type Deferred, deferred } from './deferred.ts'
import { type ConnectionOwner, type EstablishedPeer, PeerConnection } from './peer-connection.ts'
import type { PieceCommitter } from './piece-committer.ts'
import { asStorageError } from './torrent-contents.ts'
import type { TurnBudget } from './turn-budget.ts'

/** What happened that the torrent has to know. */
export interface DriverEvents {
  pieceCommitted(piece: PieceIndex): void
  pieceRejected(piece: PieceIndex): void
  /** Disk trouble; `piece` could not be read or written. */
  storageFailed(error: StorageError, piece: PieceIndex, during: 'read' | 'write'): void
  engineEvent(event: EngineEvent, connection: PeerConnection | undefined): void
  connected(connection: PeerConnection): void
  disconnected(connection: PeerConnection, error: TorrentialError | undefined): void
  /** A batch came, `bytes` of it new from the socket. */
  received(connection: PeerConnection, messages: readonly Message[], bytes: number): void
  /** A message left, with `bytes` of everything that was made for the peer since the last. */
  sent(connection: PeerConnection, message: Message, bytes: number): void
  /** Somebody wants to hear of each message: they are told by `sent`. */
  wantsMessages(): boolean
  /** Messages left that nobody wants to hear of one by one. */
  sentBytes(connection: PeerConnection, bytes: number): void
}

export interface DriverParts {
  readonly engine: SwarmEngine
  readonly clock: Clock
  /** Reads for uploads. */
  readonly storage: CachedStorage
  readonly committer: PieceCommitter
  /** v2 and hybrid. */
  readonly hasher: BlockHasher | undefined
  readonly geometry: Geometry
  readonly down: RateLimit
  readonly up: RateLimit
  readonly turns: TurnBudget
  readonly events: DriverEvents
}

export class TorrentDriver implements ConnectionOwner, Disposable {
  readonly engine: SwarmEngine
  readonly clock: Clock
  readonly down: RateLimit
  readonly up: RateLimit
  readonly turns: TurnBudget
  readonly #parts: DriverParts
  readonly #drive: Drive
  readonly #connections = new LazyMap<PeerKey, PeerConnection>()
  #nextKey = 1
  #disposed = false
  #isPaused = false
  /** Jobs of the disk under way. */
  #jobs = 0
  #idle: Deferred<void> | undefined

  constructor(parts: DriverParts) {
    this.#parts = parts
    this.engine = parts.engine
    this.clock = parts.clock
    this.down = parts.down
    this.turns = parts.turns
    this.up = parts.up
    this.#drive = drive(parts.engine, parts.clock, (action) => this.#perform(action))
  }

  get connections(): ReadonlyMap<PeerKey, PeerConnection> {
    return this.#connections
  }

  /** Takes over an established connection. */
  attach(established: EstablishedPeer, capabilities: Capabilities): PeerConnection {
    const { pieceCount } = this.#parts.geometry
    if (pieceCount > 0) established.wire.pieceCount = pieceCount
    const connection = new PeerConnection(this.#nextKey++ as PeerKey, established, this)
    this.#connections.set(connection.key, connection)
    const { peerId, address, incoming, greeted = false } = established
    this.engine.connected(connection.key, { peerId, capabilities, address, incoming, greeted }, this.clock.now())
    this.#parts.events.connected(connection)
    connection.start()
    this.pump()
    return connection
  }

  pump(): void {
    this.#drive.pump()
  }

  /** No block goes either way while it is true. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Stops the data at once, or lets it go on; connections stay. */
  setPaused(paused: boolean): void {
    this.#isPaused = paused
    if (paused) this.engine.pause(this.clock.now())
    else this.engine.resume(this.clock.now())
    this.pump()
  }

  /** Nobody is connected, and no job of the disk is under way. */
  get isAtRest(): boolean {
    return this.#connections.size === 0 && this.#jobs === 0
  }

  /** Resolves when no piece is being written or verified. New ones may begin at any time unless the data is paused. */
  async idle(): Promise<void> {
    if (this.#jobs === 0) return
    this.#idle ??= deferred()
    await this.#idle.promise
  }

  closeConnections(error: PeerError): void {
    for (const connection of this.#connections.values()) connection.close(error)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#drive[Symbol.dispose]()
    this.engine[Symbol.dispose]()
  }

  /** Undefined as well of a block that ends behind its piece: `readBlock` pads it. */
  peekBlock(upload: Upload): Uint8Array | undefined {
    return this.#parts.storage.peek(upload.piece, upload.offset, upload.length)
  }

  peekRow(first: Upload, most: number): Uint8Array | undefined {
    return this.#parts.events.wantsMessages() ? undefined : this.#parts.storage.peekRow(first.piece, first.offset, most)
  }

  bringRow(first: Upload): Promise<void> | undefined {
    return this.#parts.events.wantsMessages() ? undefined : this.#parts.storage.bringRow(first.piece, first.offset)
  }

  readAhead(upload: Upload): void {
    this.#parts.storage.prefetch(upload.piece, upload.offset)
  }

  readBlock({ piece, offset, length }: Upload): Promise<Uint8Array> {
    const left = this.#parts.geometry.lengthOf(piece) - offset
    return length <= left
      ? this.#parts.storage.read(piece, offset, length)
      : this.#readPadded(piece, offset, left, length)
  }

  /** A block that ends behind its file, where v2 has nothing: zeros follow (see `Geometry.requestable`). */
  async #readPadded(piece: PieceIndex, offset: number, length: number, padded: number): Promise<Uint8Array> {
    const block = new Uint8Array(padded)
    block.set(await this.#parts.storage.read(piece, offset, length))
    return block
  }

  readFailed(upload: Upload, error: unknown): void {
    this.#parts.events.storageFailed(asStorageError(error), upload.piece, 'read')
    this.pump()
  }

  received(connection: PeerConnection, messages: readonly Message[], bytes: number): void {
    this.#parts.events.received(connection, messages, bytes)
  }

  sent(connection: PeerConnection, message: Message, bytes: number): void {
    this.#parts.events.sent(connection, message, bytes)
  }

  sentBytes(connection: PeerConnection, bytes: number): void {
    this.#parts.events.sentBytes(connection, bytes)
  }

  closed(connection: PeerConnection, error: TorrentialError | undefined): void {
    this.#connections.delete(connection.key)
    this.#parts.events.disconnected(connection, error)
    this.engine.disconnected(connection.key, this.clock.now())
    this.pump()
  }

  #perform(action: Action): void {
    switch (action.type) {
      case 'send':
        this.#connections.get(action.peer)?.send(action.message)
        return
      case 'send-haves':
        this.#connections.get(action.peer)?.sendHaves(action.pieces, this.#parts.events.wantsMessages())
        return
      case 'upload-ready':
        this.#connections.get(action.peer)?.startUploads()
        return
      case 'commit':
        void this.#onDisk(action.piece, this.#commit(action.piece, action.blocks))
        return
      case 'write':
        void this.#onDisk(action.piece, this.#write(action.piece, action.offset, action.blocks))
        return
      case 'verify':
        void this.#onDisk(action.piece, this.#verify(action.piece))
        return
      case 'hash-blocks':
        void this.#onDisk(action.piece, this.#hashBlocks(action.piece))
        return
      case 'close':
        this.#connections.get(action.peer)?.close(action.error)
        return
      case 'event':
        this.#parts.events.engineEvent(action.event, this.#connectionOf(action.event))
        return
      default:
        action satisfies never
    }
  }

  #connectionOf(event: EngineEvent): PeerConnection | undefined {
    return 'peer' in event ? this.#connections.get(event.peer) : undefined
  }

  async #commit(piece: PieceIndex, blocks: readonly Uint8Array[]): Promise<void> {
    // The engine looks at the blocks for the last time when it hears of the verdict; those of a piece that it does not take
    // (failed, or known already) are left to the garbage collector.
    if (this.#decided(piece, await this.#parts.committer.commit(piece, blocks))) giveBack(blocks)
  }

  async #write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[]): Promise<void> {
    let length = 0
    for (const block of blocks) length += block.length
    await this.#parts.committer.write(piece, offset, blocks)
    if (this.#disposed) return
    this.engine.written(piece, offset, length, this.clock.now())
    giveBack(blocks)
  }

  async #verify(piece: PieceIndex): Promise<void> {
    this.#decided(piece, await this.#parts.committer.verify(piece))
  }

  async #hashBlocks(piece: PieceIndex): Promise<void> {
    // Whatever is wrong with the disk shows where the piece is read for its own sake.
    const leaves = await this.#parts.hasher?.leaves(piece).catch(() => undefined)
    if (!this.#disposed) this.engine.blockHashes(piece, leaves, this.clock.now())
  }

  /** True when we have the piece from now on. */
  #decided(piece: PieceIndex, good: boolean): boolean {
    if (this.#disposed) return false
    if (!good) {
      this.engine.rejected(piece, this.clock.now())
      this.#parts.events.pieceRejected(piece)
      return false
    }
    const isNew = !this.engine.have.has(piece)
    this.engine.committed(piece, this.clock.now())
    if (isNew) this.#parts.events.pieceCommitted(piece)
    return isNew
  }

  /** Never rejects: a failure of the disk becomes the engine's and the torrent's. */
  async #onDisk(piece: PieceIndex, work: Promise<void>): Promise<void> {
    this.#jobs++
    try {
      await work
    } catch (error) {
      if (!this.#disposed) {
        this.engine.failed(piece, this.clock.now())
        this.#parts.events.storageFailed(asStorageError(error), piece, 'write')
      }
    }
    this.#jobs--
    if (!this.#disposed) this.pump()
    // Asked again after the pump: the end of one job may begin the next.
    if (this.#jobs > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }
}
