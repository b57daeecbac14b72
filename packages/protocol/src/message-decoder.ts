// Bytes to messages, as they arrive. A message that lies whole in a chunk becomes views into that chunk; one that straddles
// chunks is assembled once, into memory of its own (a block between two slabs: into a small slab of the same pool). What comes out does not depend on how the bytes were cut.
//
// The length is checked against the message's id at the fifth byte, before anything is kept. Up to 16 KiB (one block) is then
// allocated at once; longer bodies grow by doubling as bytes arrive, so a peer that claims 1 MiB and sends nothing holds
// nothing, and the work stays linear even when every byte comes alone.
//
// Chunks that lie in a slab (`SlabPool`) are given back as they are decoded, all but the blocks in them, which whoever uses them
// gives back, and an incomplete message at the end, which waits where it lies: mostly the next read goes on right behind it.
//
// Messages in front of a fault are never lost: `push` returns them, sets `failure`, and throws it from then on.

import { BLOCK_LENGTH, InputError, PeerError, readUint32, type Slab, slabOf } from '@torrential/primitives'
import type { Message } from './message.ts'
import { decodeBody, KEEP_ALIVE, withoutViews } from './message-body.ts'
import { MESSAGE_IDS } from './message-id.ts'
import { isAllowedLength, MESSAGE_LIMITS, type MessageLimits } from './message-limits.ts'

/** A block and the two numbers in front of it. */
const AT_ONCE = BLOCK_LENGTH + 8
const EMPTY = new Uint8Array(0)
const Bytes = Uint8Array

export class MessageDecoder {
  readonly #limits: Required<MessageLimits>
  #pieceCount: number | undefined
  #failure: PeerError | undefined
  /** Length prefix and id of the message that is being assembled. */
  readonly #head = new Uint8Array(5)
  #headFilled = 0
  #body: Uint8Array = EMPTY
  #bodyFilled = 0
  #bodyLength = 0
  /** What `#body` is, where that is a block between two slabs. */
  #bodySlab: Slab | undefined
  /** The incomplete message at the end of the last chunk, where that lay in a slab. */
  #tail: Uint8Array = EMPTY

