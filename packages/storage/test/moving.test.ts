import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '@torrential/primitives'
import {
  faultyFileSystem,
  type FileSystem,
  type FileSystemCall,
  type FileSystemFaults,
  HandlePool,
  nodeFileSystem,
} from '@torrential/storage'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { listing, temporaryDirectory } from './temporary-directory.ts'
import {
  blocksOf,
  failureOf,
  pieceBytes,
  pieceOf,
  type TorrentOnDisk,
  torrentOnDisk,
  wrongPieces,
  writeAll,
} from './torrent-data.ts'

const files = { 't/a': 5_000, 't/sub/b': 40_000, c: 6_000 }
const names = Object.keys(files)
const here = ['c', 't', 't/a', 't/sub', 't/sub/b']
let base = ''
let from = ''
let to = ''

beforeEach(async () => {
  base = await temporaryDirectory()
  from = join(base, 'from')
  to = join(base, 'to/deep')
})

/** Syncing is for power cuts, of which there are none here, and takes most of the time. */
const withoutSync: FileSystem = {
  ...nodeFileSystem,
  open: async (path, access) => {
    const file = await nodeFileSystem.open(path, access)
    return {
      read: (into, at, length, position) => file.read(into, at, length, position),
      write: (blocks, position) => file.write(blocks, position),
      truncate: (length) => file.truncate(length),
      datasync: async () => {},
      setModified: (time) => file.setModified(time),
      stat: () => file.stat(),
      close: () => file.close(),
    }
  },
  syncDirectory: async () => {},
}

function torrentWith(faults: FileSystemFaults, path = from): TorrentOnDisk {
  const fileSystem = faultyFileSystem(withoutSync, faults)
  return torrentOnDisk(path, files, { handles: new HandlePool({ fileSystem }), partFile: '.parts' })
}

/** As if `from` and `to` were on two disks. */
function twoDisks(path: string, call: FileSystemCall): string | undefined {
  const isAcross = (call === 'link' || call === 'rename') && path.startsWith(to) && !isPlacing
  return isAcross ? 'EXDEV' : undefined
}
// The copy that lies beside its place gets its name within the disk.
let isPlacing = false

function acrossDisks(faults: FileSystemFaults = () => undefined): FileSystem {
  const inner = faultyFileSystem(withoutSync, faults)
  const placing = (name: 'link' | 'rename') => async (source: string, target: string) => {
    isPlacing = source.startsWith(to) === target.startsWith(to)
    const code = twoDisks(target, name)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
    await inner[name](source, target)
  }
  return { ...inner, link: placing('link'), rename: placing('rename') }
}

function torrentAcross(faults?: FileSystemFaults): TorrentOnDisk {
  return torrentOnDisk(from, files, {
    handles: new HandlePool({ fileSystem: acrossDisks(faults) }),
    partFile: '.parts',
  })
}

