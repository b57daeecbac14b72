import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import type { Metainfo } from '@torrential/metainfo'
import { batchesOver, faultyFileSystem, nodeFileSystem } from '@torrential/storage'
import { isExplained, isSame, stampFiles } from '../../src/state/file-stamp.ts'

const recorded = { size: 100, mtime: 1_000_000 }
/** From ten minutes after the file's last change on, for a minute. */
const active = { start: 1_600_000, end: 1_660_000 }

describe('what a file looks like', () => {
  test('is the same when size and time are', () => {
    expect(isSame(recorded, { ...recorded })).toBe(true)
    expect(isSame(recorded, { ...recorded, size: 101 })).toBe(false)
    expect(isSame(recorded, { ...recorded, mtime: 1 })).toBe(false)
    expect([isSame(null, null), isSame(recorded, null), isSame(null, recorded)]).toEqual([true, false, false])
  })

  test.each([
    ['was not touched', recorded, true],
    ['was written to while we ran', { size: 150, mtime: 1_630_000 }, true],
    ['was written to just after the last line of the journal', { size: 150, mtime: 1_700_000 }, true],
    ['was changed long after', { size: 150, mtime: 1_800_000 }, false],
    ['was changed between the record and its last change', { size: 150, mtime: 1_300_000 }, false],
    ['lost its last change of time in a power cut', { size: 100, mtime: 960_000 }, true],
    ['is older', { size: 100, mtime: 900_000 }, false],
    ['is shorter', { size: 99, mtime: 1_630_000 }, false],
    ['is gone', null, false],
  ])('of a file that %s', (_, now, expected) => {
    expect(isExplained(recorded, now, active)).toBe(expected)
  })

  test('of a file that came while we ran', () => {
    expect(isExplained(null, { size: 5, mtime: 1_610_000 }, active)).toBe(true)
    expect(isExplained(null, { size: 5, mtime: 1_000_000 }, active)).toBe(false)
    expect(isExplained(null, null, active)).toBe(true)
  })
})

