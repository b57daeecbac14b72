import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VirtualClock } from '@torrential/primitives'
import { allPieces, FilePieceHasher, HandlePool } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { listing, temporaryDirectory } from './temporary-directory.ts'
import {
  blocksOf,
  failureOf,
  KIB,
  pieceBytes,
  pieceOf,
  type TorrentOnDisk,
  torrentOnDisk,
  wrongPieces,
  writeAll,
} from './torrent-data.ts'

const files = { 't/a': 40_000, 't/b': 60_000 }

async function write({ storage, geometry }: TorrentOnDisk, index: number) {
  const piece = pieceOf(geometry, index)
  return failureOf(storage.write(piece, 0, blocksOf(pieceBytes(geometry, piece))))
}

async function read({ storage, geometry }: TorrentOnDisk, index: number) {
  const piece = pieceOf(geometry, index)
  return failureOf(storage.read(piece, 0, geometry.lengthOf(piece)))
}

describe('a disk that fails', () => {
  for (const code of ['ENOSPC', 'EACCES', 'EROFS', 'EIO', 'EDQUOT', 'EFBIG']) {
    test(`a write that fails with ${code} rejects with that code, the path and the piece; what was there stays`, async () => {
      const fileSystem = new MeddlingFileSystem()
      const torrent = torrentOnDisk(await temporaryDirectory(), files, { handles: new HandlePool({ fileSystem }) })
      await write(torrent, 0)
      fileSystem.fail = (call, path) => (call === 'write' && path.endsWith('b') ? code : undefined)
      expect(await write(torrent, 1)).toMatchObject({ code, data: { path: torrent.storage.pathOf(1), piece: 1 } })
      fileSystem.fail = () => undefined
      expect(await read(torrent, 0)).toBeUndefined()
      expect(await write(torrent, 1)).toBeUndefined()
      expect(await read(torrent, 1)).toBeUndefined()
      await torrent.storage.close()
      expect(fileSystem.openNow).toBe(0)
    })
  }

  test('a file that cannot be opened, or a directory that cannot be made, says so with the path', async () => {
    const fileSystem = new MeddlingFileSystem()
    const path = await temporaryDirectory()
    const torrent = torrentOnDisk(path, files, { handles: new HandlePool({ fileSystem }) })
    fileSystem.fail = (call) => (call === 'makeDirectory' ? 'EACCES' : undefined)
    expect(await write(torrent, 0)).toMatchObject({ code: 'EACCES', data: { piece: 0 } })
    fileSystem.fail = (call, _path, access) => (call === 'open' && access === 'make' ? 'EROFS' : undefined)
    expect(await write(torrent, 0)).toMatchObject({ code: 'EROFS', data: { path: join(path, 't/a'), piece: 0 } })
    fileSystem.fail = () => undefined
    expect(await write(torrent, 0)).toBeUndefined()
    fileSystem.fail = (call) => (call === 'read' ? 'EIO' : undefined)
    expect(await read(torrent, 0)).toMatchObject({ code: 'EIO', data: { path: join(path, 't/a'), piece: 0 } })
    await torrent.storage.close()
  })

  test('a read-only file can be read, and rejects writes with the code of the system', async () => {
    const fileSystem = new MeddlingFileSystem()
    const path = await temporaryDirectory()
    await mkdir(join(path, 't'))
    await writeFile(join(path, 't/a'), new Uint8Array(40_000))
    fileSystem.fail = (call, _path, access) => (call === 'open' && access !== 'read' ? 'EACCES' : undefined)
    const torrent = torrentOnDisk(path, files, { handles: new HandlePool({ fileSystem }) })
    expect(await read(torrent, 0)).toBeUndefined()
    expect(await write(torrent, 0)).toMatchObject({ code: 'EACCES' })
    expect(await read(torrent, 0)).toBeUndefined()
    await torrent.storage.close()
  })

  test('a disk that is really full rejects with ENOSPC, keeps what was written, and goes on when there is space', async () => {
    const path = await temporaryDirectory()
    const release = mountSmall(path)
    if (release === undefined) {
      // Not root, or no mounts here: /dev/full stands in for the disk.
      expect(await failureOf(writeFile('/dev/full', 'x'))).toMatchObject({ code: 'ENOSPC' })
      return
    }
    try {
      await writeFile(join(path, 'ballast'), new Uint8Array(900 * KIB))
      const torrent = torrentOnDisk(path, { 't/a': 400 * KIB })
      const codes: unknown[] = []
      for (const piece of allPieces(torrent.geometry)) codes.push((await write(torrent, piece))?.code)
      expect(codes[0]).toBeUndefined()
      expect(codes.at(-1)).toBe('ENOSPC')
      expect(await read(torrent, 0)).toBeUndefined()
      await rm(join(path, 'ballast'))
      await writeAll(torrent.storage, torrent.geometry)
      await torrent.storage.flush()
      expect(await wrongPieces(torrent.storage, torrent.geometry)).toEqual([])
      await torrent.storage.close()
    } finally {
      release()
    }
  })
})