  /** @throws InputError `OPTION_RANGE` when `blockLength` is not in 1 … 131,072 or another limit is no positive integer */
  constructor(limits: MessageLimits = {}) {
    this.#limits = {
      blockLength: limit('blockLength', limits.blockLength, 131_072),
      extendedLength: limit('extendedLength', limits.extendedLength, 2 ** 30),
      unknownLength: limit('unknownLength', limits.unknownLength, 2 ** 30),
      hashCount: limit('hashCount', limits.hashCount, 2 ** 20),
    }
  }

  /** Pieces of the torrent, once known: from then on a bitfield must have exactly ceil(pieceCount / 8) bytes. */
  get pieceCount(): number | undefined {
    return this.#pieceCount
  }

  /** @throws InputError `OPTION_RANGE` when it is no positive integer */
  set pieceCount(count: number) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new InputError('OPTION_RANGE', `pieceCount ${count} is not positive`)
    this.#pieceCount = count
  }

  /** Why nothing more can be decoded; undefined while all is well. */
  get failure(): PeerError | undefined {
    return this.#failure
  }

  /** Bytes of an incomplete message that are held. */
  get pending(): number {
    return this.#tail.length + this.#headFilled + this.#bodyFilled
  }

  /**
   * The messages that `chunk` completes, in order. Their payloads are views: into `chunk` where they lay whole in it. The
   * chunk must not be written to any more, and who keeps a small payload for long should copy it, or the whole chunk stays.
   * Of a chunk that lies in a slab only blocks are views; everything else is copied.
   * @throws PeerError `MESSAGE_LENGTH` or `MESSAGE_VALUE` when the stream is broken and no message came before the fault
   */
  push(chunk: Uint8Array): readonly Message[] {
    if (this.#failure !== undefined) throw this.#failure
    const messages: Message[] = []
    try {
      const slab = slabOf(chunk)
      const bytes = this.#tail.length > 0 ? this.#continued(chunk, messages) : chunk
      const start = this.#headFilled > 0 ? this.#assemble(bytes, 0, messages, slab) : 0
      if (slab !== undefined) {
        // No `Buffer`, whose `slice` is a view: whoever keeps a block must be able to copy it.
        const plain = new Bytes(bytes.buffer, bytes.byteOffset, bytes.length)
        this.#decodeLent(plain, start, messages, slab)
        return messages
      }
      const at = this.#decodeWhole(bytes, start, messages)
      if (at < bytes.length) this.#assemble(bytes, at, messages)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#failure = error
      this.#body = EMPTY
      this.#tail = EMPTY
      if (messages.length === 0) throw error
    }
    return messages
  }

  /**
   * The peer sends no more.
   * @throws PeerError `MESSAGE_TRUNCATED` when that is in the middle of a message
   */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.pending === 0) return
    this.#failure = new PeerError('MESSAGE_TRUNCATED', `the stream ended ${this.pending} bytes into a message`)
    this.#body = EMPTY
    this.#tail = EMPTY
    throw this.#failure
  }

  /** The tail and `chunk` in one view where one lies right behind the other; otherwise the tail is assembled first. */
  #continued(chunk: Uint8Array, messages: Message[]): Uint8Array {
    const tail = this.#tail
    this.#tail = EMPTY
    if (tail.buffer === chunk.buffer && tail.byteOffset + tail.length === chunk.byteOffset) {
      return new Bytes(chunk.buffer, tail.byteOffset, tail.length + chunk.length)
    }
    const slab = slabOf(tail)
    this.#assemble(tail, 0, messages, slab)
    slab?.giveBack(tail.length)
    return chunk
  }

  /** Decodes whole messages and gives back what they took, but for their blocks. */
  #decodeLent(bytes: Uint8Array, start: number, messages: Message[], slab: Slab): void {
    const first = messages.length
    const end = this.#decodeWhole(bytes, start, messages)
    let used = end
    for (let at = first; at < messages.length; at++) {
      const message = messages[at] as Message
      if (message.type === 'piece') used -= message.block.length
      else messages[at] = withoutViews(message)
    }
    slab.giveBack(used)
    // An empty view would keep the slab from being collected.
    this.#tail = end < bytes.length ? bytes.subarray(end) : EMPTY
  }

  /** Decodes from `at` on while whole messages lie in the chunk; returns where the first incomplete one starts. */
  #decodeWhole(chunk: Uint8Array, from: number, messages: Message[]): number {
    const { hashCount } = this.#limits
    let at = from
    while (chunk.length - at >= 4) {
      const length = readUint32(chunk, at)
      if (length === 0) {
        messages.push(KEEP_ALIVE)
        at += 4
        continue
      }
      if (chunk.length - at < 5) break
      const id = chunk[at + 4] as number
      this.#check(id, length)
      const end = at + 4 + length
      if (end > chunk.length) break
      messages.push(decodeBody(id, chunk, at + 5, end, hashCount))
      at = end
    }
    return at
  }

  /** Goes on with the message that earlier chunks began (or begins one); returns how much of the chunk is used up. */
  #assemble(chunk: Uint8Array, from: number, messages: Message[], slab?: Slab): number {
    const head = this.#head
    let at = from
    while (this.#headFilled < 5) {
      if (this.#headFilled === 4 && readUint32(head, 0) === 0) {
        this.#headFilled = 0
        messages.push(KEEP_ALIVE)
        return at
      }
      if (at === chunk.length) return at
      head[this.#headFilled++] = chunk[at++] as number
      if (this.#headFilled === 5) this.#begin(slab)
    }
    const taken = Math.min(this.#bodyLength - this.#bodyFilled, chunk.length - at)
    this.#keep(chunk, at, taken)
    at += taken
    if (this.#bodyFilled === this.#bodyLength) {
      const body = this.#body
      this.#body = EMPTY
      this.#headFilled = 0
      this.#bodyFilled = 0
      messages.push(decodeBody(head[4] as number, body, 0, this.#bodyLength, this.#limits.hashCount))
      // The block comes back like any other; nobody looks at the two numbers in front of it again.
      this.#bodySlab?.handOut(AT_ONCE - BLOCK_LENGTH, AT_ONCE)
      this.#bodySlab?.close()
      this.#bodySlab = undefined
    }
    return at
  }

  #begin(slab: Slab | undefined): void {
    const length = readUint32(this.#head, 0)
    const id = this.#head[4] as number
    this.#check(id, length)
    this.#bodyLength = length - 1
    this.#bodyFilled = 0
    if (id === MESSAGE_IDS.piece && this.#bodyLength === AT_ONCE) this.#bodySlab = slab?.sibling(AT_ONCE)
    if (this.#bodySlab !== undefined) this.#body = this.#bodySlab.bytes
    else this.#body = this.#bodyLength === 0 ? EMPTY : Buffer.allocUnsafeSlow(Math.min(this.#bodyLength, AT_ONCE))
  }

  #keep(chunk: Uint8Array, at: number, count: number): void {
    const needed = this.#bodyFilled + count
    if (needed > this.#body.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#bodyLength, Math.max(needed, 2 * this.#body.length)))
      grown.set(this.#body.subarray(0, this.#bodyFilled))
      this.#body = grown
    }
    this.#body.set(at === 0 && count === chunk.length ? chunk : chunk.subarray(at, at + count), this.#bodyFilled)
    this.#bodyFilled = needed
  }

  #check(id: number, length: number): void {
    if (isAllowedLength(id, length, this.#limits, this.#pieceCount)) return
    throw new PeerError('MESSAGE_LENGTH', `a message with id ${id} must not have length ${length}`, { id, length })
  }
}

function limit(name: keyof MessageLimits, value: number | undefined, most: number): number {
  if (value === undefined) return MESSAGE_LIMITS[name]
  if (!Number.isSafeInteger(value) || value < 1 || value > most) {
    throw new InputError('OPTION_RANGE', `${name} is ${value}, not in 1 … ${most}`)
  }
  return value
}
