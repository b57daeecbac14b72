// The promise that nothing is written, made, cut or read outside of a torrent's root, attacked: by links that are planted in the
// save folder beforehand, and by directories and files that become links while they are in use.

import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { HandlePool } from '@torrential/storage'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { listing, temporaryDirectory } from './temporary-directory.ts'
import { blocksOf, failureOf, pieceBytes, pieceOf, type TorrentOnDisk, torrentOnDisk } from './torrent-data.ts'

const pieceLength = 32 * 1024
/** Two pieces for each file. */
const files = {
  't/a': 2 * pieceLength,
  't/b': 2 * pieceLength,
  't/deep/c': 2 * pieceLength,
  't/deep/er/d': 2 * pieceLength,
}

async function write({ storage, geometry }: TorrentOnDisk, index: number): Promise<unknown> {
  const piece = pieceOf(geometry, index)
  return (await failureOf(storage.write(piece, 0, blocksOf(pieceBytes(geometry, piece)))))?.code
}

async function read({ storage, geometry }: TorrentOnDisk, index: number): Promise<unknown> {
  const piece = pieceOf(geometry, index)
  return (await failureOf(storage.read(piece, 0, geometry.lengthOf(piece))))?.code
}

/** A save folder with a torrent, and a folder beside it that nobody may touch. */
async function ground() {
  const base = await temporaryDirectory()
  const [root, outside] = [join(base, 'root'), join(base, 'outside')]
  await mkdir(root)
  await mkdir(outside)
  await writeFile(join(outside, 'precious'), 'precious')
  const untouched = async () => {
    expect(await listing(outside)).toEqual(['precious'])
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('precious')
  }
  return { root, outside, untouched }
}

describe('a directory that becomes a link while it is in use', () => {
  test('takes no new file outside', async () => {
    const { root, outside, untouched } = await ground()
    const torrent = torrentOnDisk(root, files)
    expect(await write(torrent, 0)).toBeUndefined()
    await rename(join(root, 't'), join(root, 'gone'))
    await symlink(outside, join(root, 't'))
    expect(await write(torrent, 2)).toBe('PATH_OUTSIDE')
    await untouched()
    await torrent.storage.close()
  })

  test('takes no new directory outside', async () => {
    const { root, outside, untouched } = await ground()
    const torrent = torrentOnDisk(root, files)
    expect(await write(torrent, 0)).toBeUndefined()
    await rename(join(root, 't'), join(root, 'gone'))
    await symlink(outside, join(root, 't'))
    expect(await write(torrent, 4)).toBe('PATH_OUTSIDE')
    expect(await write(torrent, 6)).toBe('PATH_OUTSIDE')
    await untouched()
    await torrent.storage.close()
  })

  test('gives nothing from outside to read, and lets nothing there be overwritten, cut or deleted', async () => {
    const { root, outside } = await ground()
    const secret = Buffer.alloc(3 * pieceLength, 's')
    await writeFile(join(outside, 'b'), secret)
    const torrent = torrentOnDisk(root, files, { cutLongFiles: true })
    expect(await write(torrent, 0)).toBeUndefined()
    await rename(join(root, 't'), join(root, 'gone'))
    await symlink(outside, join(root, 't'))
    expect(await read(torrent, 2)).toBe('PATH_OUTSIDE')
    expect(await write(torrent, 2)).toBe('PATH_OUTSIDE')
    await torrent.storage.deleteFiles()
    expect(await listing(outside)).toEqual(['b', 'precious'])
    expect((await readFile(join(outside, 'b'))).equals(secret)).toBe(true)
  })

  test('is noticed when it happens between the look at the directory and the opening of the file: no byte is written', async () => {
    const { root, outside } = await ground()
    const fileSystem = new MeddlingFileSystem()
    const torrent = torrentOnDisk(root, files, { handles: new HandlePool({ fileSystem }) })
    expect(await write(torrent, 0)).toBeUndefined()
    await writeFile(join(outside, 'b'), 'precious')
    fileSystem.beforeOpen = async (path) => {
      if (path !== join(root, 't/b')) return
      fileSystem.beforeOpen = async () => {}
      await rename(join(root, 't'), join(root, 'gone'))
      await symlink(outside, join(root, 't'))
    }
    expect(await write(torrent, 2)).toBe('PATH_OUTSIDE')
    expect(await readFile(join(outside, 'b'), 'utf8')).toBe('precious')
    await torrent.storage.close()
    expect(fileSystem.openNow).toBe(0)
  })

  test('is no place where what was written can be made durable', async () => {
    const { root, outside, untouched } = await ground()
    const torrent = torrentOnDisk(root, files)
    expect(await write(torrent, 0)).toBeUndefined()
    await rename(join(root, 't'), join(root, 'gone'))
    await symlink(outside, join(root, 't'))
    expect(await failureOf(torrent.storage.flush())).toMatchObject({ code: 'PATH_OUTSIDE' })
    await untouched()
    await torrent.storage.close()
  })

  test('is used again once it is a directory', async () => {
    const { root, outside, untouched } = await ground()
    const torrent = torrentOnDisk(root, files)
    expect(await write(torrent, 0)).toBeUndefined()
    await rename(join(root, 't'), join(root, 'gone'))
    await symlink(outside, join(root, 't'))
    expect(await write(torrent, 2)).toBe('PATH_OUTSIDE')
    await rm(join(root, 't'))
    await rename(join(root, 'gone'), join(root, 't'))
    expect(await write(torrent, 2)).toBeUndefined()
    expect(await read(torrent, 2)).toBeUndefined()
    await untouched()
    await torrent.storage.close()
  })
})

describe('a save folder', () => {
  test('that its user moves away and links to goes on being used', async () => {
    const { root, outside, untouched } = await ground()
    const torrent = torrentOnDisk(root, files)
    expect(await write(torrent, 0)).toBeUndefined()
    await rename(root, `${root}-moved`)
    await symlink(`${root}-moved`, root)
    expect(await write(torrent, 2)).toBeUndefined()
    expect(await listing(`${root}-moved`)).toEqual(['t', 't/a', 't/b'])
    expect(outside).not.toBe(root)
    await untouched()
    await torrent.storage.close()
  })

  test.each(['', '../outside/precious', '../outside', '../outside/new', 'b', '/dev/null'])(
    'with links to %j planted in the place of every file and directory loses nothing and gives nothing',
    async (target) => {
      const { root, outside, untouched } = await ground()
      for (const depth of ['t', 't/a', 't/b', 't/deep', 't/deep/er']) {
        await rm(join(root, 't'), { recursive: true, force: true })
        await mkdir(join(root, depth, '..'), { recursive: true })
        await symlink(target === '' ? outside : target, join(root, depth))
        const torrent = torrentOnDisk(root, files, { cutLongFiles: true })
        for (let index = 0; index < 8; index++) {
          await write(torrent, index)
          await read(torrent, index)
        }
        await torrent.storage.deleteFiles()
        await untouched()
      }
    },
  )
})
