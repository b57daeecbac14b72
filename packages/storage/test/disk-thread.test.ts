// Batches do to files what the calls of the file system do, in a thread as well as one by one.

import { access, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { batchesOver, type FileBatches, nodeFileSystem, type SmallWrites } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { DiskThread } from '../src/disk-thread.ts'
import { gathered } from '../src/file-batches.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

interface Place {
  readonly position: number
  readonly limit: number
  readonly known: 0 | 1
}

type Line = readonly [name: string, content: readonly Uint8Array[], place?: Partial<Place>]

/** New files below the root unless `place` says otherwise. */
function writes(root: string, lines: readonly Line[]): SmallWrites {
  const numbers = (of: (place: Partial<Place>) => number) => lines.map(([, , place = {}]) => of(place))
  return {
    root,
    paths: lines.map(([name]) => join(root, name)),
    contents: lines.map(([, content]) => content),
    positions: Float64Array.from(numbers(({ position }) => position ?? 0)),
    limits: Float64Array.from(numbers(({ limit }) => limit ?? 1_000)),
    known: Uint8Array.from(numbers(({ known }) => known ?? 0)),
  }
}

const kinds: readonly (readonly [string, () => FileBatches])[] = [
  ['in a thread', () => new DiskThread()],
  ['one by one', () => batchesOver(nodeFileSystem)],
]

describe.each(kinds)('batches %s', (_, start) => {
  test('write anywhere in files and make those that are missing, with their directories', async () => {
    await using batches = start()
    const root = await temporaryDirectory()
    await writeFile(join(root, 'b'), 'here')
    const files = writes(root, [
      ['a', [bytes(1), bytes(2, 3)]],
      ['b', [bytes(88)], { position: 1 }],
      ['new/x/d', [bytes(6)], { position: 2 }],
      ['new/e', []],
    ])
    expect([...(await batches.write(files))]).toEqual([1, 1, 1, 1])
    const found = await Promise.all(files.paths.map((path) => readFile(path)))
    expect(found.map((content) => [...content])).toEqual([[1, 2, 3], [...Buffer.from('hXre')], [0, 0, 6], []])
    // Memory that came back is used again, for less.
    expect([...(await batches.write(writes(root, [['f', [bytes(9)]]])))]).toEqual([1])
    expect([...(await readFile(join(root, 'f')))]).toEqual([9])
  })

  test('leave alone what is longer or no file, and go on behind it', async () => {
    await using batches = start()
    const root = await temporaryDirectory()
    await writeFile(join(root, 'long'), 'longer')
    await writeFile(join(root, 'elsewhere'), 'x')
    await symlink(join(root, 'elsewhere'), join(root, 'link'))
    await symlink(join(root, 'nowhere'), join(root, 'dangling'))
    await mkdir(join(root, 'directory'))
    const names = ['long', 'link', 'dangling', 'directory', 'last']
    const files = writes(
      root,
      names.map((name) => [name, [bytes(1)], { limit: 5 }]),
    )
    expect([...(await batches.write(files))]).toEqual([0, 0, 0, 0, 1])
    expect(String(await readFile(join(root, 'long')))).toBe('longer')
    expect(String(await readFile(join(root, 'elsewhere')))).toBe('x')
    await expect(access(join(root, 'nowhere'))).rejects.toThrow('ENOENT')
  })

  test.each<readonly [string, string, Partial<Place>]>([
    ['a file that should be there and is not', 'gone', { known: 1 }],
    ['a directory that should be there and is not', 'none/gone', { known: 1 }],
    ['a file in the place of a directory', 'file/b', {}],
    ['a directory that leads out of the root', 'out/b', {}],
    ['a directory to be made below one that leads out', 'out/new/b', {}],
    ['a directory whose link leads nowhere', 'dangling/b', {}],
  ])('end at %s', async (what, path, place) => {
    await using batches = start()
    const [root, outside] = [await temporaryDirectory(), await temporaryDirectory()]
    await writeFile(join(root, 'file'), 'x')
    await symlink(outside, join(root, 'out'))
    await symlink(join(outside, 'nowhere'), join(root, 'dangling'))
    const files = writes(root, [
      ['a', [bytes(1)]],
      [path, [bytes(1)], place],
      ['c', [bytes(1)]],
    ])
    expect([...(await batches.write(files))]).toEqual([1, 0, 0])
    expect((await readdir(root)).sort()).toEqual(['a', 'dangling', 'file', 'out'])
    expect(await readdir(outside)).toEqual([])
  })

  test('may be below a root that is a link, and in directories that are links inside', async () => {
    await using batches = start()
    const [real, elsewhere] = [await temporaryDirectory(), await temporaryDirectory()]
    await mkdir(join(real, 'd'))
    await symlink(join(real, 'd'), join(real, 'inside'))
    const root = join(elsewhere, 'root')
    await symlink(real, root)
    expect([...(await batches.write(writes(root, [['inside/a', [bytes(7)]]])))]).toEqual([1])
    expect([...(await readFile(join(real, 'd/a')))]).toEqual([7])
    const { mtimeMs } = await stat(join(real, 'd/a'))
    expect([...(await batches.sync(root, [join(root, 'inside/a')]))]).toEqual([1, mtimeMs])
  })

  test('sync what is there and inside the root', async () => {
    await using batches = start()
    const [root, outside] = [await temporaryDirectory(), await temporaryDirectory()]
    await writeFile(join(root, 'a'), 'a')
    await writeFile(join(outside, 'b'), 'b')
    await symlink(join(root, 'a'), join(root, 'link'))
    await symlink(outside, join(root, 'out'))
    const paths = ['none', 'link', 'out/b', 'a'].map((name) => join(root, name))
    const found = await batches.sync(root, paths)
    expect(paths.map((_path, index) => Number.isNaN(found[2 * index]))).toEqual([true, true, true, false])
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

  test('takes memory that fits the next batch as well', () => {
    const { bytes: first } = gathered([[bytes(1)], [bytes(2, 3)]])
    expect([...first.subarray(0, 3)]).toEqual([1, 2, 3])
    const { bytes: next, lengths } = gathered([[new Uint8Array(1_048_576).fill(7)]], first.buffer)
    expect(next.buffer).toBe(first.buffer)
    expect([[...lengths], next[0], next.at(-1)]).toEqual([[1_048_576], 7, 7])
    const { bytes: longer } = gathered([[new Uint8Array(1_048_577).fill(8)]], next.buffer)
    expect([longer.length, longer.at(-1)]).toEqual([1_048_577, 8])
  })

  test('does nothing any more once it is closed, and closing ends what it does', async () => {
    const thread = new DiskThread()
    const path = await temporaryDirectory()
    const files = writes(path, [['a', [bytes(1)]]])
    const { paths } = files
    const running = thread.write(files)
    await thread[Symbol.asyncDispose]()
    expect((await running).length).toBe(1)
    await rm(join(path, 'a'), { force: true })
    expect([...(await thread.write(files))]).toEqual([0])
    expect([...(await thread.sync(path, paths))]).toEqual([Number.NaN, Number.NaN])
    expect([...(await thread.look(paths))]).toEqual([Number.NaN, Number.NaN])
    await expect(access(join(path, 'a'))).rejects.toThrow('ENOENT')
    await thread[Symbol.asyncDispose]()
  })
})
