// What the entries of a v1 file list may say, and what is made of values that are of the wrong kind.

import { describe, expect, test } from '@jest/globals'
import { encode } from '@torrential/bencode'
import { readV1Files } from '../src/v1-files.ts'

type Entry = Readonly<Record<string, unknown>>

const name = new Uint8Array([110])
const read = (entry: Entry) => readV1Files(new Map(), encode([entry] as never), name, 10).files[0]

/** The code of what reading this entry throws. */
function codeOf(entry: Entry): string | undefined {
  try {
    read(entry)
  } catch (error) {
    return (error as { code: string }).code
  }
  return undefined
}

const plain = { length: 5, path: ['a', 'b'] }

describe('an entry', () => {
  test('has nothing beside its path and its length', () => {
    expect(read(plain)).toEqual({ elements: ['a', 'b'], length: 5, pad: false, executable: false, hidden: false })
  })

  test('may have keys that nobody knows, of any kind', () => {
    const unknown = { a: { b: [1, { c: 2 }] }, md5sum: 'x', sha1: 7, z: [] }
    expect(read({ ...plain, ...unknown })).toEqual(read(plain))
  })

  test('has the time of its file, unless that is negative or no number', () => {
    expect(read({ ...plain, mtime: 1_700_000_000 })?.mtime).toBe(1_700_000_000)
    for (const mtime of [-1, 2n ** 60n, 'soon', [1]]) expect(read({ ...plain, mtime })).toEqual(read(plain))
  })

  test('has attributes of 64 characters at most', () => {
    expect(read({ ...plain, attr: 'xh' })).toMatchObject({ executable: true, hidden: true })
    expect(read({ ...plain, attr: 'x'.repeat(64) })).toMatchObject({ executable: true })
    for (const attr of ['x'.repeat(65), 1, ['x']]) expect(read({ ...plain, attr })).toEqual(read(plain))
  })

  test('goes by path.utf-8 where that is a list with something in it', () => {
    expect(read({ ...plain, 'path.utf-8': ['c'] })?.elements).toEqual(['c'])
    for (const path of [[], 'c', 1, { c: 1 }]) expect(read({ ...plain, 'path.utf-8': path })).toEqual(read(plain))
    expect(codeOf({ ...plain, 'path.utf-8': ['c', 1] })).toBe('TORRENT_PATH')
  })

  test('needs a path of names', () => {
    for (const path of [[], 'a', 1, ['a', 1], ['a', ['b']]]) expect(codeOf({ length: 5, path })).toBe('TORRENT_PATH')
    expect(codeOf({ length: 5 })).toBe('TORRENT_PATH')
  })

  test('needs a possible length, which only a link may lack', () => {
    const link = { path: ['a'], attr: 'l', 'symlink path': ['b'] }
    expect(read(link)).toMatchObject({ length: 0, symlink: ['b'] })
    expect(read({ ...link, length: 0 })).toMatchObject({ length: 0, symlink: ['b'] })
    expect(codeOf({ path: ['a'] })).toBe('TORRENT_FILE_LENGTH')
    for (const length of [-1, 2n ** 60n, '5', [5]]) {
      expect(codeOf({ ...plain, length })).toBe('TORRENT_FILE_LENGTH')
      expect(codeOf({ ...link, length })).toBe('TORRENT_FILE_LENGTH')
    }
    expect(codeOf({ ...link, length: 1 })).toBe('TORRENT_SYMLINK')
    expect(codeOf({ ...link, 'symlink path': ['b', 1] })).toBe('TORRENT_SYMLINK')
  })
})

test.each([{ a: 1 }, 'a', 1, []])('files has to be a list with something in it: %j', (list) => {
  expect(() => readV1Files(new Map(), encode(list as never), name, 10)).toThrow(
    expect.objectContaining({ code: 'TORRENT_FILES' }),
  )
})

test.each(['a', 1, [plain]])('every entry has to be a dictionary: %j', (entry) => {
  expect(() => readV1Files(new Map(), encode([plain, entry] as never), name, 10)).toThrow(
    expect.objectContaining({ code: 'TORRENT_FILES' }),
  )
})

test('no more entries than are allowed', () => {
  const list = encode([plain, plain, plain])
  expect(readV1Files(new Map(), list, name, 3).files).toHaveLength(3)
  expect(() => readV1Files(new Map(), list, name, 2)).toThrow(expect.objectContaining({ code: 'TORRENT_FILE_COUNT' }))
})
