// Chunks to a handshake, then to batches of messages. It holds one chunk at a time, undecoded, until somebody pulls: the
// callback that came with the chunk is called only then, so a reader that stops stops the socket. Decoding this late also
// means that messages which arrived together with the handshake are read with the piece count that it led to.

import { InputError, PeerError } from '@torrential/primitives'
import { type Handshake, HandshakeDecoder, type Message, type MessageDecoder } from '@torrential/protocol'
import type { StreamCallback } from './stream-base.ts'

interface Waiting<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void
}

export class Inbox {
  readonly #decoder: MessageDecoder
  readonly #fail: (error: PeerError) => void
  readonly #handshakes = new HandshakeDecoder()
  #chunk: Uint8Array | undefined
  #taken: StreamCallback | undefined
  #shaking: Waiting<Handshake> | undefined
  #reading: Waiting<readonly Message[] | undefined> | undefined
  #ended = false
  #failure: PeerError | undefined

  /** `fail` is told what is wrong with the bytes; it must end the connection and call `close`. */
  constructor(decoder: MessageDecoder, fail: (error: PeerError) => void) {
    this.#decoder = decoder
    this.#fail = fail
  }

  /** One chunk; `taken` is called when the next may come. */
  write(chunk: Uint8Array, taken: StreamCallback): void {
    this.#chunk = chunk
    this.#taken = taken
    this.#pump()
  }

  /** The peer sends no more. Returns what is wrong with that, if anything. */
  end(): PeerError | undefined {
    if (this.#handshakes.handshake === undefined) {
      const { filled } = this.#handshakes
      return filled === 0
        ? new PeerError('CONNECTION_CLOSED', 'the peer closed the connection before its handshake')
        : new PeerError('HANDSHAKE_TRUNCATED', `the peer closed the connection ${filled} bytes into its handshake`)
    }
    try {
      this.#decoder.end()
    } catch (error) {
      return error as PeerError
    }
    this.#ended = true
    this.#settle()
    return undefined
  }

  /** Nothing comes any more. Pending promises are rejected with `error`; without one, a pending batch is `undefined`. */
  close(error: PeerError | undefined): void {
    this.#failure ??= error
    this.#ended = true
    this.#chunk = undefined
    this.#release()
    this.#settle()
  }

  /** The peer's handshake, as soon as it is here. Call once. */
  handshake(): Promise<Handshake> {
    return new Promise((resolve, reject) => {
      this.#shaking = { resolve, reject }
      if (this.#ended) this.#settle()
      else this.#pump()
    })
  }

  /**
   * The next batch, never empty; `undefined` when the peer has ended cleanly or the connection was closed here.
   * @throws PeerError what broke the connection; InputError `RECEIVE_BUSY` when a batch is being waited for already
   */
  next(): Promise<readonly Message[] | undefined> {
    if (this.#reading !== undefined) {
      return Promise.reject(new InputError('RECEIVE_BUSY', 'messages are being waited for already'))
    }
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject }
      if (this.#ended) this.#settle()
      else this.#pump()
    })
  }

  /** Moves the held chunk on as far as somebody waits for it. */
  #pump(): void {
    if (this.#shaking !== undefined && this.#chunk !== undefined) this.#shake(this.#chunk, this.#shaking)
    // Decoding may free the way for the next chunk, which is written from within `#release`: hence no loop here.
    if (this.#reading !== undefined && this.#chunk !== undefined && this.#handshakes.handshake !== undefined) {
      this.#decode(this.#chunk, this.#reading)
    }
  }

  #shake(chunk: Uint8Array, shaking: Waiting<Handshake>): void {
    let used: number
    try {
      used = this.#handshakes.push(chunk)
    } catch (error) {
      this.#fail(error as PeerError)
      return
    }
    this.#chunk = used < chunk.length ? chunk.subarray(used) : undefined
    const { handshake } = this.#handshakes
    if (handshake !== undefined) {
      this.#shaking = undefined
      shaking.resolve(handshake)
    }
    if (this.#chunk === undefined) this.#release()
  }

  #decode(chunk: Uint8Array, reading: Waiting<readonly Message[]>): void {
    this.#chunk = undefined
    let messages: readonly Message[]
    try {
      messages = this.#decoder.push(chunk)
    } catch (error) {
      this.#fail(error as PeerError)
      return
    }
    if (messages.length > 0) {
      this.#reading = undefined
      reading.resolve(messages)
    }
    const { failure } = this.#decoder
    if (failure === undefined) this.#release()
    else this.#fail(failure)
  }

  #release(): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.(null)
  }

  /** Ends whatever is waited for. */
  #settle(): void {
    const reading = this.#reading
    const shaking = this.#shaking
    this.#reading = undefined
    this.#shaking = undefined
    if (this.#failure !== undefined) reading?.reject(this.#failure)
    else reading?.resolve(undefined)
    shaking?.reject(this.#failure ?? new PeerError('WIRE_CLOSED', 'the wire was closed before the handshake'))
  }
}