/** A file system of 1 MiB at `path`; `undefined` where that is not possible. */
function mountSmall(path: string): (() => void) | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return () => void execFileSync('umount', ['-l', path], { stdio: 'ignore' })
}

describe('files that somebody else changes', () => {
  test('a file deleted while open is FILE_MISSING for reads, writes and flush, and is not begun anew', async () => {
    const path = await temporaryDirectory()
    const clock = new VirtualClock()
    const torrent = torrentOnDisk(path, files, { handles: new HandlePool({ clock }) })
    await writeAll(torrent.storage, torrent.geometry)
    await rm(join(path, 't/a'))
    expect((await failureOf(torrent.storage.flush()))?.code).toBe('FILE_MISSING')
    clock.advance(1_001)
    expect(await read(torrent, 0)).toMatchObject({ code: 'FILE_MISSING', data: { path: join(path, 't/a'), piece: 0 } })
    expect(await write(torrent, 0)).toMatchObject({ code: 'FILE_MISSING', data: { piece: 0 } })
    expect(await read(torrent, 3)).toBeUndefined()
    expect(await listing(path)).toEqual(['t', 't/b'])
    await torrent.storage.close()
  })

  test('after a recheck has found the file gone, it is written again', async () => {
    const path = await temporaryDirectory()
    const torrent = torrentOnDisk(path, files)
    await writeAll(torrent.storage, torrent.geometry)
    await rm(join(path, 't'), { recursive: true })
    await torrent.handles.evict({})
    const plan = { kind: 'sha1', leafCounts: new Uint32Array() } as const
    const hasher = new FilePieceHasher({ layout: torrent.storage, plan })
    for await (const { digest } of hasher.hash(allPieces(torrent.geometry))) expect(digest).toBeUndefined()
    await writeAll(torrent.storage, torrent.geometry)
    await torrent.storage.flush()
    expect(await wrongPieces(torrent.storage, torrent.geometry)).toEqual([])
    expect(await listing(path)).toEqual(['t', 't/a', 't/b'])
    await torrent.storage.close()
  })

  test('a file that was cut gives SHORT_READ behind the cut and its bytes in front of it', async () => {
    const path = await temporaryDirectory()
    const torrent = torrentOnDisk(path, files)
    await writeAll(torrent.storage, torrent.geometry)
    await truncate(join(path, 't/b'), 30_000)
    expect(await read(torrent, 0)).toBeUndefined()
    expect(await read(torrent, 1)).toBeUndefined()
    expect(await read(torrent, 2)).toMatchObject({ code: 'SHORT_READ', data: { path: join(path, 't/b'), piece: 2 } })
    await torrent.storage.close()
  })

  test('an existing longer file is FILE_TOO_LONG and stays as it is, unless cutting was asked for', async () => {
    const path = await temporaryDirectory()
    await mkdir(join(path, 't'))
    await writeFile(join(path, 't/a'), 'z'.repeat(50_000))
    const torrent = torrentOnDisk(path, files)
    expect(await read(torrent, 0)).toBeUndefined()
    expect(await write(torrent, 0)).toMatchObject({
      code: 'FILE_TOO_LONG',
      data: { size: 50_000, length: 40_000, piece: 0 },
    })
    expect((await readFile(join(path, 't/a'), 'utf8')) === 'z'.repeat(50_000)).toBe(true)
    await torrent.storage.close()
    const cutting = torrentOnDisk(path, files, { cutLongFiles: true })
    expect(await write(cutting, 0)).toBeUndefined()
    expect((await stat(join(path, 't/a'))).size).toBe(40_000)
    await cutting.storage.close()
  })
})

