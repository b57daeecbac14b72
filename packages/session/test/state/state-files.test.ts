// Files of the state folder that are fetched together are what they were when they are asked for; files of many parts are whole.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { batchesOver, type FileBatches, type FileSystem, HandlePool, nodeFileSystem } from '@torrential/storage'
import { NodeStateFiles } from '../../src/state/state-files.ts'

let folder = ''
const pools: HandlePool[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'))
  await writeFile(join(folder, 'a'), 'first a')
  await writeFile(join(folder, 'b'), 'first b')
})

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
  await rm(folder, { recursive: true, force: true })
})

const inner = batchesOver(nodeFileSystem)

function filesWith(read: FileBatches['read'] = (paths, most) => inner.read(paths, most)): NodeStateFiles {
  return filesOn({ ...nodeFileSystem, startBatches: () => ({ ...inner, worthFrom: 1, read }) })
}

function filesOn(fileSystem: FileSystem, claim?: () => Promise<boolean>): NodeStateFiles {
  const handles = new HandlePool({ fileSystem })
  pools.push(handles)
  return new NodeStateFiles(folder, { handles, ...(claim && { claim }) })
}

async function text(files: NodeStateFiles, name: string, limit = 1_000): Promise<string | undefined> {
  const bytes = await files.read(name, limit)
  return bytes && Buffer.from(bytes).toString()
}

describe('files that are fetched', () => {
  test('are asked of the disk once, and given once', async () => {
    const asked: (readonly string[])[] = []
    const files = filesWith((paths, most) => {
      asked.push(paths)
      return inner.read(paths, most)
    })
    await files.fetch(['a', 'none', 'b'], 2)
    expect(asked).toEqual([[join(folder, 'a'), join(folder, 'b')]])
    await writeFile(join(folder, 'a'), 'behind our back')
    expect(await text(files, 'a')).toBe('first a')
    expect(await text(files, 'a')).toBe('behind our back')
    expect(await text(files, 'none')).toBeUndefined()
    // Longer than who asks may take, as without a fetch.
    expect(await text(files, 'b', 3)).toBeUndefined()
  })

  test('are what was written since', async () => {
    const files = filesWith()
    await files.fetch(['a', 'b'], 2)
    await files.replace('a', 'second a')
    await files.append('b', ' and more', false)
    expect(await text(files, 'a')).toBe('second a')
    expect(await text(files, 'b')).toBe('first b and more')
    await files.fetch(['a', 'b'], 2)
    await files.remove('a')
    files.leave(['b'])
    await writeFile(join(folder, 'b'), 'third b')
    expect(await text(files, 'a')).toBeUndefined()
    expect(await text(files, 'b')).toBe('third b')
  })

  test('are what is written while they are fetched', async () => {
    const files = filesWith(async (paths, most) => {
      const contents = await inner.read(paths, most)
      await files.replace('a', 'second a')
      return contents
    })
    await files.fetch(['a', 'b'], 2)
    expect(await text(files, 'a')).toBe('second a')
    expect(await text(files, 'b')).toBe('first b')
  })

  test('are read one by one where they were not read together', async () => {
    const files = filesWith(async (paths) => paths.map(() => undefined))
    await files.fetch(['a', 'b'], 2)
    expect(await text(files, 'b')).toBe('first b')
  })
})

describe('what a process left that ended in the middle', () => {
  const left = [
    `a.${process.pid}.0.new`,
    'a.1.0.new',
    'lock.1.one',
    'lock.0123456789abcdef',
    'lock.0123456789abcdef.1.one',
  ]
  const kept = ['a', 'b', 'lock', 'a.new', 'unlocked.1']
  const prepare = () => Promise.all([...left, ...kept].map((name) => writeFile(join(folder, name), name)))

  test('is removed, and nothing else', async () => {
    await prepare()
    const files = filesOn(nodeFileSystem, async () => false)
    expect((await files.list()).sort()).toEqual([...kept].sort())
    expect((await readdir(folder)).sort()).toEqual([...kept].sort())
  })

  test('stays while the folder is somebody else’s', async () => {
    await prepare()
    const files = filesOn(nodeFileSystem, () => Promise.reject(new Error('locked')))
    expect((await files.list()).sort()).toEqual([...left, ...kept].sort())
    expect((await readdir(folder)).sort()).toEqual([...left, ...kept].sort())
  })

  test('is looked for anew in a folder that becomes ours just now', async () => {
    await prepare()
    const files = filesOn(nodeFileSystem, async () => {
      await writeFile(join(folder, 'meanwhile'), '')
      return true
    })
    expect((await files.list()).sort()).toEqual([...kept, 'meanwhile'].sort())
  })

  test('is told from what is being written, whatever number its process had', async () => {
    await prepare()
    let isListable = false
    let listed: readonly string[] = []
    const files: NodeStateFiles = filesOn({
      ...nodeFileSystem,
      readDirectory: (path) => (isListable ? nodeFileSystem.readDirectory(path) : Promise.reject(new Error('planned'))),
      rename: async (from, to) => {
        isListable = true
        listed = await files.list()
        await nodeFileSystem.rename(from, to)
      },
    })
    // That name is taken by what an earlier process with our number left.
    await expect(files.replace('a', 'never')).rejects.toMatchObject({ code: 'STATE_WRITE' })
    await files.replace('a', 'new')
    expect(listed).toContain(`a.${process.pid}.1.new`)
    expect(await text(files, 'a')).toBe('new')
  })

  test('does not stand in the way of what is written by a process of the same number', async () => {
    await prepare()
    const files = filesOn(nodeFileSystem, async () => false)
    await files.replace('a', 'new')
    expect(await text(files, 'a')).toBe('new')
  })

  test('stays where it cannot be removed', async () => {
    await prepare()
    const removeFile = () => Promise.reject(Object.assign(new Error('planned'), { code: 'EIO' }))
    const files = filesOn({ ...nodeFileSystem, removeFile }, async () => false)
    expect((await files.list()).sort()).toEqual([...kept].sort())
  })
})

describe('a file of many parts', () => {
  test.each([1, 3, 1_000])('is one behind the other when the disk takes %i bytes at a time', async (most) => {
    const sparing: FileSystem = {
      ...nodeFileSystem,
      async open(path, access) {
        const file = await nodeFileSystem.open(path, access)
        const write = file.write.bind(file)
        return Object.assign(file, {
          write: (parts: readonly Uint8Array[], position: number) =>
            write([Buffer.concat(parts).subarray(0, most)], position),
        })
      },
    }
    const parts = Array.from({ length: 600 }, (_, index) => Buffer.from(index % 7 === 0 ? '' : `${index},`))
    await filesOn(sparing).replace('c', parts)
    expect(await text(filesWith(), 'c', 10_000)).toBe(parts.join(''))
  })
})
