// What a small file costs, in calls on the system and not in time: a tree of thousands is nothing but calls. Each is handed to the
// thread pool and back, so their number is what counts; with batches there are next to none, and whatever a batch leaves
// undone is done as if there were none.

import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { describe, expect, test } from '@jest/globals'
import {
  batchesOver,
  type FileBatches,
  type FileStorageOptions,
  type FileSystem,
  HandlePool,
  nodeFileSystem,
} from '@torrential/storage'
import { sideBySide } from '../src/side-by-side.ts'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { listing, temporaryDirectory } from './temporary-directory.ts'
import { failureOf, KIB, pieceBytes, pieceOf, torrentOnDisk, writeAll, wrongPieces } from './torrent-data.ts'

const FILES = 1_000

const counting = new AsyncLocalStorage<true>()

/** Calls on the system for each file that `work` makes; what else is under way in the process does not count. */
async function callsPerFile(work: () => Promise<void>): Promise<number> {
  let calls = 0
  const hook = createHook({
    init: (_id, type) => void (calls += Number(type === 'FSREQPROMISE' && counting.getStore() === true)),
  })
  hook.enable()
  await counting.run(true, work)
  hook.disable()
  return calls / FILES
}

/** Batches that are counted, as `inner` does them. */
class Batches {
  readonly written: string[] = []
  readonly synced: string[] = []
  trips = 0
  ended = 0

  over(inner: FileBatches): FileBatches {
    return {
      worthFrom: 1,
      threads: 0,
      write: async (files) => {
        this.trips++
        const done = await inner.write(files)
        this.written.push(...files.paths.filter((_, index) => done[index] === 1))
        return done
      },
      sync: async (root, paths) => {
        this.trips++
        const found = await inner.sync(root, paths)
        this.synced.push(...paths.filter((_, index) => !Number.isNaN(found[2 * index])))
        return found
      },
      look: (paths) => inner.look(paths),
      read: (paths, most) => inner.read(paths, most),
      [Symbol.asyncDispose]: async () => void this.ended++,
    }
  }
}

/** Calls go through a hand that meddles, batches are made of the same calls. */
class BatchingFileSystem extends MeddlingFileSystem {
  readonly batches = new Batches()
  startBatches = (): FileBatches => this.batches.over(batchesOver(this))
}

const manyFiles = Object.fromEntries(
  Array.from({ length: FILES }, (_, file) => [`t/${file % 5}/${Math.floor(file / 5)}`, 4 * KIB]),
)

/** Eight files of 5,000 bytes, pieces of 16 KiB: each piece begins and ends inside a file. */
const few = Object.fromEntries(Array.from({ length: 8 }, (_, file) => [`t/${file}`, 5_000]))

async function small(options: Partial<FileStorageOptions> = {}) {
  const fileSystem = new BatchingFileSystem()
  const path = await temporaryDirectory()
  const handles = new HandlePool({ fileSystem })
  const torrent = torrentOnDisk(path, few, { handles, pieceLength: 16 * KIB, ...options })
  return { ...torrent, path, fileSystem, batches: fileSystem.batches }
}

