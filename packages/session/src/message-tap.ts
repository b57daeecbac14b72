// Messages of a connection for two readers, one after the other. While the first reads, everything that the second must know
// is kept: what the peer has, whether it chokes us, who it is. The second gets that as its first batch and goes on from there,
// also when the first left while it was waiting for the next read.

import type { Message } from '@torrential/protocol'

/** What is kept is bounded: a peer that says more than this before we know the torrent is not worth keeping. */
const mostMessages = 10_000
const mostBytes = 2 * 1024 * 1024

type Batch = readonly Message[]

export class MessageTap {
  readonly #source: AsyncIterator<Batch>
  readonly #kept: Message[] = []
  #keptBytes = 0
  #pending: Promise<IteratorResult<Batch>> | undefined
  #released = false

  constructor(source: AsyncIterable<Batch>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** False: more came than is kept, and no second reader could know the peer. */
  get isWhole(): boolean {
    return this.#kept.length <= mostMessages && this.#keptBytes <= mostBytes
  }

  /** The first reader's next batch; undefined at the end, and after `release`. @throws what the source throws */
  async next(): Promise<Batch | undefined> {
    if (this.#released) return undefined
    const pending = this.#read()
    try {
      const result = await pending
      if (this.#released) return undefined
      this.#pending = undefined
      if (result.done === true) return undefined
      for (const message of result.value) this.#keep(message)
      return result.value
    } catch (error) {
      if (this.#released) return undefined
      throw error
    }
  }

  /** Ends the first reader. What comes back is for the second: what was kept, then what comes. */
  release(): AsyncIterable<Batch> {
    this.#released = true
    return this.#rest()
  }

  async *#rest(): AsyncGenerator<Batch, void, undefined> {
    if (this.#kept.length > 0) yield this.#kept.splice(0)
    for (;;) {
      const result = await this.#read()
      this.#pending = undefined
      if (result.done === true) return
      yield result.value
    }
  }

  #read(): Promise<IteratorResult<Batch>> {
    this.#pending ??= this.#source.next()
    return this.#pending
  }

  #keep(message: Message): void {
    if (!this.isWhole) return
    const kept = keepable(message)
    if (kept === undefined) return
    this.#kept.push(kept)
    if (kept.type === 'bitfield') this.#keptBytes += kept.bitfield.length
    else if (kept.type === 'extended') this.#keptBytes += kept.payload.length
  }
}

/** A copy where the message is a view into what the socket read. */
function keepable(message: Message): Message | undefined {
  switch (message.type) {
    case 'bitfield':
      return { type: 'bitfield', bitfield: new Uint8Array(message.bitfield) }
    case 'extended':
      return message.id === 0 ? { type: 'extended', id: 0, payload: new Uint8Array(message.payload) } : undefined
    case 'have':
    case 'have-all':
    case 'have-none':
    case 'choke':
    case 'unchoke':
    case 'interested':
    case 'not-interested':
    case 'allowed-fast':
    case 'suggest':
      return message
    default:
      return undefined
  }
}