describe('things in the place of files', () => {
  test('a directory, a named pipe or a link in the place of a file is FILE_KIND for reads, writes and rechecks', async () => {
    const path = await temporaryDirectory()
    await mkdir(join(path, 't'))
    await writeFile(join(path, 'outside'), new Uint8Array(40_000))
    const plant: Record<string, (at: string) => unknown> = {
      directory: (at) => mkdir(at),
      pipe: (at) => execFileSync('mkfifo', [at]),
      link: (at) => symlink('../outside', at),
    }
    for (const [what, make] of Object.entries(plant)) {
      await make(join(path, 't/a'))
      const torrent = torrentOnDisk(path, files)
      expect([what, (await read(torrent, 0))?.code]).toEqual([what, 'FILE_KIND'])
      expect([what, (await write(torrent, 0))?.code]).toEqual([what, 'FILE_KIND'])
      const plan = { kind: 'sha1', leafCounts: new Uint32Array() } as const
      const hashes = new FilePieceHasher({ layout: torrent.storage, plan }).hash(allPieces(torrent.geometry))
      expect([what, (await failureOf(hashes.next()))?.code]).toEqual([what, 'FILE_KIND'])
      await torrent.storage.deleteFiles()
      expect(await listing(path)).toContain('t/a')
      await rm(join(path, 't/a'), { recursive: true })
    }
    expect((await readFile(join(path, 'outside'))).equals(Buffer.alloc(40_000))).toBe(true)
  })

  test('a link planted in a parent directory does not lead out of the root', async () => {
    const root = await temporaryDirectory()
    const outside = await temporaryDirectory()
    await writeFile(join(outside, 'a'), 'precious')
    await symlink(outside, join(root, 't'))
    const torrent = torrentOnDisk(root, { 't/a': 40_000, 't/new/b': 60_000 })
    expect((await read(torrent, 0))?.code).toBe('PATH_OUTSIDE')
    expect((await write(torrent, 0))?.code).toBe('PATH_OUTSIDE')
    expect((await write(torrent, 2))?.code).toBe('PATH_OUTSIDE')
    await torrent.storage.deleteFiles()
    expect(await listing(outside)).toEqual(['a'])
    expect(await readFile(join(outside, 'a'), 'utf8')).toBe('precious')
  })

  test('a link that stays inside the root, and a root that is a link itself, are the business of the user', async () => {
    const real = await temporaryDirectory()
    const root = join(await temporaryDirectory(), 'link')
    await symlink(real, root)
    await mkdir(join(real, 'elsewhere'))
    await symlink('elsewhere', join(real, 't'))
    const torrent = torrentOnDisk(root, files)
    await writeAll(torrent.storage, torrent.geometry)
    expect(await wrongPieces(torrent.storage, torrent.geometry)).toEqual([])
    expect(await listing(join(real, 'elsewhere'))).toEqual(['a', 'b'])
    await torrent.storage.close()
  })

  test('a file in the place of a directory is FILE_KIND', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 't'), 'a file')
    const torrent = torrentOnDisk(path, files)
    expect((await read(torrent, 0))?.code).toBe('FILE_KIND')
    expect((await write(torrent, 0))?.code).toBe('FILE_KIND')
    expect(await readFile(join(path, 't'), 'utf8')).toBe('a file')
    await torrent.storage.close()
  })

  test('a directory that was moved away and made anew is written into, not the old one', async () => {
    const path = await temporaryDirectory()
    const torrent = torrentOnDisk(path, files)
    expect(await write(torrent, 0)).toBeUndefined()
    await rename(join(path, 't'), join(path, 'moved'))
    expect(await write(torrent, 2)).toBeUndefined()
    expect(await listing(path)).toEqual(['moved', 'moved/a', 't', 't/b'])
    await torrent.storage.close()
  })
})