describe('moving to another folder', () => {
  for (const [where, make] of [
    ['on the same disk', () => torrentWith(() => undefined)],
    ['on another disk', () => torrentAcross()],
  ] as const) {
    test(`${where}: every byte is there, nothing is left behind, and reads and writes go on`, async () => {
      const { storage, geometry } = make()
      await writeAll(storage, geometry)
      const times = await Promise.all(names.map(async (name) => Math.floor((await stat(join(from, name))).mtimeMs)))
      const moved: string[] = []
      await storage.move(to, { moved: (file, old, path) => moved.push(`${file} ${old} ${path}`) })
      expect(moved).toEqual(names.map((name, file) => `${file} ${join(from, name)} ${join(to, name)}`))
      expect([await listing(from), await listing(to)]).toEqual([[], here])
      expect(storage.path).toBe(to)
      expect(await Promise.all(names.map(async (name) => Math.floor((await stat(join(to, name))).mtimeMs)))).toEqual(
        times,
      )
      expect(await wrongPieces(storage, geometry)).toEqual([])
      await writeAll(storage, geometry, 2)
      await storage.flush()
      expect(await wrongPieces(storage, geometry, 2)).toEqual([])
      expect([await listing(from), await listing(to)]).toEqual([[], here])
      await storage.close()
    })

    test(`${where}: while everything is written and read again and again, nothing is lost`, async () => {
      const { storage, geometry } = make()
      await writeAll(storage, geometry)
      const moving = { isOver: false }
      let rounds = 0
      const traffic = (async () => {
        while (!moving.isOver || rounds < 3) {
          rounds++
          await writeAll(storage, geometry, rounds)
          expect(await wrongPieces(storage, geometry, rounds)).toEqual([])
        }
      })()
      for (const place of [to, from, to, from, to]) await storage.move(place)
      moving.isOver = true
      await traffic
      expect(await wrongPieces(storage, geometry, rounds)).toEqual([])
      expect([await listing(from), await listing(to)]).toEqual([[], here])
      await storage.close()
    })
  }

  test('takes what waits in the part file along', async () => {
    const torrent = torrentOnDisk(from, files, { wanted: (file) => file !== 1, partFile: '.parts' })
    await writeAll(torrent.storage, torrent.geometry)
    await torrent.storage.move(to)
    expect([await listing(from), await listing(to)]).toEqual([[], ['.parts', 'c', 't', 't/a']])
    expect(await wrongPieces(torrent.storage, torrent.geometry)).toEqual([])
    await torrent.storage.setWanted(1, true)
    expect(await listing(to)).toEqual(here)
    expect(await wrongPieces(torrent.storage, torrent.geometry)).toEqual([])
    await torrent.storage.close()
  })

  test('writes that come while a file is copied to another disk are in the copy', async () => {
    let during: (() => Promise<void>) | undefined
    const fileSystem = acrossDisks()
    const watched: FileSystem = {
      ...fileSystem,
      open: async (path, access) => {
        const file = await fileSystem.open(path, access)
        if (!path.endsWith('.moving')) return file
        return {
          ...file,
          write: async (blocks, position) => {
            const written = await file.write(blocks, position)
            await during?.()
            return written
          },
        }
      },
    }
    const torrent = torrentOnDisk(from, files, { handles: new HandlePool({ fileSystem: watched }) })
    const { storage, geometry } = torrent
    await writeAll(storage, geometry)
    during = async () => {
      during = undefined
      await writeAll(storage, geometry, 7)
    }
    await storage.move(to)
    expect(await wrongPieces(storage, geometry, 7)).toEqual([])
    await storage.close()
  })

  test('replaces nothing unless asked to, and says what is in the way before anything has moved', async () => {
    const { storage, geometry } = torrentWith(() => undefined)
    await writeAll(storage, geometry)
    await mkdir(to, { recursive: true })
    await writeFile(join(to, 'c'), 'mine')
    expect(await failureOf(storage.move(to))).toMatchObject({ code: 'FILE_EXISTS', data: { path: join(to, 'c') } })
    expect([await listing(from), await listing(to)]).toEqual([here, ['c']])
    expect(await readFile(join(to, 'c'), 'utf8')).toBe('mine')
    await storage.move(to, { overwrite: true })
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect(await listing(to)).toEqual(here)
    await storage.close()
  })

  test('replaces nothing that comes between the look and the move', async () => {
    const meddled: FileSystem = {
      ...withoutSync,
      link: async (source, target) => {
        if (target === join(to, 'c')) await writeFile(target, 'late')
        await withoutSync.link(source, target)
      },
    }
    const { storage, geometry } = torrentOnDisk(from, files, { handles: new HandlePool({ fileSystem: meddled }) })
    await writeAll(storage, geometry)
    expect(await failureOf(storage.move(to))).toMatchObject({ code: 'FILE_EXISTS', data: { path: join(to, 'c') } })
    expect(await readFile(join(to, 'c'), 'utf8')).toBe('late')
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('does not leave the new root through a link', async () => {
    const { storage, geometry } = torrentWith(() => undefined)
    await writeAll(storage, geometry)
    const outside = join(base, 'outside')
    await mkdir(outside)
    await mkdir(to, { recursive: true })
    await symlink(outside, join(to, 't'))
    expect(await failureOf(storage.move(to))).toMatchObject({ code: 'PATH_OUTSIDE' })
    expect(await listing(outside)).toEqual([])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('ends with the reason of its signal in the middle of a copy, and goes on later', async () => {
    const abort = new AbortController()
    const { storage, geometry } = torrentAcross((call, path) => {
      if (call === 'write' && path.includes('.1.moving')) abort.abort(new Error('enough'))
      return undefined
    })
    await writeAll(storage, geometry)
    await expect(storage.move(to, { signal: abort.signal })).rejects.toThrow('enough')
    expect([await listing(from), await listing(to)]).toEqual([
      ['c', 't', 't/sub', 't/sub/b'],
      ['t', 't/a', 't/sub'],
    ])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.move(to, { resuming: true })
    expect([await listing(from), await listing(to)]).toEqual([[], here])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })
})

describe('renaming a file', () => {
  test('moves it, on disk too, and leaves no empty directory', async () => {
    const { storage, geometry } = torrentWith(() => undefined)
    await writeAll(storage, geometry)
    await storage.rename(1, 'other/name')
    expect(await listing(from)).toEqual(['c', 'other', 'other/name', 't', 't/a'])
    expect([storage.relativePathOf(1), storage.pathOf(1)]).toEqual(['other/name', join(from, 'other/name')])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.move(to)
    expect(await listing(to)).toEqual(['c', 'other', 'other/name', 't', 't/a'])
    await storage.deleteFiles()
    expect(await listing(to)).toEqual([])
  })

  test('of one that is not there yet counts once it is written', async () => {
    const { storage, geometry } = torrentWith(() => undefined)
    await storage.rename(2, 'later')
    await writeAll(storage, geometry)
    expect(await listing(from)).toEqual(['later', 't', 't/a', 't/sub', 't/sub/b'])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })

  test('refuses paths that are not safe, names that are taken, and names that are too long', async () => {
    const { storage, geometry } = torrentWith(() => undefined)
    await writeAll(storage, geometry)
    expect(await failureOf(storage.rename(2, '../c'))).toMatchObject({ code: 'STORAGE_PATH' })
    expect(await failureOf(storage.rename(2, 't/a'))).toMatchObject({ code: 'FILE_EXISTS' })
    expect(await failureOf(storage.rename(2, 't/a/c'))).toMatchObject({ code: 'FILE_KIND' })
    const long = 'x'.repeat(300)
    const path = join(from, long)
    expect(await failureOf(storage.rename(2, long))).toMatchObject({ code: 'ENAMETOOLONG', data: { path } })
    expect(await listing(from)).toEqual(here)
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })
})

describe('to a real other file system', () => {
  let memory: string | undefined

  beforeEach(async () => {
    memory = await mkdtemp('/dev/shm/torrential-').catch(() => undefined)
    const [there, temporary] = await Promise.all([memory && stat(memory), stat(tmpdir())])
    if (memory !== undefined && there && there.dev === temporary.dev) memory = undefined
  })

  afterEach(async () => {
    if (memory !== undefined) await rm(memory, { recursive: true, force: true })
  })

  test('and back', async () => {
    if (memory === undefined) return console.warn('SKIPPED: /dev/shm is no file system of its own here')
    const { storage, geometry } = torrentOnDisk(from, files)
    await writeAll(storage, geometry)
    const place = join(memory, 'place')
    await storage.move(place)
    expect([await listing(from), await listing(place)]).toEqual([[], here])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.move(from)
    expect([await listing(from), await listing(place)]).toEqual([here, []])
    expect(await wrongPieces(storage, geometry)).toEqual([])
    await storage.close()
  })
})

// What is done about a code differs for few of them: all take a quarter of a minute, and are run on demand.
const isFull = process.env['ALL_FAULTS'] !== undefined

describe('a fault at the n-th call of a move, for every n', () => {
  for (const [where, make, codes] of [
    [
      'on the same disk',
      torrentWith,
      isFull ? ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EMFILE', 'ENAMETOOLONG'] : ['ENOSPC', 'EMFILE'],
    ],
    ['to another disk', torrentAcross, isFull ? ['ENOSPC', 'EIO'] : ['EIO']],
  ] as const) {
    test.each(codes)(
      `${where}, %s: a typed error or completion; then completion, and every byte is right throughout`,
      async (code) => {
        let isDone = false
        for (let n = 1; !isDone; n++) {
          let calls = Number.NEGATIVE_INFINITY
          const { storage, geometry } = make(() => (++calls === n ? code : undefined))
          await writeAll(storage, geometry)
          calls = 0
          const error = await storage.move(to).catch((reason: unknown) => reason)
          isDone = calls < n
          calls = Number.NEGATIVE_INFINITY
          if (error !== undefined) expect(error).toMatchObject({ name: 'StorageError', code })
          expect(await wrongPieces(storage, geometry)).toEqual([])
          await storage.move(to, { resuming: true })
          expect(await wrongPieces(storage, geometry)).toEqual([])
          expect(await listing(to)).toEqual(here)
          await storage.deleteFiles()
          await rm(base, { recursive: true })
        }
      },
    )

    test(`${where}: a crash there; the next start finds every file and finishes`, async () => {
      let isDone = false
      for (let n = 1; !isDone; n++) {
        let calls = Number.NEGATIVE_INFINITY
        const { storage, geometry } = make(() => (++calls >= n ? 'EIO' : undefined))
        await writeAll(storage, geometry)
        calls = 0
        await storage.move(to).catch((reason: unknown) => expect(reason).toBeInstanceOf(StorageError))
        isDone = calls < n
        await storage.close()
        const next = make(() => undefined)
        await next.storage.move(to, { resuming: true })
        expect(await wrongPieces(next.storage, geometry)).toEqual([])
        expect([await listing(from), await listing(to)]).toEqual([[], here])
        await next.storage.close()
        await rm(base, { recursive: true })
      }
    })
  }

  test('what somebody else put in a new place meanwhile is not taken for ours', async () => {
    const { storage, geometry } = torrentWith(() => undefined)
    await writeAll(storage, geometry)
    await mkdir(to, { recursive: true })
    await writeFile(join(to, 'c'), new Uint8Array(6_000))
    expect(await failureOf(storage.move(to, { resuming: true }))).toMatchObject({ code: 'FILE_EXISTS' })
    const piece = pieceOf(geometry, geometry.pieceCount - 1)
    await storage.write(piece, 0, blocksOf(pieceBytes(geometry, piece)))
    expect(await wrongPieces(storage, geometry)).toEqual([])
    expect((await readFile(join(to, 'c'))).every((byte) => byte === 0)).toBe(true)
    await storage.close()
  })
})
