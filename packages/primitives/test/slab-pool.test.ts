import { describe, expect, test } from '@jest/globals'
import { giveBack, keep, type Slab, SlabPool, slabOf } from '@torrential/primitives'

const KIB = 1024

function lend(pool: SlabPool, length = 64 * KIB): Slab {
  const slab = pool.lend(length)
  if (slab === undefined) throw new Error('nothing was lent')
  return slab
}

describe('memory that comes back', () => {
  test('a slab is lent again once it is closed and every byte of it was given back', () => {
    const pool = new SlabPool()
    const slab = lend(pool)
    const [one, two] = [slab.handOut(0, 100), slab.handOut(100, 64 * KIB)]
    giveBack([one])
    slab.close()
    expect(pool.idle).toBe(0)
    giveBack([two])
    expect([pool.idle, pool.lent]).toEqual([64 * KIB, 0])
    expect(lend(pool)).toBe(slab)
    expect([pool.idle, pool.lent]).toEqual([0, 64 * KIB])
  })

  test('other threads can look at it where that is asked for', () => {
    const pool = new SlabPool({ shared: true })
    const slab = lend(pool)
    const bytes = slab.handOut(0, 100)
    expect(bytes.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(slabOf(bytes)).toBe(slab)
    slab.close()
    giveBack([bytes])
    expect(lend(pool)).toBe(slab)
    expect(lend(new SlabPool()).bytes.buffer).toBeInstanceOf(ArrayBuffer)
  })

  test('a slab that is open is not lent again, although all that was handed out so far is back', () => {
    const pool = new SlabPool()
    const slab = lend(pool)
    giveBack([slab.handOut(0, 100)])
    expect(lend(pool)).not.toBe(slab)
  })

  test('a slab of which one byte is out stays away for good', () => {
    const pool = new SlabPool()
    const slab = lend(pool)
    const bytes = slab.handOut(0, 100)
    slab.close()
    giveBack([bytes.subarray(1)])
    expect([pool.idle, pool.lent]).toEqual([0, 64 * KIB])
    expect(lend(pool)).not.toBe(slab)
  })

  test('a slab of which somebody keeps bytes is never lent again, whatever is given back', () => {
    const pool = new SlabPool()
    const slab = lend(pool)
    const bytes = slab.handOut(0, 100)
    keep(bytes.subarray(5, 10))
    giveBack([bytes])
    slab.close()
    expect(pool.idle).toBe(0)
  })

  test('a slab that was lent a second time is counted from nothing', () => {
    const pool = new SlabPool()
    const slab = lend(pool)
    giveBack([slab.handOut(0, 50)])
    slab.close()
    expect(lend(pool)).toBe(slab)
    const bytes = slab.handOut(0, 50)
    slab.close()
    expect(pool.idle).toBe(0)
    giveBack([bytes])
    expect(pool.idle).toBe(64 * KIB)
  })

  test('views find their slab; other memory has none, and giving it back or keeping it does nothing', () => {
    const slab = lend(new SlabPool())
    expect(slabOf(slab.handOut(10, 20).subarray(3))).toBe(slab)
    const other = new Uint8Array(10)
    expect(slabOf(other)).toBeUndefined()
    giveBack([other])
    keep(other)
  })

  test('lends no more than its limit at a time', () => {
    const pool = new SlabPool({ lent: 100 * KIB })
    const first = lend(pool)
    expect(pool.lend(64 * KIB)).toBeUndefined()
    expect(pool.lend(32 * KIB)).toBeDefined()
    first.close()
    expect(pool.lend(64 * KIB)).toBe(first)
  })

  test('holds no more idle than its limit', () => {
    const pool = new SlabPool({ idle: 100 * KIB })
    const slabs = [lend(pool), lend(pool)]
    for (const slab of slabs) slab.close()
    expect([pool.idle, pool.lent]).toEqual([64 * KIB, 0])
  })

  test('what is idle of a size that was wanted longer ago makes room for what is wanted now', () => {
    const pool = new SlabPool({ idle: 128 * KIB })
    for (const slab of [lend(pool), lend(pool)]) slab.close()
    expect(pool.idle).toBe(128 * KIB)
    const small = lend(pool, 16 * KIB)
    small.close()
    expect(pool.idle).toBe(64 * KIB + 16 * KIB)
    expect(lend(pool, 16 * KIB)).toBe(small)
    // The other way round: nothing goes for a size that nobody has wanted since.
    const [large, next] = [lend(pool), lend(pool)]
    large.close()
    next.close()
    small.close()
    expect([pool.idle, pool.lent]).toEqual([128 * KIB, 0])
  })

  test('a slab gives others of its pool', () => {
    const pool = new SlabPool({ lent: 128 * KIB })
    const slab = lend(pool)
    const other = slab.sibling(32 * KIB)
    expect(pool.lent).toBe(96 * KIB)
    expect(slab.sibling(64 * KIB)).toBeUndefined()
    other?.close()
    expect(pool.idle).toBe(32 * KIB)
  })
})
