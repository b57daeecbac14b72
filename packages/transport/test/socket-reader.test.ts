import { describe, expect, test } from '@jest/globals'
import { giveBack, SlabPool, slabOf } from '@torrential/primitives'
import { ReadSlabs } from '../src/read-slabs.ts'
import { SocketReader } from '../src/socket-reader.ts'

const SMALL = 32_768

/** One read of the socket: `count` bytes, at most what fits. */
function read(reader: SocketReader, count = Number.POSITIVE_INFINITY): Uint8Array {
  return reader.take(Math.min(count, reader.next().length))
}

describe('where a socket reads to', () => {
  test('a connection that says little has a small buffer that is no slab', () => {
    const pool = new SlabPool()
    const reader = new SocketReader(new ReadSlabs(pool))
    for (let at = 0; at < 5_000; at++) expect(slabOf(read(reader, 100))).toBeUndefined()
    expect(reader.next().length).toBeLessThanOrEqual(SMALL)
    expect(pool.lent).toBe(0)
  })

  test('one that fills its buffers gets larger ones, up to a bound, and loses them when its reads become small', () => {
    const pool = new SlabPool()
    const reader = new SocketReader(new ReadSlabs(pool))
    for (let at = 0; at < 10; at++) giveBack([read(reader)])
    const most = pool.lent
    expect(reader.next().length).toBe(most)
    expect(most).toBeGreaterThan(8 * SMALL)
    for (let at = 0; at < 10_000; at++) giveBack([read(reader, 500)])
    expect(reader.next().length).toBeLessThanOrEqual(SMALL)
    expect(pool.lent).toBe(0)
  })

  test('what comes in two reads lies in one row', () => {
    const reader = new SocketReader(new ReadSlabs(new SlabPool()))
    const [one, two] = [read(reader, 100), read(reader, 200)]
    expect(two.buffer).toBe(one.buffer)
    expect(two.byteOffset).toBe(one.byteOffset + 100)
  })

  test('memory that was given back is read into again; what is held is not', () => {
    const reader = new SocketReader(new ReadSlabs(new SlabPool()))
    for (let at = 0; at < 4; at++) giveBack([read(reader)])
    const held = read(reader).fill(1)
    const buffers = new Set<ArrayBufferLike>()
    for (let at = 0; at < 100; at++) {
      const bytes = read(reader).fill(2)
      buffers.add(bytes.buffer)
      giveBack([bytes])
    }
    expect(buffers.size).toBeLessThanOrEqual(2)
    expect(buffers.has(held.buffer)).toBe(false)
    expect(held.every((byte) => byte === 1)).toBe(true)
  })

  test('goes on with small buffers of its own when the pool has nothing to lend', () => {
    const reader = new SocketReader(new ReadSlabs(new SlabPool({ lent: 0 })))
    for (let at = 0; at < 20; at++) expect(read(reader).length).toBe(SMALL)
  })

  test('a closed one gives its slab back', () => {
    const pool = new SlabPool()
    const reader = new SocketReader(new ReadSlabs(pool))
    for (let at = 0; at < 10; at++) giveBack([read(reader)])
    reader.close()
    expect(pool.lent).toBe(0)
  })
})
