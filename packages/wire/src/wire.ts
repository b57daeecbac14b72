// One connection to one peer: bytes on the stream side, messages on the other. What the socket reads is written into the
// wire; what is read from the wire goes to the socket. `connectWire` does that for a ByteStream, `wireDuplex` for it-pipe.
//
// Every queue has a bound. In: one undecoded chunk and `incomingHighWaterMark` of written bytes; not pulling `receive()`
// withholds the write callback and so stops the socket. Out: `highWaterMark` and one message; `send` answers false from there.
//
// Whatever ends the wire, each promise that it gave out settles. Errors are told through those promises; the 'error' event
// has a listener from the start, so that nothing a peer does reaches the process.

import { type AbortOptions, type Clock, equalBytes, InputError, PeerError, withAbort } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { encodeHandshake, HANDSHAKE_LENGTH, type Handshake, type Message, MessageDecoder } from '@torrential/protocol'
import { iterateChunks } from './chunk-iterator.ts'
import { toPeerError } from './connection-error.ts'
import { Drain } from './drain.ts'
import { awaitHandshake } from './handshake-wait.ts'
import { Inbox } from './inbox.ts'
import { KeepAlive } from './keep-alive.ts'
import { MessageIterator } from './message-iterator.ts'
import { Outbox } from './outbox.ts'
import { bufferedReadable, DuplexOfBytes, setWaterMarks, type StreamCallback, streamError } from './stream-base.ts'
import {
  type HandshakeOptions,
  type InitiateOptions,
  requirePositive,
  resolveWireOptions,
  type WireOptions,
} from './wire-options.ts'

export class Wire extends DuplexOfBytes implements AsyncDisposable {
  readonly #clock: Clock
  readonly #highWaterMark: number
  readonly #keepAliveInterval: number
  readonly #decoder: MessageDecoder
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #closed: Promise<void>
  #keepAlive: KeepAlive | undefined
  #greeting: 'none' | 'begun' | 'sent' = 'none'
  #finished = false
  #peerEnded = false
  #settled = false
  #failure: PeerError | undefined
  readonly #drain = new Drain()
  #bytesIn = 0
  #bytesOut = 0