describe('a tree of small files', () => {
  test('costs an open, a write and a close for each file, and three more calls to make it durable, one by one', async () => {
    const fileSystem: FileSystem = { ...nodeFileSystem }
    delete fileSystem.startBatches
    const options = { pieceLength: 256 * KIB, handles: new HandlePool({ fileSystem }) }
    const { storage, geometry } = torrentOnDisk(await temporaryDirectory(), manyFiles, options)
    const written = await callsPerFile(() => writeAll(storage, geometry))
    const flushed = await callsPerFile(() => storage.flush())
    // 2.99 (a hundred files stay open) and 2.8 today. 0 would be: nothing was counted.
    expect({ written, isWithin: written > 2 && written < 3.3 }).toEqual({ written, isWithin: true })
    expect({ flushed, isWithin: flushed > 2 && flushed < 3.1 }).toEqual({ flushed, isWithin: true })
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('costs next to nothing in batches', async () => {
    const batches = new Batches()
    let calls = 0
    const counted: FileSystem = {
      ...nodeFileSystem,
      open: (path, access) => {
        calls++
        return nodeFileSystem.open(path, access)
      },
      startBatches: () => batches.over(batchesOver(nodeFileSystem)),
    }
    const handles = new HandlePool({ fileSystem: counted })
    const torrent = torrentOnDisk(await temporaryDirectory(), manyFiles, { pieceLength: 256 * KIB, handles })
    const { storage, geometry } = torrent
    await writeAll(storage, geometry)
    const looks = await storage.flushAndLook()
    expect([...looks.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: FILES }, (_, file) => file))
    await storage.flush()
    // The part file is looked for once; a trip for each of the 16 pieces, and for each 512 files that are synced.
    expect({ calls, trips: batches.trips }).toEqual({ calls: 1, trips: 16 + 2 })
    expect([batches.written.length, batches.synced.length, handles.open]).toEqual([FILES, FILES, 0])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
    await handles.close()
    expect(batches.ended).toBe(1)
  })

  test('in the thread of the machine’s own file system is written, made durable and whole', async () => {
    const { storage, geometry, handles } = torrentOnDisk(await temporaryDirectory(), manyFiles, {
      pieceLength: 256 * KIB,
    })
    await writeAll(storage, geometry)
    // A slow disk ends a batch: then the thread pool does the rest, of which nothing is told.
    const looks = await storage.flushAndLook()
    expect(looks.size).toBeGreaterThan(0)
    for (const [file, look] of looks) expect(look).toEqual(await storage.status(file))
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect((await storage.flushAndLook()).size).toBe(0)
    await storage.close()
    await handles.close()
  })
})

describe('what a batch leaves undone', () => {
  test('a file across two pieces is made by one and written to by the other', async () => {
    const { storage, geometry, batches } = await small()
    await writeAll(storage, geometry)
    expect(batches.written.filter((path) => path.endsWith('/3'))).toHaveLength(2)
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('a file across two pieces that are written in one go is made at once, and fails in the piece in which it begins', async () => {
    const { storage, geometry, batches, fileSystem, path } = await small()
    const [first, second] = [pieceOf(geometry, 0), pieceOf(geometry, 1)]
    const blocks = [pieceBytes(geometry, first), pieceBytes(geometry, second)]
    fileSystem.fail = (call, at) => (call === 'write' && at.endsWith('/4') ? 'EIO' : undefined)
    expect(await failureOf(storage.write(first, 0, blocks))).toMatchObject({ code: 'EIO', data: { piece: 1 } })
    await storage.close()
    await rm(join(path, 't'), { recursive: true })
    const again = torrentOnDisk(path, few, { handles: new HandlePool({ fileSystem }), pieceLength: 16 * KIB })
    fileSystem.fail = () => undefined
    batches.written.length = 0
    await again.storage.write(first, 0, blocks)
    // Of the seventh file the third piece has the rest.
    expect(batches.written).toEqual([0, 1, 2, 3, 4, 5, 6].map((file) => join(path, `t/${file}`)))
    await again.storage.write(pieceOf(geometry, 2), 0, [pieceBytes(geometry, pieceOf(geometry, 2))])
    expect(await wrongPieces(again.storage, geometry)).toEqual([])
    await again.storage.close()
  })

  test('a file that is there is written to, and not made anew', async () => {
    const { storage, geometry, batches, path } = await small()
    await mkdir(join(path, 't'))
    await writeFile(join(path, 't/1'), Buffer.alloc(5_000, 7))
    await writeAll(storage, geometry)
    expect(batches.written).toContain(join(path, 't/1'))
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('a longer file is not cut', async () => {
    const { storage, geometry, path } = await small()
    await mkdir(join(path, 't'))
    await writeFile(join(path, 't/1'), Buffer.alloc(6_000, 7))
    const piece = pieceOf(geometry, 0)
    const failure = await failureOf(storage.write(piece, 0, [pieceBytes(geometry, piece)]))
    expect(failure).toMatchObject({ code: 'FILE_TOO_LONG', data: { piece: 0 } })
    expect(await readFile(join(path, 't/1'))).toEqual(Buffer.alloc(6_000, 7))
    await storage.close()
  })

  test('a file that was deleted between two of its pieces is FILE_MISSING and not made anew', async () => {
    const { storage, geometry, path } = await small()
    const [first, second] = [pieceOf(geometry, 0), pieceOf(geometry, 1)]
    await storage.write(first, 0, [pieceBytes(geometry, first)])
    await rm(join(path, 't/3'))
    const failure = await failureOf(storage.write(second, 0, [pieceBytes(geometry, second)]))
    expect(failure).toMatchObject({ code: 'FILE_MISSING', data: { path: join(path, 't/3') } })
    expect(await listing(path)).not.toContain('t/3')
    await storage.close()
  })

  test.each(['open', 'write', 'makeDirectory'] as const)(
    'a full disk (%s) is an error with path and piece',
    async (which) => {
      const { storage, geometry, fileSystem } = await small()
      fileSystem.fail = (call, path) => (call === which && !path.endsWith('/0') ? 'ENOSPC' : undefined)
      const piece = pieceOf(geometry, 0)
      expect(await failureOf(storage.write(piece, 0, [pieceBytes(geometry, piece)]))).toMatchObject({
        code: 'ENOSPC',
        data: { piece: 0 },
      })
      fileSystem.fail = () => undefined
      await writeAll(storage, geometry)
      await storage.flush()
      expect(await wrongPieces(storage, geometry)).toEqual([])
      await storage.close()
      expect(fileSystem.openNow).toBe(0)
    },
  )

  test('a sync that fails is the error of the flush, and the next flush does it again', async () => {
    const { storage, geometry, fileSystem, batches, path } = await small()
    await writeAll(storage, geometry)
    // Nothing stays open.
    await storage.close()
    expect(batches.synced).toEqual([])
    const again = torrentOnDisk(path, few, {
      handles: new HandlePool({ fileSystem, handles: 1 }),
      pieceLength: 16 * KIB,
    })
    await writeAll(again.storage, geometry)
    fileSystem.fail = (call, at) => (call === 'datasync' && at.endsWith('/2') ? 'EIO' : undefined)
    expect(await failureOf(again.storage.flush())).toMatchObject({ code: 'EIO', data: { path: join(path, 't/2') } })
    const before = batches.synced.length
    expect(before).toBeGreaterThan(3)
    fileSystem.fail = () => undefined
    // One file is made durable by itself, and nobody has looked at it.
    expect((await again.storage.flushAndLook()).size).toBe(0)
    expect(fileSystem.mostOpen).toBeLessThanOrEqual(100)
    await again.storage.close()
  })

  test('a file that was deleted since is FILE_MISSING', async () => {
    const { storage, geometry, batches, path } = await small()
    await storage.write(pieceOf(geometry, 0), 0, [pieceBytes(geometry, pieceOf(geometry, 0))])
    expect(batches.written).toContain(join(path, 't/1'))
    await rm(join(path, 't/1'))
    expect(await failureOf(storage.flush())).toMatchObject({ code: 'FILE_MISSING', data: { path: join(path, 't/1') } })
    await storage.close()
  })

  test('a directory that became a link to elsewhere gets nothing', async () => {
    const { storage, geometry, path } = await small()
    const outside = await temporaryDirectory()
    await storage.write(pieceOf(geometry, 0), 0, [pieceBytes(geometry, pieceOf(geometry, 0))])
    await rm(join(path, 't'), { recursive: true })
    await symlink(outside, join(path, 't'))
    const piece = pieceOf(geometry, 1)
    expect(await failureOf(storage.write(piece, 0, [pieceBytes(geometry, piece)]))).toMatchObject({
      code: 'PATH_OUTSIDE',
    })
    expect(await listing(outside)).toEqual([])
    await storage.close()
  })

  test('unwanted files are not made, and files that get their whole length at once only when they are whole', async () => {
    const unwanted = await small({ wanted: (file) => file !== 1 })
    await writeAll(unwanted.storage, unwanted.geometry)
    expect(await listing(unwanted.path)).not.toContain('t/1')
    expect(await wrongPieces(unwanted.storage, unwanted.geometry)).toEqual([])
    await unwanted.storage.close()
    const inOneGo = await small({ wanted: (file) => file !== 3 })
    const pieces = Array.from({ length: inOneGo.geometry.pieceCount }, (_, index) => pieceOf(inOneGo.geometry, index))
    const blocks = pieces.map((each) => pieceBytes(inOneGo.geometry, each))
    await inOneGo.storage.write(pieceOf(inOneGo.geometry, 0), 0, blocks)
    // Each piece has a part of the file that is not made, and a record of its own for it.
    expect(await listing(inOneGo.path)).not.toContain('t/3')
    expect(await wrongPieces(inOneGo.storage, inOneGo.geometry)).toEqual([])
    await inOneGo.storage.setWanted(3, true)
    expect(await wrongPieces(inOneGo.storage, inOneGo.geometry)).toEqual([])
    await inOneGo.storage.close()
    const full = await small({ allocation: 'full' })
    const piece = pieceOf(full.geometry, 0)
    await full.storage.write(piece, 0, [pieceBytes(full.geometry, piece)])
    // Of the fourth file the piece has 1,384 bytes.
    expect(full.batches.written).not.toContain(join(full.path, 't/3'))
    expect((await readFile(join(full.path, 't/3'))).length).toBe(5_000)
    await full.storage.close()
  })
})

describe('work side by side', () => {
  test('begins in order, is bounded, and settles only when all that began has ended', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const running = sideBySide([0, 1, 2, 3, 4, 5], 3, async (item) => {
      begun.push(item)
      if (item === 1) throw new Error('planned')
      await new Promise((turned) => setImmediate(turned))
      ended.push(item)
    })
    expect(begun).toEqual([0, 1, 2])
    await expect(running).rejects.toThrow('planned')
    expect(begun).toEqual([0, 1, 2])
    expect(ended).toEqual([0, 2])
  })
})
