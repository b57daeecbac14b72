import { createHash } from 'node:crypto'
import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileStorageOptions } from '@torrential/storage'
import { HandlePool } from '@torrential/storage'
import { Geometry, type PieceIndex } from '@torrential/primitives'
import { assert as assertProperty, asyncProperty, boolean, nat, record } from 'fast-check'
import { describe, expect, test } from '@jest/globals'
import { PartFile } from '../src/part-file.ts'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { listing, temporaryDirectory } from './temporary-directory.ts'
import { blocksOf, failureOf, KIB, pieceBytes, pieceOf, torrentOnDisk, wrongPieces, writeAll } from './torrent-data.ts'

/** Pieces of 32 KiB: 0 and 1 in `a`, 1 and 2 in `b`, 2 in `c`, 2 and 3 in `d`. */
const files = { a: 40_000, b: 40_000, c: 10_000, d: 41_072 }
const PART = '.x.parts'

function opened(
  path: string,
  unwanted: readonly number[],
  more: Partial<FileStorageOptions> & { handles?: HandlePool } = {},
) {
  return torrentOnDisk(path, files, { wanted: (file) => !unwanted.includes(file), partFile: PART, ...more })
}

describe('the fingerprint of the layout', () => {
  const geometry = new Geometry('v1', 32 * KIB, [{ length: 10 }, { length: 20, pad: true }, { length: 30 }])

  test('is over kind, pieces, lengths and names', () => {
    const text = 'v1 32768\n10 file t/ä €\n20 pad .pad/1\n30 file t/😀\n'
    const name = createHash('sha1').update(text).digest('hex')
    expect(new PartFile(geometry, ['t/ä €', '.pad/1', 't/😀']).name).toBe(name)
  })

  test('is not made before somebody needs it', () => {
    let looks = 0
    const paths = new Proxy(['a', 'b', 'c'], {
      get: (target, key) => {
        looks++
        return Reflect.get(target, key)
      },
    })
    const part = new PartFile(geometry, paths)
    expect(part.find(0 as PieceIndex, 0)).toBeUndefined()
    expect([part.size, looks]).toEqual([0, 0])
    expect(part.name).toBe(part.name)
    expect(looks).toBe(3)
  })
})

