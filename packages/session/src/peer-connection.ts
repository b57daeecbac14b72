// One connected peer: two loops between its wire and the engine. The receive loop takes a batch of messages (one socket read)
// at a time, so there is one await per read, not per message; waiting for the rate limit is simply not pulling, which stops
// the socket. The upload loop runs while the engine has something for this peer and reads a block only when the wire takes
// it. Whatever ends either loop ends the connection once, with a coded reason.

import type { ByteStream } from '@torrential/contracts'
import type { SwarmEngine, Upload } from '@torrential/engine'
import {
  type Clock,
  isTorrentialError,
  type PeerAddress,
  PeerError,
  type PeerId,
  type PeerKey,
  type TorrentialError,
} from '@torrential/primitives'
import { type Message, tailOf } from '@torrential/protocol'
import type { RateLimit } from '@torrential/transport'
import type { Wire } from '@torrential/wire'
import { FRAMED_LENGTH } from './message-frame.ts'
import { Peer, type PeerLink } from './peer.ts'
import type { TurnBudget } from './turn-budget.ts'

/** Requests: while one is served, the block that is asked for so many later is read. Two runs of the read cache. */
const readAhead = 32

/** Blocks that leave as one view at the most: a run of the read cache. */
const longestRow = 16

/** Requests: of a row, what is asked for behind every so many of them is read ahead. */
const aheadStep = 8

/** Bytes that wait for a peer to read them: the block queue of a wire, and more small messages than anybody leaves unread. */
const mostBuffered = 4 * 1024 * 1024

/** An established connection: the handshake is done. */
export interface EstablishedPeer {
  readonly wire: Wire
  readonly stream: ByteStream
  readonly peerId: PeerId
  readonly incoming: boolean
  /** The address under which the torrent may know the peer: where it listens, when we dialed it. */
  readonly address: PeerAddress
  /** Read these instead of the wire's own: it was used before, and what the peer said then comes first. */
  readonly messages?: AsyncIterable<readonly Message[]>
  /** The peer was told that we have nothing. */
  readonly greeted?: boolean
}

/** What a connection needs from its driver. */
export interface ConnectionOwner {
  readonly engine: SwarmEngine
  readonly clock: Clock
  readonly down: RateLimit
  readonly up: RateLimit
  /** Shared by all connections of a session. */
  readonly turns: TurnBudget
  /** Performs what the engine wants now. */
  pump(): void
  /** The block, when it is in memory already. */
  peekBlock(upload: Upload): Uint8Array | undefined
  readBlock(upload: Upload): Promise<Uint8Array>
  /**
   * The messages of whole blocks in a row, at most `most`, as many of them as are in memory together; undefined when the first is not, or when
   * somebody wants to hear of each message.
   */
  peekRow(first: Upload, most: number): Uint8Array | undefined
  /** The block will be asked for soon. */
  readAhead(upload: Upload): void
  readFailed(upload: Upload, error: unknown): void
  /** True: no block may be sent now. */
  readonly isPaused: boolean
  received(connection: PeerConnection, messages: readonly Message[], bytes: number): void
  sent(connection: PeerConnection, message: Message, bytes: number): void
  /** Resolves when `peekRow` should be asked again; undefined when there is nothing to wait for. */
  bringRow(first: Upload): Promise<void> | undefined
  /** Messages that were not told one by one. */
  sentBytes(connection: PeerConnection, bytes: number): void
  closed(connection: PeerConnection, error: TorrentialError | undefined): void
}

export class PeerConnection implements PeerLink {
  readonly key: PeerKey
  readonly address: PeerAddress
  readonly peerId: PeerId
  readonly incoming: boolean
  readonly via: string
  /** Where it can be dialed again: unknown of an incoming connection until the peer tells. */
  dialable: PeerAddress | undefined
  /** The view that users get. */
  readonly peer: Peer
  readonly #wire: Wire
  readonly #messages: AsyncIterable<readonly Message[]>
  readonly #owner: ConnectionOwner
  readonly #abort = new AbortController()
  readonly #since: number
  #uploading = false
  #closed = false
  /** Of `bytesOut`, what was told already. */
  #toldOut: number

