import { describe, expect, test } from '@jest/globals'
import { giveBack, SeededRandom, type Slab, SlabPool } from '@torrential/primitives'
import { encodeMessage, type Message, MessageDecoder } from '@torrential/protocol'
import { plain, streamOfAll, VECTORS } from './messages.ts'

const SLAB = 65_536
const BLOCK = 16_384

/** A socket that reads into slabs; given back ones are overwritten, so that a view which is still in use shows it. */
class Reader {
  readonly pool = new SlabPool()
  readonly #lent = new Set<Slab>()
  #slab = this.#lend()
  #filled = 0

  read(bytes: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === SLAB) {
        this.#slab.close()
        this.#slab = this.#lend()
        this.#filled = 0
      }
      const count = Math.min(bytes.length - at, SLAB - this.#filled)
      const chunk = this.#slab.handOut(this.#filled, this.#filled + count)
      chunk.set(bytes.subarray(at, at + count))
      this.#filled += count
      at += count
      chunks.push(chunk)
    }
    return chunks
  }

  close(): void {
    this.#slab.close()
  }

  get slabs(): number {
    return this.#lent.size
  }

  #lend(): Slab {
    const slab = this.pool.lend(SLAB) as Slab
    this.#lent.add(slab)
    slab.bytes.fill(0xdd)
    return slab
  }
}

const blocksOf = (messages: readonly Message[]) =>
  messages.flatMap((message) => (message.type === 'piece' ? [message.block] : []))

function piece(index: number): Message {
  const block = new Uint8Array(BLOCK).map((_, at) => at * 7 + index)
  return { type: 'piece', piece: index, offset: 0, block }
}

describe('decoding out of slabs', () => {
  test.each([1, 7, 64, 100_000])('gives the same messages in reads of at most %i bytes', (size) => {
    const reader = new Reader()
    const decoder = new MessageDecoder()
    const stream = streamOfAll()
    const messages: Message[] = []
    for (let at = 0; at < stream.length; at += size) {
      for (const chunk of reader.read(stream.subarray(at, at + size))) messages.push(...decoder.push(chunk))
    }
    expect(plain(messages)).toEqual(plain(VECTORS.map(([message]) => message)))
    expect(decoder.pending).toBe(0)
  })

  test('messages stay what they are while slabs come round, and a few slabs suffice for any number of blocks', () => {
    const random = new SeededRandom(4)
    const reader = new Reader()
    const decoder = new MessageDecoder()
    const kept: [Message, Message][] = []
    const sent: Message[] = []
    let received = 0
    const take = (chunk: Uint8Array) => {
      for (const message of decoder.push(chunk)) {
        const original = sent[received++] as Message
        if (message.type === 'piece') {
          // Not `toEqual`: it takes a second for a hundred blocks.
          expect(Buffer.compare(message.block, (original as typeof message).block)).toBe(0)
          giveBack([message.block])
        } else kept.push([message, original])
      }
    }
    for (let round = 0; round < 200; round++) {
      const batch = [piece(round), { type: 'have', piece: round } as const, ...VECTORS.map(([message]) => message)]
      sent.push(...batch)
      const bytes = Buffer.concat(batch.map(encodeMessage))
      for (let at = 0; at < bytes.length; ) {
        const count = 1 + Math.floor(random.next() * 30_000)
        for (const chunk of reader.read(bytes.subarray(at, at + count))) take(chunk)
        at += count
      }
    }
    expect(received).toBe(sent.length)
    expect(plain(kept.map(([message]) => message))).toEqual(plain(kept.map(([, original]) => original)))
    expect(decoder.pending).toBe(0)
    // The blocks of the specification's vectors were given back too: nothing is left.
    reader.close()
    expect(reader.pool.lent).toBe(0)
    expect(reader.slabs).toBeLessThanOrEqual(3)
  })

  test('a slab with a block that nobody gives back is not used again', () => {
    const reader = new Reader()
    const decoder = new MessageDecoder()
    const blocks: Uint8Array[] = []
    const sent: Uint8Array[] = []
    for (let index = 0; index < 40; index++) {
      sent.push(...blocksOf([piece(index)]))
      for (const chunk of reader.read(encodeMessage(piece(index)))) blocks.push(...blocksOf(decoder.push(chunk)))
    }
    expect(Buffer.compare(Buffer.concat(blocks), Buffer.concat(sent))).toBe(0)
  })

  test('memory for blocks between two slabs comes back like the slabs themselves', () => {
    const reader = new Reader()
    const decoder = new MessageDecoder()
    const buffers = new Set<ArrayBufferLike>()
    for (let index = 0; index < 400; index++) {
      for (const chunk of reader.read(encodeMessage(piece(index)))) {
        for (const block of blocksOf(decoder.push(chunk))) {
          expect(Buffer.compare(block, blocksOf([piece(index)])[0] as Uint8Array)).toBe(0)
          buffers.add(block.buffer)
          giveBack([block])
        }
      }
    }
    // Two slabs, and one for what lies between them.
    expect(buffers.size).toBeLessThanOrEqual(3)
    reader.close()
    expect(reader.pool.lent).toBe(0)
  })

  test('a block that comes in several reads of one slab is not copied', () => {
    const reader = new Reader()
    const decoder = new MessageDecoder()
    const bytes = encodeMessage(piece(1))
    const chunks = [3, 20, 5_000, bytes.length].map((end, at, ends) =>
      reader.read(bytes.subarray(ends[at - 1] ?? 0, end)),
    )
    const [block] = blocksOf(chunks.flat().flatMap((chunk) => decoder.push(chunk)))
    expect(block?.buffer).toBe(chunks[0]?.[0]?.buffer)
    expect(Buffer.compare(block as Uint8Array, blocksOf([piece(1)])[0] as Uint8Array)).toBe(0)
  })

  test('a slice of a block is a copy, also where the socket gave a Buffer', () => {
    const [chunk] = new Reader().read(encodeMessage(piece(1))) as [Uint8Array]
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const [block] = blocksOf(new MessageDecoder().push(buffer)) as [Uint8Array]
    expect(block.buffer).toBe(chunk.buffer)
    expect(block.slice().buffer).not.toBe(chunk.buffer)
  })

  test('the end of the stream inside of a message is told', () => {
    const decoder = new MessageDecoder()
    for (const chunk of new Reader().read(encodeMessage(piece(1)).subarray(0, 9_000))) decoder.push(chunk)
    expect(decoder.pending).toBe(9_000)
    expect(() => decoder.end()).toThrow(expect.objectContaining({ code: 'MESSAGE_TRUNCATED' }))
  })

  test('a wrong length is refused at the fifth byte, and messages in front of it are kept', () => {
    const decoder = new MessageDecoder()
    const [chunk] = new Reader().read(Uint8Array.of(0, 0, 0, 1, 1, 0, 0, 0, 9, 1)) as [Uint8Array]
    expect(decoder.push(chunk)).toEqual([{ type: 'unchoke' }])
    expect(decoder.failure?.code).toBe('MESSAGE_LENGTH')
    expect(decoder.pending).toBe(0)
  })
})