  /** @throws InputError `OPTION_RANGE` when a number is not positive */
  constructor(options: WireOptions = {}) {
    const settings = resolveWireOptions(options)
    super()
    // `drained` wakes at half of the mark, so that a sender is not woken for every block.
    setWaterMarks(this, { readable: settings.highWaterMark / 2, writable: settings.incomingHighWaterMark })
    this.#clock = options.clock ?? systemClock
    this.#highWaterMark = settings.highWaterMark
    this.#keepAliveInterval = settings.keepAlive
    this.#decoder = new MessageDecoder(options.limits)
    this.#inbox = new Inbox(this.#decoder, (error) => this.destroy(error))
    this.#outbox = new Outbox((chunk) => {
      if (this.destroying) return
      this.#keepAlive?.touch()
      this.#bytesOut += chunk.length
      this.push(chunk)
    })
    this.on('error', () => {})
    this.#closed = new Promise((resolve) => this.on('close', resolve))
  }

  /** Bytes received from the peer, handshake included. */
  get bytesIn(): number {
    return this.#bytesIn
  }

  /** Bytes made for the peer, handshake included. */
  get bytesOut(): number {
    return this.#bytesOut + this.#outbox.pending
  }

  /** Bytes that wait to be read by the socket. */
  get buffered(): number {
    return bufferedReadable(this) + this.#outbox.pending
  }

  /** Why the wire broke; undefined while it is open and when it was closed without an error. */
  get failure(): PeerError | undefined {
    return this.#failure
  }

  /** Pieces of the torrent: set it before the first `receive()` where it is known, and a bitfield's length is exact. */
  get pieceCount(): number | undefined {
    return this.#decoder.pieceCount
  }

  /** @throws InputError `OPTION_RANGE` when it is no positive integer */
  set pieceCount(count: number) {
    this.#decoder.pieceCount = count
  }

  /**
   * The initiator's side: sends ours, then waits for theirs. Any failure closes the wire.
   * @throws PeerError `HANDSHAKE_INFOHASH` when they answer for another torrent, `HANDSHAKE_PROTOCOL`,
   * `HANDSHAKE_TRUNCATED`, `HANDSHAKE_TIMEOUT`, `CONNECTION_…`, `WIRE_CLOSED`; InputError `HANDSHAKE_TWICE`; the signal's reason
   */
  async handshake(local: Handshake, options: InitiateOptions = {}): Promise<Handshake> {
    const greeting = encodeHandshake(local)
    this.#begin(options)
    this.#greet(greeting)
    const remote = await this.#exchange(options, () => this.#inbox.handshake())
    const allowed = [local.infoHash, ...(options.alternatives ?? [])]
    if (!allowed.some((infoHash) => equalBytes(infoHash, remote.infoHash))) {
      const error = new PeerError('HANDSHAKE_INFOHASH', 'the peer answered for another torrent', { remote })
      this.destroy(error)
      throw error
    }
    this.#startKeepAlive()
    return remote
  }

  /**
   * The receiver's side: waits for theirs, then sends what `answer` gives, which may take its time: the deadline of the
   * handshake goes on. Any failure closes the wire.
   * @throws PeerError `HANDSHAKE_UNKNOWN_TORRENT` when `answer` gives undefined, and as `handshake`
   */
  async accept(
    answer: (remote: Handshake) => Handshake | undefined | Promise<Handshake | undefined>,
    options: HandshakeOptions = {},
  ): Promise<Handshake> {
    this.#begin(options)
    const { remote, local } = await this.#exchange(options, async () => {
      const theirs = await this.#inbox.handshake()
      return { remote: theirs, local: await answer(theirs) }
    })
    if (local === undefined) {
      const error = new PeerError('HANDSHAKE_UNKNOWN_TORRENT', 'the peer wants a torrent unknown here', { remote })
      this.destroy(error)
      throw error
    }
    this.#greet(encodeHandshake(local))
    this.#startKeepAlive()
    return remote
  }

  /**
   * Queues a message. Blocks and payloads are not copied and must not change. Messages of one turn of the event loop leave
   * together. False when `highWaterMark` is reached (this message was taken; wait for `drained()`), or when the wire is closed.
   * @throws InputError `HANDSHAKE_FIRST` before our handshake was sent; `MESSAGE_FIELD` when a field does not fit
   */
  send(message: Message): boolean {
    if (this.#greeting !== 'sent') throw new InputError('HANDSHAKE_FIRST', 'the handshake must be sent first')
    if (this.#finished || this.destroying) return false
    this.#outbox.add(message)
    return this.buffered < this.#highWaterMark
  }

  /**
   * As `send`, for whole messages that are encoded already, not empty: many of them leave as the view that they are and must not change.
   * @throws InputError `HANDSHAKE_FIRST`
   */
  sendEncoded(messages: Uint8Array): boolean {
    if (this.#greeting !== 'sent') throw new InputError('HANDSHAKE_FIRST', 'the handshake must be sent first')
    if (this.#finished || this.destroying) return false
    this.#outbox.addEncoded(messages)
    return this.buffered < this.#highWaterMark
  }

  /**
   * Resolves when `send` would answer true: at once, or when half of `highWaterMark` has left.
   * @throws PeerError why nothing can be sent any more: what broke the wire, `CONNECTION_CLOSED` after the peer's end,
   * `WIRE_CLOSED` when it was closed here; the signal's reason
   */
  drained(options: AbortOptions = {}): Promise<void> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error)
    if (this.#settled || this.#finished) return Promise.reject(this.#over())
    if (this.buffered < this.#highWaterMark) return Promise.resolve()
    return withAbort(this.#drain.wait(), options.signal)
  }

  /**
   * Messages in batches, one per read of the socket, never empty. Ends when the peer ended cleanly or the wire was closed
   * here. Not pulling stops the socket. Leaving the loop leaves the wire open, and another `receive()` goes on behind the last
   * batch; only one may wait at a time.
   * @throws PeerError what broke the connection (`MESSAGE_LENGTH`, `MESSAGE_VALUE`, `MESSAGE_TRUNCATED`, `CONNECTION_…`), once;
   * InputError `RECEIVE_BUSY`
   */
  receive(): AsyncIterableIterator<readonly Message[]> {
    return new MessageIterator(this.#inbox)
  }

  /** We send no more: what is queued goes out, then our direction ends. `receive()` goes on until the peer ends too. */
  finish(): void {
    if (this.#finished || this.destroying) return
    this.#outbox.flush()
    this.#finished = true
    this.#drain.reject(this.#over())
    this.push(null)
  }

  /** Closes at once; what was queued is dropped (see `finish`). Resolves when everything is released. Idempotent. */
  close(error?: PeerError): Promise<void> {
    this.destroy(error)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Bytes for the socket, until our direction ends. Leaving the loop closes the wire. */
  override [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return iterateChunks(this, () => this.#failure)
  }

  /** Bytes from the socket; false when it should pause until `drain`. */
  override write(chunk: Uint8Array): boolean {
    return chunk.length === 0 ? true : super.write(chunk)
  }

  override _write(chunk: Uint8Array, done: StreamCallback): void {
    this.#bytesIn += chunk.length
    this.#inbox.write(chunk, done)
  }

  /** The peer has ended: nobody uses a connection that is open in one direction, so ours ends too once it is flushed. */
  override _final(done: StreamCallback): void {
    const error = this.#inbox.end()
    this.#peerEnded = error === undefined
    if (error === undefined) this.finish()
    done(error ?? null)
  }

  /** Called when less than half of the mark is queued and something was pushed since. */
  override _read(done: StreamCallback): void {
    done(null)
    if (this.#drain.isAwaited && this.buffered < this.#highWaterMark) this.#drain.resolve()
  }

  override _predestroy(): void {
    this.#settle()
  }

  // Also here: a stream whose two directions have ended is destroyed without `_predestroy`.
  override _destroy(done: StreamCallback): void {
    this.#settle()
    done(null)
  }

  #begin({ timeout }: HandshakeOptions): void {
    if (timeout !== undefined) requirePositive('timeout', timeout)
    if (this.#greeting !== 'none') throw new InputError('HANDSHAKE_TWICE', 'the handshake has begun already')
    this.#greeting = 'begun'
  }

  #greet(bytes: Uint8Array): void {
    if (this.#finished || this.destroying) throw this.#over()
    this.#greeting = 'sent'
    this.#bytesOut += HANDSHAKE_LENGTH
    this.push(bytes)
  }

  #exchange<T>(options: HandshakeOptions, exchange: () => Promise<T>): Promise<T> {
    const over = this.#closed.then(() => Promise.reject(this.#over()))
    const parts = { clock: this.#clock, over, giveUp: (error?: PeerError) => this.destroy(error) }
    return awaitHandshake(parts, options, exchange())
  }

  /** Why nothing can be sent any more. */
  #over(): PeerError {
    if (this.#failure !== undefined) return this.#failure
    if (this.#peerEnded) return new PeerError('CONNECTION_CLOSED', 'the peer ended the connection')
    return new PeerError('WIRE_CLOSED', 'the wire was closed')
  }

  #startKeepAlive(): void {
    if (this.#settled) return
    this.#keepAlive = new KeepAlive(this.#clock, this.#keepAliveInterval, () => this.send({ type: 'keep-alive' }))
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    const error = streamError(this)
    if (error !== undefined) this.#failure = toPeerError(error)
    this.#keepAlive?.[Symbol.dispose]()
    this.#inbox.close(this.#failure)
    this.#drain.reject(this.#over())
  }
}