describe('part file', () => {
  test('holds what wanted pieces have in unwanted files, and those files are not made', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = opened(path, [1, 2])
    const bytes = pieceBytes(geometry, pieceOf(geometry, 1))
    await storage.write(pieceOf(geometry, 1), 0, blocksOf(bytes))
    expect(await listing(path)).toEqual([PART, 'a'])
    expect(Buffer.compare(await storage.read(pieceOf(geometry, 1), 0, bytes.length), bytes)).toBe(0)
    expect((await stat(join(path, PART))).size).toBe(32 + 32 + (65_536 - 40_000))
    await storage.close()
  })

  test('is made only when there is something to keep', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = opened(path, [1])
    await storage.write(pieceOf(geometry, 0), 0, blocksOf(pieceBytes(geometry, pieceOf(geometry, 0))))
    await storage.prepare()
    expect(await listing(path)).toEqual(['a'])
    await storage.close()
  })

  test('survives a restart', async () => {
    const path = await temporaryDirectory()
    const first = opened(path, [1, 3])
    await writeAll(first.storage, first.geometry)
    await first.storage.flush()
    await first.storage.close()
    const { storage, geometry } = opened(path, [1, 3])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect(await listing(path)).toEqual([PART, 'a', 'c'])
    await storage.close()
  })

  test('gives its bytes to a file that becomes wanted, and goes when it is empty', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = opened(path, [1, 3])
    await writeAll(storage, geometry)
    await storage.setWanted(1, true)
    expect(await listing(path)).toEqual([PART, 'a', 'b', 'c'])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.setWanted(3, true)
    expect(await listing(path)).toEqual(['a', 'b', 'c', 'd'])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('gives its bytes to files that became wanted between two runs', async () => {
    const path = await temporaryDirectory()
    const first = opened(path, [0, 1, 2, 3])
    await writeAll(first.storage, first.geometry)
    await first.storage.close()
    const { storage, geometry } = opened(path, [2])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect(await listing(path)).toEqual([PART, 'a', 'b', 'd'])
    await storage.close()
  })

  test('does not take the bytes of an unwanted file that exists', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = opened(path, [])
    await writeAll(storage, geometry, 1)
    await storage.setWanted(1, false)
    await writeAll(storage, geometry, 2)
    expect(await wrongPieces(storage, geometry, 2)).toEqual([])
    expect(await listing(path)).toEqual(['a', 'b', 'c', 'd'])
    await storage.close()
  })

  test('a piece that is written again replaces what waits, also by another run of the program', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = opened(path, [1])
    await writeAll(storage, geometry, 1)
    await writeAll(storage, geometry, 2)
    await storage.close()
    const again = opened(path, [1])
    expect(await wrongPieces(again.storage, geometry, 2)).toEqual([])
    await writeAll(again.storage, geometry, 3)
    await again.storage.setWanted(1, true)
    expect(await wrongPieces(again.storage, geometry, 3)).toEqual([])
    await again.storage.close()
  })

  test('reads and writes wait while bytes move into a file', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = opened(path, [1])
    await writeAll(storage, geometry, 1)
    const moves = [storage.setWanted(1, true), storage.setWanted(1, false), storage.setWanted(1, true)]
    const writing = writeAll(storage, geometry, 2)
    await Promise.all([...moves, writing])
    expect(await wrongPieces(storage, geometry, 2)).toEqual([])
    await storage.close()
  })

  test('keeps its bytes when they cannot be moved, and the next call moves them', async () => {
    const path = await temporaryDirectory()
    const fileSystem = new MeddlingFileSystem()
    const { storage, geometry } = opened(path, [1], { handles: new HandlePool({ fileSystem }) })
    await writeAll(storage, geometry)
    fileSystem.fail = (call, at) => (call === 'write' && at.endsWith('/b') ? 'ENOSPC' : undefined)
    expect((await failureOf(storage.setWanted(1, true)))?.code).toBe('ENOSPC')
    expect(await wrongPieces(storage, geometry)).toEqual([])
    fileSystem.fail = () => undefined
    await storage.setWanted(1, true)
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect(await listing(path)).toEqual(['a', 'b', 'c', 'd'])
    await storage.close()
  })

  test('a part file of another layout or of rubbish is ignored with PART_FILE_INVALID and replaced', async () => {
    const path = await temporaryDirectory()
    for (const content of ['', 'x', 'TRNTPART'.padEnd(500, '\0'), 'y'.repeat(100_000)]) {
      await writeFile(join(path, PART), content)
      const ignored: string[] = []
      const { storage, geometry } = opened(path, [1], { observer: { ignored: ({ code }) => void ignored.push(code) } })
      await writeAll(storage, geometry)
      expect(ignored).toEqual(['PART_FILE_INVALID'])
      expect(await wrongPieces(storage, geometry)).toEqual([])
      await storage.close()
    }
  })

  test('a torn part file keeps the records in front of the tear, and what is written later survives', async () => {
    const path = await temporaryDirectory()
    const first = opened(path, [1, 3])
    await writeAll(first.storage, first.geometry)
    await first.storage.close()
    // The first record is what piece 1 has in b; the next one starts behind it.
    const second = 32 + 32 + (65_536 - 40_000)
    const file = await open(join(path, PART), 'r+')
    await file.write(Buffer.alloc(32), 0, 32, second)
    await file.close()
    const ignored: string[] = []
    const { storage, geometry } = opened(path, [1, 3], { observer: { ignored: ({ code }) => void ignored.push(code) } })
    expect(await wrongPieces(storage, geometry)).toEqual([2, 3])
    expect(ignored).toEqual(['PART_FILE_INVALID'])
    await writeAll(storage, geometry)
    await storage.close()
    const last = opened(path, [1, 3])
    expect(await wrongPieces(last.storage, geometry)).toEqual([])
    await last.storage.close()
  })

  test('data that is cut off reads as SHORT_READ', async () => {
    const path = await temporaryDirectory()
    const first = opened(path, [3])
    await writeAll(first.storage, first.geometry)
    await first.storage.close()
    await truncate(join(path, PART), (await stat(join(path, PART))).size - 1)
    const { storage, geometry } = opened(path, [3])
    expect(await failureOf(storage.read(pieceOf(geometry, 3), 0, 32 * KIB))).toMatchObject({
      code: 'SHORT_READ',
      data: { piece: 3 },
    })
    await storage.setWanted(3, true)
    expect(await wrongPieces(storage, geometry)).toEqual([3])
    await storage.close()
  })

  test('no mutation of a part file does any harm: pieces are right or missing, and writing again makes all right', async () => {
    const path = await temporaryDirectory()
    const first = opened(path, [0, 1, 2, 3])
    await writeAll(first.storage, first.geometry)
    await first.storage.close()
    const original = await readFile(join(path, PART))
    const mutation = record({
      at: nat({ max: original.length - 1 }),
      header: boolean(),
      byte: nat({ max: 255 }),
      cut: boolean(),
    })
    await assertProperty(
      asyncProperty(mutation, async ({ at, header, byte, cut }) => {
        const position = header ? at % 64 : at
        const mutant = Buffer.from(cut ? original.subarray(0, position) : original)
        if (!cut) mutant[position] = byte
        await writeFile(join(path, PART), mutant)
        const { storage, geometry } = opened(path, [0, 1, 2, 3])
        await wrongPieces(storage, geometry)
        await writeAll(storage, geometry)
        expect(await wrongPieces(storage, geometry)).toEqual([])
        await storage.close()
        expect(await listing(path)).toEqual([PART])
      }),
      { numRuns: 100, seed: 3 },
    )
  }, 30_000)
})
