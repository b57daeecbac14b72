import { readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HandlePool } from '@torrential/storage'
import { expect, test } from '@jest/globals'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { listing, temporaryDirectory } from './temporary-directory.ts'
import { failureOf, rubbish, torrentOnDisk } from './torrent-data.ts'

const LENGTH = 2_500_000

async function ground(options: Parameters<typeof torrentOnDisk>[2] = {}) {
  const path = await temporaryDirectory()
  const from = join(path, 'elsewhere')
  const content = rubbish(LENGTH, 'adopted')
  await writeFile(from, content)
  const fileSystem = new MeddlingFileSystem()
  const handles = new HandlePool({ fileSystem })
  const root = join(path, 'root')
  const torrent = torrentOnDisk(root, { 't/deep/a': LENGTH, 't/b': 10 }, { handles, ...options })
  return { ...torrent, root, from, content, fileSystem }
}

test('links a file into a place where nothing is, and makes the folders on the way', async () => {
  const { storage, from } = await ground()
  expect(await storage.adopt(0, from, 'link')).toBe('link')
  expect((await stat(storage.pathOf(0))).ino).toBe((await stat(from)).ino)
  await storage.close()
})

test('a copy is a file of its own, byte for byte, where the system can share storage and where it cannot', async () => {
  for (const code of [undefined, 'ENOTSUP']) {
    const { storage, from, content, fileSystem } = await ground()
    fileSystem.fail = (call) => (call === 'clone' ? code : undefined)
    expect(await storage.adopt(0, from, 'copy')).toBe('copy')
    expect(Buffer.compare(await readFile(storage.pathOf(0)), content)).toBe(0)
    expect((await stat(storage.pathOf(0))).ino).not.toBe((await stat(from)).ino)
    await storage.close()
    expect(fileSystem.openNow).toBe(0)
  }
})

test('what cannot be linked, as from another disk, is copied', async () => {
  const { storage, from, content, fileSystem } = await ground()
  fileSystem.fail = (call) => (call === 'link' ? 'EXDEV' : undefined)
  expect(await storage.adopt(0, from, 'link')).toBe('copy')
  expect(Buffer.compare(await readFile(storage.pathOf(0)), content)).toBe(0)
  await storage.close()
})

test('leaves a file that is there, and a file that is not wanted, alone', async () => {
  const { storage, from, root } = await ground({ wanted: (file) => file === 1 })
  expect(await storage.adopt(0, from, 'link')).toBeUndefined()
  await storage.prepare()
  expect(await listing(root)).toEqual([])
  await storage.setWanted(0, true)
  await storage.adopt(0, from, 'copy')
  await writeFile(storage.pathOf(0), 'mine')
  expect(await storage.adopt(0, from, 'link')).toBeUndefined()
  expect(await readFile(storage.pathOf(0), 'utf8')).toBe('mine')
  await storage.close()
})

test('a copy that fails halfway says so with the path, and leaves nothing', async () => {
  const { storage, from, root, fileSystem } = await ground()
  let writes = 0
  fileSystem.fail = (call) => (call === 'clone' ? 'ENOTSUP' : call === 'write' && ++writes === 2 ? 'ENOSPC' : undefined)
  expect(await failureOf(storage.adopt(0, from, 'copy'))).toMatchObject({
    code: 'ENOSPC',
    data: { path: storage.pathOf(0) },
  })
  expect((await listing(root)).filter((name) => name.endsWith('a'))).toEqual([])
  await storage.close()
  expect(fileSystem.openNow).toBe(0)
})

test('a copy does not replace what came into the place meanwhile', async () => {
  const { storage, from, fileSystem } = await ground()
  fileSystem.fail = (call) => (call === 'clone' ? 'ENOTSUP' : undefined)
  fileSystem.beforeOpen = async (path) => {
    if (path === storage.pathOf(0)) await writeFile(path, 'mine')
  }
  const failure = await failureOf(storage.adopt(0, from, 'copy'))
  expect(failure).toMatchObject({ code: 'EEXIST', data: { path: storage.pathOf(0) } })
  expect(await readFile(storage.pathOf(0), 'utf8')).toBe('mine')
  await storage.close()
  expect(fileSystem.openNow).toBe(0)
})

test('a copy of a file of another length says so, and leaves nothing', async () => {
  const lengths = [
    [LENGTH - 1, 'SHORT_READ'],
    [LENGTH + 1, 'FILE_TOO_LONG'],
  ] as const
  for (const [length, code] of lengths) {
    const { storage, from, root, fileSystem } = await ground()
    await truncate(from, length)
    fileSystem.fail = (call) => (call === 'clone' ? 'ENOTSUP' : undefined)
    expect(await failureOf(storage.adopt(0, from, 'copy'))).toMatchObject({ code, data: { path: from } })
    expect((await listing(root)).filter((name) => name.endsWith('a'))).toEqual([])
    await storage.close()
    expect(fileSystem.openNow).toBe(0)
  }
})

test('a copy ends with its signal, and leaves nothing', async () => {
  const { storage, from, root, fileSystem } = await ground()
  const abort = new AbortController()
  fileSystem.fail = (call) => {
    if (call === 'write') abort.abort(new Error('enough'))
    return call === 'clone' ? 'ENOTSUP' : undefined
  }
  await expect(storage.adopt(0, from, 'copy', { signal: abort.signal })).rejects.toThrow('enough')
  expect((await listing(root)).filter((name) => name.endsWith('a'))).toEqual([])
  await storage.close()
})

test('nothing is put outside of the root through a link', async () => {
  const { storage, from, root } = await ground()
  const outside = await temporaryDirectory()
  await storage.prepare()
  await symlink(outside, join(root, 't'))
  expect(await failureOf(storage.adopt(0, from, 'link'))).toMatchObject({ code: 'PATH_OUTSIDE' })
  expect(await listing(outside)).toEqual([])
  await storage.close()
})
