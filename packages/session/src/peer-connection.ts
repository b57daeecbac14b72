// One connected peer: two loops between its wire and the engine. The receive loop takes a batch of messages (one socket read)
// at a time, so there is one await per read, not per message; waiting for the rate limit is simply not pulling, which stops
// the socket. The other way is `upload-loop.ts`. Whatever ends either loop ends the connection once, with a coded reason.

import type { ByteStream } from '@torrential/contracts'
import type { SwarmEngine, Upload } from '@torrential/engine'
import {
  type Clock,
  isTorrentialError,
  type PeerAddress,
  PeerError,
  type PeerId,
  type PeerKey,
  type PieceIndex,
  type TorrentialError,
} from '@torrential/primitives'
import { encodeHaves, type Message } from '@torrential/protocol'
import type { RateLimit } from '@torrential/transport'
import type { Wire } from '@torrential/wire'
import { Peer, type PeerLink } from './peer.ts'
import type { TurnBudget } from './turn-budget.ts'
import { UploadLoop } from './upload-loop.ts'

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
  /** Made for the first block or answer. */
  #uploads: UploadLoop | undefined
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
      (error: unknown) => this.fail(error),
    )
  }

  send(message: Message): void {
    if (this.#closed) return
    this.#wire.send(message)
    this.tellSent(message)
    this.#checkReading()
  }

  /** A `have` for each piece; `oneByOne`: somebody wants to hear of each message. */
  sendHaves(pieces: readonly PieceIndex[], oneByOne: boolean): void {
    if (this.#closed) return
    if (oneByOne) {
      for (const piece of pieces) this.send({ type: 'have', piece })
      return
    }
    this.#wire.sendEncoded(encodeHaves(pieces))
    this.tellSentBytes()
    this.#checkReading()
  }

  #checkReading(): void {
    const bytes = this.#wire.buffered
    if (bytes <= mostBuffered) return
    this.close(new PeerError('PEER_NOT_READING', 'the peer does not read what it is told', { bytes }))
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Idempotent. Without an error the peer has simply gone. */
  close(error: TorrentialError | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#abort.abort()
    void this.#wire.close(error instanceof PeerError ? error : undefined)
    this.#owner.closed(this, error)
  }

  /** Something broke that the connection is nothing without. */
  fail(error: unknown): void {
    const isKnown = isTorrentialError(error)
    this.close(isKnown ? error : new PeerError('CONNECTION_FAILED', 'the connection broke', { cause: error }))
  }

  /** The engine has blocks for this peer: starts the upload loop unless it runs. */
  startUploads(): void {
    if (this.#closed) return
    this.#uploads ??= new UploadLoop(this, this.#wire, this.#owner, this.#abort.signal)
    this.#uploads.start()
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

  /** A message was handed to the wire. */
  tellSent(message: Message): void {
    const bytes = this.#wire.bytesOut
    this.#owner.sent(this, message, bytes - this.#toldOut)
    this.#toldOut = bytes
  }

  /** Encoded messages were. */
  tellSentBytes(): void {
    const bytes = this.#wire.bytesOut
    this.#owner.sentBytes(this, bytes - this.#toldOut)
    this.#toldOut = bytes
  }
}
