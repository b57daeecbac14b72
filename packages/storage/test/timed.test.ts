import { Geometry, VirtualClock } from '@torrential/primitives'
import { faulty, MemoryStorage, timed } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { failureOf, KIB, pieceOf } from './torrent-data.ts'

describe('timed and faulty', () => {
  test('counts calls, bytes, failures and milliseconds of each kind', async () => {
    const geometry = new Geometry('v1', 32 * KIB, [{ length: 32 * KIB }])
    const piece = pieceOf(geometry, 0)
    const clock = new VirtualClock()
    const slow = faulty(new MemoryStorage({ geometry }), {
      clock,
      faults: [
        { call: 'write', from: 2, delay: 30 },
        { call: 'read', from: 2, count: 2, code: 'EIO' },
      ],
    })
    const storage = timed(slow, clock)
    await storage.write(piece, 0, [new Uint8Array(10), new Uint8Array(20)])
    const second = storage.write(piece, 0, [new Uint8Array(100)])
    await Promise.resolve()
    expect(storage.timings.write.running).toBe(1)
    await clock.advanceAsync(30)
    await second
    await storage.read(piece, 0, 5)
    expect((await failureOf(storage.read(piece, 0, 5)))?.code).toBe('EIO')
    expect((await failureOf(storage.read(piece, 0, 5)))?.code).toBe('EIO')
    await storage.read(piece, 0, 5)
    await storage.flush()
    expect({ ...storage.timings.write }).toEqual({
      calls: 2,
      failures: 0,
      bytes: 130,
      running: 0,
      total: 30,
      slowest: 30,
    })
    expect({ ...storage.timings.read }).toEqual({ calls: 4, failures: 2, bytes: 10, running: 0, total: 0, slowest: 0 })
    expect(storage.timings.flush.calls).toBe(1)
  })

  test('a planned failure does not reach the storage underneath', async () => {
    const geometry = new Geometry('v1', 32 * KIB, [{ length: 32 * KIB }])
    const memory = new MemoryStorage({ geometry })
    const storage = faulty(memory, {
      faults: [
        { call: 'write', code: 'ENOSPC' },
        { call: 'flush', code: 'EIO' },
      ],
    })
    expect(await failureOf(storage.write(pieceOf(geometry, 0), 0, [new Uint8Array(10)]))).toMatchObject({
      code: 'ENOSPC',
      data: { piece: 0 },
    })
    expect((await failureOf(storage.flush()))?.code).toBe('EIO')
    expect(memory.size).toBe(0)
  })
})
