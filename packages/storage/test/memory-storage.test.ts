import { Geometry } from '@torrential/primitives'
import { MemoryStorage } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { blocksOf, KIB, pieceBytes, pieceOf, writeAll } from './torrent-data.ts'

describe('MemoryStorage', () => {
  test('grows with what is written, not with what the torrent could hold', async () => {
    const geometry = new Geometry('v1', 16 * KIB ** 2, [{ length: 100 * KIB ** 3 }])
    const storage = new MemoryStorage({ geometry })
    expect(storage.size).toBe(0)
    await storage.write(pieceOf(geometry, 6_000), 5 * KIB ** 2, [new Uint8Array(20_000)])
    expect(storage.size).toBe(32 * KIB)
    await storage.write(pieceOf(geometry, 6_000), 5 * KIB ** 2, [new Uint8Array(20_000)])
    expect(storage.size).toBe(32 * KIB)
    await storage.close()
    expect(storage.size).toBe(0)
  })

  test('holds a complete torrent in as many bytes as it has', async () => {
    const geometry = new Geometry('v2', 32 * KIB, [{ length: 40_000 }, { length: 5 }])
    const storage = new MemoryStorage({ geometry })
    await writeAll(storage, geometry)
    expect(storage.size).toBe(40_005)
  })

  test('keeps a copy: blocks may be reused at once', async () => {
    const geometry = new Geometry('v1', 32 * KIB, [{ length: 32 * KIB }])
    const storage = new MemoryStorage({ geometry })
    const piece = pieceOf(geometry, 0)
    const bytes = pieceBytes(geometry, piece)
    await storage.write(piece, 0, blocksOf(bytes))
    const expected = bytes.slice()
    bytes.fill(0)
    expect(Buffer.compare(await storage.read(piece, 0, expected.length), expected)).toBe(0)
  })
})
