import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { areRelated, buildTorrent, type Metainfo, parseTorrent, sharedFiles, type TorrentInput } from '../src/index.ts'

const PIECE = 16_384

/** A v1 torrent: the content of a file is its letter, over and over. */
function v1(
  files: Readonly<Record<string, [letter: string, length: number]>>,
  extra: Partial<TorrentInput> = {},
): Metainfo {
  const content = Buffer.concat(Object.values(files).map(([letter, length]) => Buffer.alloc(length, letter)))
  const hashes: Buffer[] = []
  for (let at = 0; at < content.length; at += PIECE) {
    hashes.push(
      createHash('sha1')
        .update(content.subarray(at, at + PIECE))
        .digest(),
    )
  }
  const input: TorrentInput = {
    name: 'n',
    files: Object.entries(files).map(([path, [, length]]) => ({ path: path.split('/'), length })),
    multiFile: true,
    pieceLength: PIECE,
    pieceHashes: Buffer.concat(hashes),
    ...extra,
  }
  return parseTorrent(buildTorrent(input))
}

/** A v2 torrent of files that fit into a piece; the root of each is its letter. */
function v2(files: Readonly<Record<string, string>>): Metainfo {
  const entries = Object.keys(files).map((path) => ({ path: [path], length: 1_000 }))
  const pieceRoots = Buffer.concat(Object.values(files).map((letter) => Buffer.alloc(32, letter)))
  const input = { name: 'n', version: 'v2', files: entries, multiFile: true, pieceLength: PIECE, pieceRoots } as const
  return parseTorrent(buildTorrent(input))
}

describe('areRelated', () => {
  const plain = v1({ a: ['a', 10] })
  const other = v1({ a: ['b', 10] })

  test('torrents that say nothing of one another are not', () => {
    expect(areRelated(plain, other)).toBe(false)
    expect(areRelated(v1({ a: ['a', 1] }, { collections: ['x'] }), v1({ a: ['b', 1] }, { collections: ['y'] }))).toBe(
      false,
    )
  })

  test('one that names the other is, whichever of the two it is', () => {
    const naming = v1({ a: ['a', 10] }, { similar: [plain.infoHash] })
    expect(areRelated(naming, plain)).toBe(true)
    expect(areRelated(plain, naming)).toBe(true)
    expect(areRelated(naming, other)).toBe(false)
  })

  test('a v2 torrent is named by its infohash, whole or cut short', () => {
    const named = v2({ a: 'a' })
    const whole = v1({ a: ['a', 10] }, { similar: [named.infoHashV2 as Uint8Array] })
    const short = v1({ a: ['a', 10] }, { similar: [named.infoHash] })
    expect(areRelated(whole, named)).toBe(true)
    expect(areRelated(short, named)).toBe(true)
    expect(areRelated(whole, v2({ a: 'b' }))).toBe(false)
  })

  test('two of one collection are', () => {
    const a = v1({ a: ['a', 1] }, { collections: ['x', 'y'] })
    expect(areRelated(a, v1({ a: ['b', 1] }, { collections: ['y'] }))).toBe(true)
  })
})

describe('sharedFiles', () => {
  test('finds a file by its pieces root, whatever it is called, and not by its name when the roots differ', () => {
    const mine = v2({ a: 'r', b: 's', c: 't' })
    const theirs = v2({ b: 'x', z: 'r' })
    const z = theirs.files.findIndex(({ path }) => path.endsWith('z'))
    expect(sharedFiles(mine, theirs)).toEqual([{ file: 0, other: z, by: 'root' }])
  })

  test('finds a v1 file by the pieces that lie wholly inside it, where both are cut alike', () => {
    const mine = v1({ front: ['f', 100], a: ['a', 3 * PIECE] })
    const theirs = v1({ start: ['s', 100], b: ['a', 3 * PIECE], c: ['c', 3 * PIECE] })
    expect(sharedFiles(mine, theirs)).toEqual([{ file: 1, other: 1, by: 'pieces' }])
    const sameName = v1({ start: ['s', 100], a: ['b', 3 * PIECE] })
    expect(sharedFiles(mine, sameName)).toEqual([])
  })

  test('takes the same length and name for a hint where hashes cannot be compared', () => {
    const mine = v1({ front: ['f', 100], 'd/a': ['a', 3 * PIECE] })
    const theirs = v1({ start: ['s', 101], 'e/a': ['a', 3 * PIECE], 'e/b': ['b', 3 * PIECE] })
    expect(sharedFiles(mine, theirs)).toEqual([{ file: 1, other: 1, by: 'name' }])
    expect(sharedFiles(mine, v2({ a: 'a' }))).toEqual([])
  })
})
