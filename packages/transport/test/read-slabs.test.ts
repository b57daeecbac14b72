import { describe, expect, test } from '@jest/globals'
import { giveBack, type Slab, SlabPool, slabOf } from '@torrential/primitives'
import { COPY_LENGTH, ReadSlabs, SLAB_LENGTH } from '../src/read-slabs.ts'

const MIB = 1_048_576

/** What a socket without a slab reads: `count` bytes of `value`. */
function copy(slabs: ReadSlabs, count: number, value: number): Uint8Array {
  slabs.common.fill(value, 0, count)
  return slabs.copy(count)
}

describe('slabs of single sockets', () => {
  test('are 16 MiB at the most, and there again when others have closed theirs', () => {
    const pool = new SlabPool()
    const slabs = new ReadSlabs(pool)
    const lent = Array.from({ length: 500 }, () => slabs.lend()).filter((slab) => slab !== undefined)
    expect(pool.lent).toBe(16 * MIB)
    for (const slab of lent) slabs.close(slab)
    expect(pool.lent).toBe(0)
    expect(slabs.lend()?.bytes.length).toBe(SLAB_LENGTH)
  })

  test('are none where the pool lends nothing, and are not counted then', () => {
    const slabs = new ReadSlabs(new SlabPool({ lent: MIB }))
    const lent = [slabs.lend(), slabs.lend()]
    for (let at = 0; at < 200; at++) expect(slabs.lend()).toBeUndefined()
    for (const slab of lent) slabs.close(slab as Slab)
    expect(slabs.lend()).toBeDefined()
  })
})

describe('what sockets without a slab read', () => {
  test('stays as it was when the next one reads', () => {
    const slabs = new ReadSlabs(new SlabPool())
    for (const length of [100, 20_000, COPY_LENGTH]) {
      const one = copy(slabs, length, 1)
      const two = copy(slabs, length, 2)
      expect(one.length).toBe(length)
      expect(one.every((byte) => byte === 1)).toBe(true)
      expect(two.every((byte) => byte === 2)).toBe(true)
    }
  })

  test('lies side by side in slabs, which come back when all of it was given back', () => {
    const pool = new SlabPool()
    const slabs = new ReadSlabs(pool)
    const part = COPY_LENGTH / 4
    const first = [1, 2, 3, 4].map((value) => copy(slabs, part, value))
    expect(new Set(first.map(({ buffer }) => buffer)).size).toBe(1)
    expect(first.map(({ byteOffset }) => byteOffset)).toEqual([0, part, 2 * part, 3 * part])
    const next = copy(slabs, part, 5)
    expect(next.buffer).not.toBe(first[0]?.buffer)
    expect(pool.lent).toBe(2 * COPY_LENGTH)
    giveBack(first)
    expect(pool.lent).toBe(COPY_LENGTH)
  })

  test('holds no slab where it is less than a block', () => {
    const pool = new SlabPool()
    const slabs = new ReadSlabs(pool)
    for (let at = 0; at < 100; at++) expect(slabOf(copy(slabs, 16_383, at))).toBeUndefined()
    expect(pool.lent).toBe(0)
  })

  test('is memory of its own where the pool lends nothing', () => {
    const slabs = new ReadSlabs(new SlabPool({ lent: 0 }))
    expect(slabOf(copy(slabs, COPY_LENGTH, 1))).toBeUndefined()
  })
})