  constructor(key: PeerKey, established: EstablishedPeer, owner: ConnectionOwner) {
    this.key = key
    this.address = established.address
    this.peerId = established.peerId
    this.incoming = established.incoming
    this.via = established.stream.via
    this.dialable = established.incoming ? undefined : established.address
    this.#wire = established.wire
    this.#messages = established.messages ?? established.wire.receive()
    this.#owner = owner
    this.#since = owner.clock.now()
    this.#toldOut = established.wire.bytesOut
    this.peer = new Peer(this)
  }

  /** Milliseconds since the handshake. */
  get age(): number {
    return this.#owner.clock.now() - this.#since
  }

  get bytesIn(): number {
    return this.#wire.bytesIn
  }

  get bytesOut(): number {
    return this.#wire.bytesOut
  }

  snapshot(): ReturnType<SwarmEngine['peer']> {
    return this.#owner.engine.peer(this.key)
  }

  /** Starts the receive loop; the engine knows the peer already. */
  start(): void {
    this.#receive().then(
      () => this.close(undefined),
      (error: unknown) => this.close(asPeerError(error)),
    )
  }

  send(message: Message): void {
    if (this.#closed) return
    this.#wire.send(message)
    this.#tellSent(message)
    if (this.#wire.buffered <= mostBuffered) return
    this.close(
      new PeerError('PEER_NOT_READING', 'the peer does not read what it is told', { bytes: this.#wire.buffered }),
    )
  }

  /** Idempotent. Without an error the peer has simply gone. */
  close(error: TorrentialError | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#abort.abort()
    void this.#wire.close(error instanceof PeerError ? error : undefined)
    this.#owner.closed(this, error)
  }

  /** The engine has blocks for this peer: starts the upload loop unless it runs. */
  startUploads(): void {
    if (this.#uploading || this.#closed) return
    this.#uploading = true
    this.#upload().catch((error: unknown) => {
      this.#uploading = false
      if (!this.#closed) this.close(asPeerError(error))
    })
  }

  async #receive(): Promise<void> {
    const { engine, clock, down, turns } = this.#owner
    let counted = this.#wire.bytesIn
    for await (const batch of this.#messages) {
      const bytes = this.#wire.bytesIn - counted
      counted += bytes
      const turn = turns.take(bytes)
      if (turn !== undefined) {
        await turn
        if (this.#closed) return
      }
      this.#owner.received(this, batch, bytes)
      engine.received(this.key, batch, clock.now())
      this.#owner.pump()
      if (this.#closed) return
      if (bytes > 0 && !down.take(bytes)) await down.wait(bytes, { signal: this.#abort.signal })
    }
  }

  async #upload(): Promise<void> {
    const { engine, clock, up } = this.#owner
    let wasBrought = false
    for (;;) {
      const reply = this.#closed ? undefined : engine.nextReply(this.key)
      if (reply !== undefined) {
        await this.#reply(reply)
        continue
      }
      const row = this.#closed ? undefined : this.#sendRow()
      if (row !== undefined) {
        wasBrought = false
        if (!row) await this.#wire.drained({ signal: this.#abort.signal })
        continue
      }
      const coming = this.#closed || wasBrought ? undefined : this.#bringRow()
      if (coming !== undefined) {
        // Once: what does not come as a row goes by itself.
        wasBrought = true
        await coming
        continue
      }
      wasBrought = false
      const upload = this.#closed ? undefined : engine.nextUpload(this.key, clock.now())
      if (upload === undefined) {
        // In the same turn: the next request must find the loop stopped, or nobody would ever answer it.
        this.#uploading = false
        return
      }
      const ahead = engine.upcomingUpload(this.key, readAhead)
      if (ahead !== undefined) this.#owner.readAhead(ahead)
      if (!up.take(upload.length)) await up.wait(upload.length, { signal: this.#abort.signal })
      // Most blocks are in memory, and then nothing is waited for until the wire is full.
      const inMemory = this.#owner.isPaused ? undefined : this.#owner.peekBlock(upload)
      const block = inMemory ?? (await this.#read(upload))
      if (this.#closed) return
      if (block === undefined) continue
      const message: Message = { type: 'piece', piece: upload.piece, offset: upload.offset, block }
      const more = this.#wire.send(message)
      engine.uploaded(this.key, block.length, clock.now())
      this.#tellSent(message)
      this.#owner.pump()
      if (!more) await this.#wire.drained({ signal: this.#abort.signal })
    }
  }

  /**
   * Most blocks are asked for in rows and are in memory: those leave as one view, and what follows on each of them is done once for all.
   * Undefined: the next block has to go by itself. False: wait until the wire has drained.
   */
  #sendRow(): boolean | undefined {
    const { engine, clock } = this.#owner
    const first = this.#firstOfRow()
    const most = first && engine.upcomingRow(this.key, longestRow)
    const row = first && most ? this.#owner.peekRow(first, most) : undefined
    if (row === undefined) return undefined
    const count = row.length / FRAMED_LENGTH
    this.#readAhead(readAhead + 1, readAhead + count)
    const more = this.#wire.sendEncoded(row)
    engine.uploadedRow(this.key, count, clock.now())
    const bytes = this.#wire.bytesOut
    this.#owner.sentBytes(this, bytes - this.#toldOut)
    this.#toldOut = bytes
    this.#owner.pump()
    return more
  }

  /** The row that is next is not in memory: it is read, and what comes after it. */
  #bringRow(): Promise<void> | undefined {
    const first = this.#firstOfRow()
    const coming = first && this.#owner.bringRow(first)
    if (coming !== undefined) this.#readAhead(longestRow, readAhead)
    return coming
  }

  /** Undefined when blocks have to go one by one. */
  #firstOfRow(): Upload | undefined {
    const { engine, up, isPaused } = this.#owner
    return isPaused || up.limited || engine.upcomingRow(this.key, 1) === 0
      ? undefined
      : engine.upcomingUpload(this.key, 0)
  }

  /** Places in the queue, behind the next request. */
  #readAhead(from: number, to: number): void {
    for (let at = from; at <= to; at += aheadStep) {
      const ahead = this.#owner.engine.upcomingUpload(this.key, at)
      if (ahead !== undefined) this.#owner.readAhead(ahead)
    }
  }

  /** An answer that is no block: a piece of the info dictionary, or hashes. It counts towards the rate limits as blocks do. */
  async #reply(message: Message): Promise<void> {
    const { up } = this.#owner
    const { signal } = this.#abort
    const bytes = tailOf(message)?.length ?? 0
    if (bytes > 0 && !up.take(bytes)) await up.wait(bytes, { signal })
    if (this.#closed) return
    const more = this.#wire.send(message)
    this.#tellSent(message)
    if (!more) await this.#wire.drained({ signal })
  }

  /** Undefined: the peer was told that it does not get the block, because it cannot be read or the data was paused. */
  async #read(upload: Upload): Promise<Uint8Array | undefined> {
    const { engine, clock } = this.#owner
    let block: Uint8Array | undefined
    try {
      block = this.#owner.isPaused ? undefined : await this.#owner.readBlock(upload)
    } catch (error) {
      engine.unreadable(this.key, upload, clock.now())
      this.#owner.readFailed(upload, error)
      return undefined
    }
    if (block !== undefined && !this.#owner.isPaused) return block
    engine.unreadable(this.key, upload, clock.now())
    this.#owner.pump()
    return undefined
  }

  #tellSent(message: Message): void {
    const bytes = this.#wire.bytesOut
    this.#owner.sent(this, message, bytes - this.#toldOut)
    this.#toldOut = bytes
  }
}

function asPeerError(error: unknown): TorrentialError {
  if (isTorrentialError(error)) return error
  return new PeerError('CONNECTION_FAILED', 'the connection broke', { cause: error })
}
