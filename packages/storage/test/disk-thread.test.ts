// Batches do to files what the calls of the file system do, in a thread as well as one by one.

import { access, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { batchesOver, type FileBatches, nodeFileSystem } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { DiskThread } from '../src/disk-thread.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

const kinds: readonly (readonly [string, () => FileBatches])[] = [
  ['in a thread', () => new DiskThread()],
  ['one by one', () => batchesOver(nodeFileSystem)],
]

describe.each(kinds)('batches %s', (_, start) => {
  test('make files, with bytes anywhere in them, and leave alone what is there', async () => {
    await using batches = start()
    const path = await temporaryDirectory()
    await writeFile(join(path, 'b'), 'here')
    await symlink(join(path, 'elsewhere'), join(path, 'c'))
    const paths = ['a', 'b', 'c', 'd', 'e'].map((name) => join(path, name))
    const contents = [[bytes(1), bytes(2, 3)], [bytes(4)], [bytes(5)], [bytes(6)], []]
    const done = await batches.make({ paths, contents, positions: [0, 0, 0, 2, 0] })
    expect([...done]).toEqual([1, 0, 0, 1, 1])
    const found = await Promise.all([0, 1, 3, 4].map((index) => readFile(paths[index] as string)))
    expect(found.map((content) => [...content])).toEqual([[1, 2, 3], [...Buffer.from('here')], [0, 0, 6], []])
    await expect(access(join(path, 'elsewhere'))).rejects.toThrow('ENOENT')
    // Memory that came back is used again, for less.
    const next = { paths: [join(path, 'f')], contents: [[bytes(9)]], positions: [0] }
    expect([...(await batches.make(next))]).toEqual([1])
    expect([...(await readFile(join(path, 'f')))]).toEqual([9])
  })

  test('end where something is wrong', async () => {
    await using batches = start()
    const path = await temporaryDirectory()
    const paths = ['a', 'none/b', 'c'].map((name) => join(path, name))
    const contents = paths.map(() => [bytes(1)])
    expect([...(await batches.make({ paths, contents, positions: [0, 0, 0] }))]).toEqual([1, 0, 0])
    await expect(access(join(path, 'c'))).rejects.toThrow('ENOENT')
  })

  test('sync what is there', async () => {
    await using batches = start()
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), 'a')
    await symlink(join(path, 'a'), join(path, 'link'))
    const paths = ['none', 'link', 'a'].map((name) => join(path, name))
    expect([...(await batches.sync(paths))]).toEqual([0, 0, 1])
  })

  test('read what is there, is a file and is short', async () => {
    await using batches = start()
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), 'four')
    await writeFile(join(path, 'long'), 'x'.repeat(3_001))
    await writeFile(join(path, 'most'), 'y'.repeat(3_000))
    await writeFile(join(path, 'empty'), '')
    await symlink(join(path, 'a'), join(path, 'link'))
    const names = ['none', 'a', 'long', 'most', 'link', 'empty', 'a']
    const contents = await batches.read(
      names.map((name) => join(path, name)),
      3_000,
    )
    const texts = contents.map((content) => content && Buffer.from(content).toString())
    expect(texts).toEqual([undefined, 'four', undefined, 'y'.repeat(3_000), undefined, '', 'four'])
  })

  test('look at names and not at what links point to', async () => {
    await using batches = start()
    const path = await temporaryDirectory()
    await writeFile(join(path, 'a'), 'four')
    await symlink(join(path, 'a'), join(path, 'link'))
    await mkdir(join(path, 'folder'))
    const paths = ['a', 'link', 'folder', 'none', 'a/none', 'none/none'].map((name) => join(path, name))
    const found = await batches.look(paths)
    expect(paths.map((__, index) => found[2 * index])).toEqual([4, -1, -1, -1, -1, -1])
    expect(Math.floor(found[1] as number)).toBe(Math.floor((await stat(paths[0] as string)).mtimeMs))
  })
})

describe('a thread', () => {
  test('takes the files of a missing directory for missing', async () => {
    await using thread = new DiskThread()
    const path = await temporaryDirectory()
    await writeFile(join(path, 'last'), '1')
    const paths = ['none/a', 'none/b', 'gone', 'last'].map((name) => join(path, name))
    const found = await thread.look(paths)
    expect(paths.map((__, index) => found[2 * index])).toEqual([-1, -1, -1, 1])
  })

  test('does nothing any more once it is closed, and closing ends what it does', async () => {
    const thread = new DiskThread()
    const path = await temporaryDirectory()
    const paths = [join(path, 'a')]
    const running = thread.make({ paths, contents: [[bytes(1)]], positions: [0] })
    await thread[Symbol.asyncDispose]()
    expect((await running).length).toBe(1)
    await rm(join(path, 'a'), { force: true })
    expect([...(await thread.make({ paths, contents: [[bytes(1)]], positions: [0] }))]).toEqual([0])
    expect([...(await thread.sync(paths))]).toEqual([0])
    expect([...(await thread.look(paths))]).toEqual([Number.NaN, Number.NaN])
    await expect(access(join(path, 'a'))).rejects.toThrow('ENOENT')
    await thread[Symbol.asyncDispose]()
  })
})
