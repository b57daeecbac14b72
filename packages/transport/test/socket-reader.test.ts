import { describe, expect, test } from '@jest/globals'
import { giveBack, SlabPool, slabOf } from '@torrential/primitives'
import { ReadSlabs, SLAB_LENGTH } from '../src/read-slabs.ts'
import { SocketReader } from '../src/socket-reader.ts'

const FAST = 131_072

/** One read of the socket: `count` bytes, at most what fits. */
function read(reader: SocketReader, count = FAST): Uint8Array {
  return reader.take(Math.min(count, reader.next().length))
}

/** Reads until the reader has a slab. */
function speedUp(reader: SocketReader): void {
  for (let at = 0; at < SLAB_LENGTH / FAST; at++) giveBack([read(reader)])
}

describe('where a socket reads to', () => {
  test('a connection that says little has no memory of its own', () => {
    const pool = new SlabPool()
    const slabs = new ReadSlabs(pool)
    const reader = new SocketReader(slabs)
    for (let at = 0; at < 10_000; at++) {
      expect(reader.next()).toBe(slabs.common)
      expect(slabOf(read(reader, 100))).toBeUndefined()
    }
    expect(pool.lent).toBe(0)
  })

  test('one that brings much with each read gets slabs, and loses them when its reads become small', () => {
    const slabs = new ReadSlabs(new SlabPool())
    const reader = new SocketReader(slabs)
    speedUp(reader)
    expect(reader.next()).not.toBe(slabs.common)
    expect(reader.next().length).toBe(SLAB_LENGTH)
    for (let at = 0; at < 1_000; at++) giveBack([read(reader, 1_500)])
    expect(reader.next()).toBe(slabs.common)
  })

  test('what comes in two reads lies in one row, in a slab', () => {
    const reader = new SocketReader(new ReadSlabs(new SlabPool()))
    speedUp(reader)
    const [one, two] = [read(reader, 100), read(reader, 200)]
    expect(two.buffer).toBe(one.buffer)
    expect(two.byteOffset).toBe(one.byteOffset + 100)
  })

  test('of a slab at least a quarter can be read into', () => {
    const reader = new SocketReader(new ReadSlabs(new SlabPool()))
    speedUp(reader)
    for (let at = 0; at < 100; at++) {
      expect(reader.next().length).toBeGreaterThan(SLAB_LENGTH / 4)
      giveBack([read(reader, 90_000)])
    }
  })

  test('memory that was given back is read into again; what is held is not', () => {
    const reader = new SocketReader(new ReadSlabs(new SlabPool()))
    speedUp(reader)
    const held = read(reader).fill(1)
    const buffers = new Set<ArrayBufferLike>()
    for (let at = 0; at < 100; at++) {
      const bytes = read(reader).fill(2)
      buffers.add(bytes.buffer)
      giveBack([bytes])
    }
    // What was read beside the held bytes, and another slab.
    expect(buffers.size).toBe(2)
    expect(held.every((byte) => byte === 1)).toBe(true)
  })

  test('a fast one goes on without a slab when the pool has nothing to lend', () => {
    const slabs = new ReadSlabs(new SlabPool({ lent: 0 }))
    const reader = new SocketReader(slabs)
    for (let at = 0; at < 20; at++) {
      expect(reader.next()).toBe(slabs.common)
      expect(read(reader).length).toBe(FAST)
    }
  })

  test('a closed one gives its slab back, and the last one what all shared', () => {
    const pool = new SlabPool()
    const slabs = new ReadSlabs(pool)
    const [one, two] = [new SocketReader(slabs), new SocketReader(slabs)]
    speedUp(one)
    const before = pool.lent
    one.close()
    expect(pool.lent).toBe(before - SLAB_LENGTH)
    giveBack([read(two)])
    expect(pool.lent).toBeGreaterThan(0)
    two.close()
    expect(pool.lent).toBe(0)
  })
})
