import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Geometry } from '@torrential/primitives'
import { faultyFileSystem, FileStorage, HandlePool, nodeFileSystem } from '@torrential/storage'
import {
  array as arrayOf,
  assert as assertProperty,
  asyncProperty,
  boolean,
  constantFrom,
  nat,
  record,
} from 'fast-check'
import { describe, expect, test } from '@jest/globals'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { listing, temporaryDirectory } from './temporary-directory.ts'
import { blocksOf, failureOf, KIB, pieceBytes, pieceOf, torrentOnDisk, wrongPieces, writeAll } from './torrent-data.ts'

describe('FileStorage on disk', () => {
  test('writes each file as the torrent has it', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = torrentOnDisk(path, { 't/a': 40_000, 't/sub/b': 9, 't/sub/c': 60_000 })
    await writeAll(storage, geometry)
    const whole = Buffer.concat(
      Array.from({ length: geometry.pieceCount }, (_, i) => pieceBytes(geometry, pieceOf(geometry, i))),
    )
    expect((await readFile(join(path, 't/a'))).equals(whole.subarray(0, 40_000))).toBe(true)
    expect((await readFile(join(path, 't/sub/b'))).equals(whole.subarray(40_000, 40_009))).toBe(true)
    expect((await readFile(join(path, 't/sub/c'))).equals(whole.subarray(40_009))).toBe(true)
    expect(await listing(path)).toEqual(['t', 't/a', 't/sub', 't/sub/b', 't/sub/c'])
    await storage.close()
  })

  for (const [how, most] of [
    ['', 1e9],
    [', though the system moves little at a time', 1_000],
  ] as const) {
    test(`reads into parts of memory, across files and padding${how}`, async () => {
      const path = await temporaryDirectory()
      const layout = [{ length: 40_000 }, { length: 25_536, pad: true }, { length: 65_536 }]
      const geometry = new Geometry('hybrid', 128 * KIB, layout)
      const files = [{ path: 'a' }, { path: '.pad/25536', pad: true }, { path: 'b' }]
      const fileSystem = faultyFileSystem(
        nodeFileSystem,
        () => undefined,
        (_call, _path, asked) => Math.min(asked, most),
      )
      await using handles = new HandlePool({ fileSystem })
      await using storage = new FileStorage({ geometry, files, handles }, { path })
      const piece = pieceOf(geometry, 0)
      const content = pieceBytes(geometry, piece)
      content.fill(0, 40_000, 65_536)
      await storage.write(piece, 0, blocksOf(content))
      const bytes = new Uint8Array(5 * 20_010).fill(0xee)
      const parts = Array.from({ length: 5 }, (_, at) => bytes.subarray(at * 20_010 + 10, (at + 1) * 20_010))
      expect(await storage.read(piece, 1_000, 100_000, { into: { bytes, parts } })).toBe(bytes)
      expect(Buffer.concat(parts)).toEqual(Buffer.from(content.subarray(1_000, 101_000)))
      expect(bytes.subarray(20_010, 20_020)).toEqual(new Uint8Array(10).fill(0xee))
    })
  }

  test('touches nothing on disk before the first call, and prepare makes the root and empty files only', async () => {
    const path = join(await temporaryDirectory(), 'made/later')
    const { storage } = torrentOnDisk(
      path,
      { 't/a': 40_000, 't/e/empty': 0, 't/unwanted empty': 0 },
      { wanted: (f) => f !== 2 },
    )
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    await storage.prepare()
    expect(await listing(path)).toEqual(['t', 't/e', 't/e/empty'])
    await storage.prepare()
    await storage.setWanted(2, true)
    expect(await listing(path)).toEqual(['t', 't/e', 't/e/empty', 't/unwanted empty'])
    await storage.close()
  })

  test('never makes padding or symbolic links, wherever they would lie', async () => {
    const path = await temporaryDirectory()
    const geometry = new Geometry('hybrid', 32 * KIB, [
      { length: 40_000 },
      { length: 25_536, pad: true },
      { length: 10 },
      { length: 0 },
    ])
    const files = [{ path: 'a' }, { path: '.pad/25536', pad: true }, { path: 'b' }, { path: 'link', symlink: 'a' }]
    const storage = new FileStorage({ geometry, files, handles: new HandlePool() }, { path })
    await storage.prepare()
    await writeAll(storage, geometry)
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect(await listing(path)).toEqual(['a', 'b'])
    await storage.close()
  })

  test('leaves holes where nothing was written, beyond 4 GiB too', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = torrentOnDisk(path, { big: 6 * KIB ** 3 }, { pieceLength: KIB ** 2 })
    const piece = pieceOf(geometry, 5 * KIB)
    await storage.write(piece, 0, blocksOf(pieceBytes(geometry, piece)))
    const { size, blocks } = await stat(join(path, 'big'))
    expect(size).toBe(5 * KIB ** 3 + KIB ** 2)
    expect(blocks * 512).toBeLessThan(4 * KIB ** 2)
    const read = await storage.read(piece, 0, KIB ** 2)
    expect(Buffer.compare(read, pieceBytes(geometry, piece))).toBe(0)
    await storage.close()
  })

  test('gives files their whole length at once when told to', async () => {
    const path = await temporaryDirectory()
    const { storage, geometry } = torrentOnDisk(path, { a: 100_000 }, { allocation: 'full' })
    await storage.write(pieceOf(geometry, 0), 0, [new Uint8Array(10)])
    expect((await stat(join(path, 'a'))).size).toBe(100_000)
    await storage.close()
  })

  test('goes on until every byte is written when the system takes fewer', async () => {
    const fileSystem = new MeddlingFileSystem()
    fileSystem.mostWritten = 1_003
    const handles = new HandlePool({ fileSystem })
    const { storage, geometry } = torrentOnDisk(await temporaryDirectory(), { a: 40_000, b: 30_000 }, { handles })
    await writeAll(storage, geometry)
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('writes a piece of many blocks with one call per file', async () => {
    const fileSystem = new MeddlingFileSystem()
    const writes: string[] = []
    fileSystem.fail = (call, path) => {
      if (call === 'write') writes.push(path.slice(-1))
      return undefined
    }
    const handles = new HandlePool({ fileSystem })
    const files = { a: KIB ** 2 + 100, b: KIB ** 2 }
    const { storage, geometry } = torrentOnDisk(await temporaryDirectory(), files, { handles, pieceLength: KIB ** 2 })
    for (const index of [0, 1]) {
      const piece = pieceOf(geometry, index)
      await storage.write(piece, 0, blocksOf(pieceBytes(geometry, piece)))
    }
    expect(writes).toEqual(['a', 'a', 'b'])
    await storage.close()
  })

  test('tells its observer what it opens, reads, writes and closes', async () => {
    const seen: string[] = []
    const { storage, geometry } = torrentOnDisk(
      await temporaryDirectory(),
      { a: 100, b: 50 },
      {
        observer: {
          opened: (file, mode) => void seen.push(`open ${file} ${mode}`),
          closed: (file) => void seen.push(`close ${file}`),
          read: (file, bytes) => void seen.push(`read ${file} ${bytes}`),
          written: (file, bytes) => void seen.push(`write ${file} ${bytes}`),
        },
      },
    )
    await writeAll(storage, geometry)
    await storage.read(pieceOf(geometry, 0), 90, 20)
    await storage.close()
    // The files of a piece are worked on side by side: what belongs to one file is in order.
    const of = (file: number) => seen.filter((line) => line.split(' ')[1] === `${file}`)
    expect(of(0).slice(0, 3)).toEqual(['open 0 write', 'write 0 100', 'read 0 10'])
    expect(of(1).slice(0, 3)).toEqual(['open 1 write', 'write 1 50', 'read 1 10'])
    expect(seen.slice(6).sort()).toEqual(['close 0', 'close 1'])
  })

  test('says what is on disk in the place of a file', async () => {
    const path = await temporaryDirectory()
    const { storage } = torrentOnDisk(path, { a: 100, 'd/b': 50 })
    expect(await storage.status(1)).toBeUndefined()
    await writeFile(join(path, 'a'), 'four')
    const { mtimeMs } = await stat(join(path, 'a'))
    expect(await storage.status(0)).toEqual({ size: 4, modified: mtimeMs })
    expect(storage.pathOf(1)).toBe(join(path, 'd/b'))
    expect(await failureOf(storage.status(2))).toMatchObject({ code: 'FILE_INDEX' })
    await storage.close()
  })

  test('flushes the files that were written since the last time, each once', async () => {
    const fileSystem = new MeddlingFileSystem()
    const synced: string[] = []
    fileSystem.fail = (call, path) => {
      if (call === 'datasync') synced.push(path.slice(-1))
      return undefined
    }
    const handles = new HandlePool({ handles: 1, fileSystem })
    const { storage, geometry } = torrentOnDisk(await temporaryDirectory(), { a: 40_000, b: 50, c: 50 }, { handles })
    await writeAll(storage, geometry)
    await storage.flush()
    await storage.flush()
    expect(synced.sort()).toEqual(['a', 'b', 'c'])
    fileSystem.fail = (call) => (call === 'datasync' ? 'EIO' : undefined)
    await writeAll(storage, geometry)
    expect((await failureOf(storage.flush()))?.code).toBe('EIO')
    fileSystem.fail = () => undefined
    await storage.flush()
    await storage.close()
  })

  test('deletes its own files and what became empty, and nothing else', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'mine'), 'not of the torrent')
    const { storage, geometry } = torrentOnDisk(
      path,
      { 't/a': 40_000, 't/sub/deep/b': 9, 't/keep/c': 60_000, 't/no': 0 },
      { wanted: (f) => f !== 2 },
    )
    await writeAll(storage, geometry)
    await writeFile(join(path, 't/keep'), 'a file where the torrent has a directory').catch(() => {})
    await mkdir(join(path, 't/other'))
    await writeFile(join(path, 't/sub/foreign'), 'not of the torrent')
    await storage.deleteFiles()
    expect(await listing(path)).toEqual(['mine', 't', 't/keep', 't/other', 't/sub', 't/sub/foreign'])
    expect((await failureOf(storage.read(pieceOf(geometry, 0), 0, 1)))?.code).toBe('STORAGE_CLOSED')
    await expect(storage.deleteFiles()).resolves.toBeUndefined()
  })

  test('refuses paths that could leave the root and lists that do not match', async () => {
    const geometry = new Geometry('v1', 32 * KIB, [{ length: 10 }])
    const handles = new HandlePool()
    for (const path of [
      '',
      '.',
      '..',
      'a/../b',
      '/etc/passwd',
      'a//b',
      './a',
      'a/.',
      'a/..',
      'a/\0',
      'a/\0b',
      'a/',
      '\n/../a',
    ]) {
      const make = () => new FileStorage({ geometry, files: [{ path }], handles }, { path: '/tmp' })
      expect(make).toThrow(expect.objectContaining({ code: 'STORAGE_PATH' }))
    }
    for (const path of ['...', '.a', 'a/..b/c.', 'a/.../ ', 'ä\n'])
      expect(new FileStorage({ geometry, files: [{ path }], handles }, { path: '/tmp' }).relativePathOf(0)).toBe(path)
    const make = () => new FileStorage({ geometry, files: [], handles }, { path: '/tmp' })
    expect(make).toThrow(expect.objectContaining({ code: 'STORAGE_FILES' }))
    const named = () =>
      new FileStorage({ geometry, files: [{ path: 'a' }], handles }, { path: '/tmp', partFile: '../x' })
    expect(named).toThrow(expect.objectContaining({ code: 'STORAGE_PATH' }))
  })

  test('any torrent, wanted in any way, reads back whatever is wanted later', async () => {
    const file = record({ length: nat({ max: 60_000 }), wanted: boolean(), later: boolean() })
    await assertProperty(
      asyncProperty(
        constantFrom('v1' as const, 'v2' as const),
        arrayOf(file, { minLength: 1, maxLength: 8 }),
        async (kind, files) => {
          const path = await temporaryDirectory()
          const geometry = new Geometry(kind, 16 * KIB, files)
          const stored = files.map((_, index) => ({ path: `f${index}` }))
          const isWanted = (index: number) => files[index]?.wanted ?? true
          const parts = { geometry, files: stored, handles: new HandlePool({ handles: 2 }) }
          const storage = new FileStorage(parts, { path, wanted: isWanted })
          await writeAll(storage, geometry)
          await storage.close()
          const again = new FileStorage(parts, { path, wanted: isWanted })
          for (const [index, { later }] of files.entries()) await again.setWanted(index, later)
          expect(await wrongPieces(again, geometry)).toEqual([])
          await again.deleteFiles()
          expect(await listing(path)).toEqual([])
        },
      ),
      { numRuns: 40, seed: 7 },
    )
  }, 30_000)
})
