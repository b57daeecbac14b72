import { describe, expect, test } from '@jest/globals'
import type { Message } from '@torrential/protocol'
import { MessageTap } from '../src/message-tap.ts'

type Batch = readonly Message[]

/** A source that is fed by hand. */
class Feed implements AsyncIterable<Batch> {
  readonly #waiting: ((result: IteratorResult<Batch, undefined>) => void)[] = []
  readonly #ready: IteratorResult<Batch, undefined>[] = []

  push(...batch: Message[]): void {
    this.#give({ value: batch, done: false })
  }

  end(): void {
    this.#give({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch, undefined> {
    return { next: () => this.#next() }
  }

  #give(result: IteratorResult<Batch, undefined>): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#ready.push(result)
    else waiting(result)
  }

  #next(): Promise<IteratorResult<Batch, undefined>> {
    const ready = this.#ready.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

async function all(batches: AsyncIterable<Batch>): Promise<Message[]> {
  const messages: Message[] = []
  for await (const batch of batches) messages.push(...batch)
  return messages
}

describe('A message tap', () => {
  test('gives the second reader first what the peer said about itself, and then what comes', async () => {
    const feed = new Feed()
    const tap = new MessageTap(feed)
    const hello: Message = { type: 'extended', id: 0, payload: Uint8Array.of(100, 101) }
    const metadata: Message = { type: 'extended', id: 1, payload: Uint8Array.of(1) }
    feed.push({ type: 'bitfield', bitfield: Uint8Array.of(7) }, hello, metadata, { type: 'keep-alive' })
    feed.push({ type: 'have', piece: 3 }, { type: 'unchoke' })
    expect(await tap.next()).toHaveLength(4)
    expect(await tap.next()).toHaveLength(2)
    const rest = all(tap.release())
    feed.push({ type: 'have', piece: 4 })
    feed.end()
    expect(await rest).toEqual([
      { type: 'bitfield', bitfield: Uint8Array.of(7) },
      hello,
      { type: 'have', piece: 3 },
      { type: 'unchoke' },
      { type: 'have', piece: 4 },
    ])
    expect(await tap.next()).toBeUndefined()
  })

  test('loses nothing when the first reader leaves while it waits', async () => {
    const feed = new Feed()
    const tap = new MessageTap(feed)
    const waiting = tap.next()
    const rest = all(tap.release())
    feed.push({ type: 'have', piece: 1 })
    feed.end()
    expect(await waiting).toBeUndefined()
    expect(await rest).toEqual([{ type: 'have', piece: 1 }])
  })

  test('keeps copies: what the socket read into may be used again', async () => {
    const feed = new Feed()
    const tap = new MessageTap(feed)
    const read = Uint8Array.of(1, 2, 3)
    feed.push({ type: 'bitfield', bitfield: read.subarray(1) })
    await tap.next()
    read.fill(0)
    feed.end()
    expect(await all(tap.release())).toEqual([{ type: 'bitfield', bitfield: Uint8Array.of(2, 3) }])
  })

  test('gives up on a peer that says too much', async () => {
    const feed = new Feed()
    const tap = new MessageTap(feed)
    feed.push(...Array.from({ length: 10_001 }, (_, piece): Message => ({ type: 'have', piece })))
    expect(tap.isWhole).toBe(true)
    await tap.next()
    expect(tap.isWhole).toBe(false)
    const large = new MessageTap(feed)
    feed.push({ type: 'extended', id: 0, payload: new Uint8Array(2 * 1024 * 1024 + 1) })
    await large.next()
    expect(large.isWhole).toBe(false)
  })
})