describe('a look at the files of a torrent', () => {
  test('does not ask for each file of a directory that is not there, and finds what is there', async () => {
    const path = await mkdtemp(join(tmpdir(), 'torrential-stamps-'))
    await mkdir(join(path, 'here'))
    await writeFile(join(path, 'here/99'), 'four')
    const files = ['gone', 'here'].flatMap((name) => Array.from({ length: 100 }, (_, index) => `${name}/${index}`))
    const metainfo = { files: files.map((name) => ({ path: name, pad: false })) } as unknown as Metainfo
    const stat = jest.fn((at: string) => nodeFileSystem.stat(at))
    const stamps = await stampFiles(metainfo, (file) => join(path, metainfo.files[file]!.path), {
      fileSystem: { ...nodeFileSystem, stat },
    })
    const calls = stat.mock.calls.length
    await rm(path, { recursive: true })
    expect(stamps.map((stamp) => stamp?.size)).toEqual(files.map((file) => (file === 'here/99' ? 4 : undefined)))
    // The hundred that may be there, and a look at either directory and at the one above them.
    expect(calls).toBeGreaterThan(100)
    expect(calls).toBeLessThanOrEqual(100 + 3)
  })

  test('asks for no file of a new torrent, of which the folder is missing', async () => {
    const path = await mkdtemp(join(tmpdir(), 'torrential-stamps-'))
    const files = Array.from({ length: 30 }, (_, file) => ({ path: `new/${file % 10}/${file}`, pad: false }))
    const metainfo = { files } as unknown as Metainfo
    const asked: string[] = []
    const fileSystem = {
      ...nodeFileSystem,
      stat: (at: string) => (asked.push(relative(path, at)), nodeFileSystem.stat(at)),
    }
    const locate = (file: number) => join(path, files[file]!.path)
    for (const batches of [undefined, batchesOver(fileSystem)]) {
      expect(await stampFiles(metainfo, locate, { fileSystem, batches })).toEqual(files.map(() => null))
      expect(asked.splice(0)).toEqual(['new/0', 'new', ''])
    }
    await mkdir(join(path, 'new/7'), { recursive: true })
    await writeFile(join(path, 'new/7/17'), 'four')
    for (const batches of [undefined, batchesOver(fileSystem)]) {
      const stamps = await stampFiles(metainfo, locate, { fileSystem, batches })
      expect(stamps.flatMap((stamp, file) => (stamp === null ? [] : [file]))).toEqual([17])
    }
    await rm(path, { recursive: true })
  })

  test('asks for no file of which it is known how it looked', async () => {
    const files = Array.from({ length: 8 }, (_, file) => ({ path: `files/${file}`, pad: file === 2 }))
    const metainfo = { files } as unknown as Metainfo
    const looks = new Map(
      files.flatMap(({ pad }, file) => (pad || file === 5 ? [] : [[file, { size: file, modified: 7.9 }]])),
    )
    const asked: string[] = []
    const fileSystem = { ...nodeFileSystem, stat: (at: string) => (asked.push(at), nodeFileSystem.stat('/')) }
    const stamps = await stampFiles(metainfo, (file) => files[file]!.path, { fileSystem, looks })
    expect(asked).toEqual(['files/5'])
    expect(stamps).toEqual(files.map(({ pad }, file) => (pad || file === 5 ? null : { size: file, mtime: 7 })))
  })

  test('takes what cannot be looked at for unknown, and never its directory for missing', async () => {
    const path = await mkdtemp(join(tmpdir(), 'torrential-stamps-'))
    await mkdir(join(path, 'here'))
    const files = ['here/a', 'here/none', 'here/b'].map((name) => ({ path: name, pad: false }))
    for (const name of ['a', 'b']) await writeFile(join(path, 'here', name), name)
    const metainfo = { files } as unknown as Metainfo
    for (const failing of ['here/a', 'here']) {
      for (const isBatched of [false, true]) {
        const fileSystem = faultyFileSystem(nodeFileSystem, (call, at) =>
          at === join(path, failing) ? 'EIO' : undefined,
        )
        const look = { fileSystem, batches: isBatched ? fileSystem.startBatches?.() : undefined }
        const stamps = await stampFiles(metainfo, (file) => join(path, files[file]!.path), look)
        expect(stamps.map((stamp) => stamp?.size)).toEqual([failing === 'here' ? 1 : undefined, undefined, 1])
      }
    }
    await rm(path, { recursive: true })
  })

  test('takes batches as far as they go, and looks at the rest one by one', async () => {
    const path = await mkdtemp(join(tmpdir(), 'torrential-stamps-'))
    await mkdir(join(path, 'files'))
    for (let file = 0; file < 6; file++) await writeFile(join(path, `files/${file}`), 'x'.repeat(file))
    const files = Array.from({ length: 8 }, (_, file) => ({ path: `files/${file}`, pad: file === 2 }))
    const metainfo = { files } as unknown as Metainfo
    const asked: string[][] = []
    const inner = batchesOver(nodeFileSystem)
    const look = async (paths: readonly string[]): Promise<Float64Array> => {
      asked.push(paths.map((each) => basename(each)))
      // The fourth and the last two have not been looked at: what comes behind the first of them is not counted on.
      const found = await inner.look(paths)
      found[2 * 3] = Number.NaN
      return found
    }
    const locate = (file: number) => join(path, files[file]!.path)
    const stamps = await stampFiles(metainfo, locate, { fileSystem: nodeFileSystem, batches: { ...inner, look } })
    expect(asked).toEqual([['0', '1', '3', '4', '5', '6', '7']])
    expect(stamps).toEqual(await stampFiles(metainfo, locate, { fileSystem: nodeFileSystem }))
    expect(stamps.map((stamp) => stamp?.size)).toEqual([0, 1, undefined, 3, 4, 5, undefined, undefined])
    await rm(path, { recursive: true })
  })
})
