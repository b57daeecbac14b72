import { Geometry } from '@torrential/primitives'
import type { Storage } from '@torrential/contracts'
import { CacheBudget, cached, faulty, MemoryStorage } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { failureOf, KIB, pieceBytes, pieceOf, writeAll } from './torrent-data.ts'

const PIECE = 512 * KIB

async function fixture(pieces = 4) {
  const geometry = new Geometry('v1', PIECE, [{ length: pieces * PIECE - 100 }])
  const memory = new MemoryStorage({ geometry })
  await writeAll(memory, geometry)
  const reads: string[] = []
  const counted: Storage = {
    read: (piece, offset, length, options) => {
      reads.push(`${piece} ${offset / KIB}+${length / KIB}`)
      return memory.read(piece, offset, length, options)
    },
    write: (...call) => memory.write(...call),
    flush: (...call) => memory.flush(...call),
    [Symbol.asyncDispose]: () => memory.close(),
  }
  return { geometry, memory, counted, reads, piece: (index: number) => pieceOf(geometry, index) }
}

describe('cached', () => {
  test('serves the blocks of a piece with one read per run of 256 KiB', async () => {
    const { geometry, counted, reads, piece } = await fixture()
    const storage = cached(counted, geometry)
    const expected = pieceBytes(geometry, piece(1))
    for (let offset = 0; offset < PIECE; offset += 16 * KIB) {
      const block = await storage.read(piece(1), offset, 16 * KIB)
      expect(Buffer.compare(block, expected.subarray(offset, offset + 16 * KIB))).toBe(0)
    }
    expect(reads).toEqual(['1 0+256', '1 256+256'])
    expect(storage.cache).toEqual({ hits: 30, misses: 2, bytes: PIECE })
  })

  test('the last run of a piece is as short as the piece', async () => {
    const { geometry, counted, reads, piece } = await fixture(1)
    const storage = cached(counted, geometry)
    await storage.read(piece(0), PIECE - 16 * KIB, 16 * KIB - 100)
    expect(reads).toEqual([`0 256+${256 - 100 / KIB}`])
  })

  test('readers of one run at the same time share one read', async () => {
    const { geometry, counted, reads, piece } = await fixture()
    const storage = cached(counted, geometry)
    const blocks = await Promise.all(
      Array.from({ length: 16 }, (_, i) => storage.read(piece(0), i * 16 * KIB, 16 * KIB)),
    )
    expect(reads).toEqual(['0 0+256'])
    expect(Buffer.compare(Buffer.concat(blocks), pieceBytes(geometry, piece(0)).subarray(0, 256 * KIB))).toBe(0)
  })

  test('hands out views of what it holds, without a copy', async () => {
    const { geometry, counted, piece } = await fixture()
    const storage = cached(counted, geometry)
    const first = await storage.read(piece(0), 0, 16 * KIB)
    const second = await storage.read(piece(0), 16 * KIB, 16 * KIB)
    expect(second.buffer).toBe(first.buffer)
  })

  test('holds no more bytes than it may, and lets go of what was not used for longest', async () => {
    const { geometry, counted, reads, piece } = await fixture()
    const storage = cached(counted, geometry, { bytes: 512 * KIB })
    await storage.read(piece(0), 0, 1)
    await storage.read(piece(1), 0, 1)
    await storage.read(piece(0), 1, 1)
    await storage.read(piece(2), 0, 1)
    expect(storage.cache.bytes).toBe(512 * KIB)
    reads.length = 0
    await storage.read(piece(0), 2, 1)
    await storage.read(piece(1), 2, 1)
    expect(reads).toEqual(['1 0+256'])
  })

  test('shares a budget with other caches: what nobody used for longest makes room, whosever it is', async () => {
    const [one, other] = [await fixture(), await fixture()]
    const budget = new CacheBudget(512 * KIB)
    const [first, second] = [one, other].map(({ counted, geometry }) => cached(counted, geometry, { budget }))
    if (first === undefined || second === undefined) throw new Error('two caches')
    await first.read(one.piece(0), 0, 1)
    await first.read(one.piece(1), 0, 1)
    await first.read(one.piece(0), 1, 1)
    await second.read(other.piece(0), 0, 1)
    expect([first.cache.bytes, second.cache.bytes, budget.bytes]).toEqual([256 * KIB, 256 * KIB, 512 * KIB])
    one.reads.length = 0
    await first.read(one.piece(0), 2, 1)
    expect(one.reads).toEqual([])
    await first[Symbol.asyncDispose]()
    expect([second.cache.bytes, budget.bytes]).toEqual([256 * KIB, 256 * KIB])
  })

  test('a write drops the runs it touches and no others', async () => {
    const { geometry, counted, reads, piece } = await fixture()
    const storage = cached(counted, geometry)
    await storage.read(piece(0), 0, 1)
    await storage.read(piece(0), 256 * KIB, 1)
    await storage.write(piece(0), 256 * KIB - 1, [Uint8Array.of(7)])
    reads.length = 0
    expect((await storage.read(piece(0), 256 * KIB - 1, 1))[0]).toBe(7)
    await storage.read(piece(0), 256 * KIB, 1)
    expect(reads).toEqual(['0 0+256'])
  })

  test('a read that overlaps a write is not kept', async () => {
    const { geometry, counted, reads, piece } = await fixture()
    const storage = cached(counted, geometry)
    const writing = storage.write(piece(0), 0, [Uint8Array.of(1, 2, 3)])
    await storage.read(piece(0), 0, 3)
    await writing
    reads.length = 0
    expect([...(await storage.read(piece(0), 0, 3))]).toEqual([1, 2, 3])
    expect(reads).toEqual(['0 0+256'])
  })

  test('reads that lie in no single run go straight to the storage', async () => {
    const { geometry, counted, reads, piece } = await fixture()
    const storage = cached(counted, geometry)
    await storage.read(piece(0), 250 * KIB, 16 * KIB)
    await storage.read(piece(0), 0, PIECE)
    expect(reads).toEqual(['0 250+16', '0 0+512'])
    expect(storage.cache.bytes).toBe(0)
  })

  test('a run that cannot be read whole still gives the block that is there; nothing of the failure is kept', async () => {
    const geometry = new Geometry('v1', PIECE, [{ length: PIECE }])
    const memory = new MemoryStorage({ geometry })
    const piece = pieceOf(geometry, 0)
    await memory.write(piece, 0, [new Uint8Array(16 * KIB).fill(9)])
    const storage = cached(memory, geometry)
    expect((await storage.read(piece, 0, 16 * KIB))[0]).toBe(9)
    expect((await failureOf(storage.read(piece, 16 * KIB, 16 * KIB)))?.code).toBe('SHORT_READ')
    expect(storage.cache.bytes).toBe(0)
    const broken = cached(faulty(memory, { faults: [{ call: 'read', count: 2, code: 'EIO' }] }), geometry)
    expect((await failureOf(broken.read(piece, 0, 16 * KIB)))?.code).toBe('EIO')
    expect((await broken.read(piece, 0, 16 * KIB))[0]).toBe(9)
  })

  test('one reader that gives up does not take the read from the others', async () => {
    const { geometry, counted, piece } = await fixture()
    const storage = cached(counted, geometry)
    const abort = new AbortController()
    const impatient = failureOf(storage.read(piece(0), 0, 1, { signal: abort.signal }))
    const patient = storage.read(piece(0), 1, 1)
    abort.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }))
    expect((await impatient)?.code).toBe('ENOUGH')
    expect(await patient).toHaveLength(1)
  })

  test('refuses sizes that are not positive integers', async () => {
    const { geometry, memory } = await fixture(1)
    expect(() => cached(memory, geometry, { bytes: 0 })).toThrow(expect.objectContaining({ code: 'CACHE_BYTES' }))
    expect(() => cached(memory, geometry, { run: 1.5 })).toThrow(expect.objectContaining({ code: 'CACHE_RUN' }))
  })
})
