import { describe, expect, test } from '@jest/globals'
import { Geometry } from '@torrential/primitives'
import { MissingDirectories } from '@torrential/storage'
import { sep } from 'node:path'
import { hasPieceOfPads } from '../src/stored-file.ts'
import { KIB } from './torrent-data.ts'

const path = (...names: string[]): string => sep + names.join(sep)

/** Only what is named is there. */
function lookAt(...there: string[]): { missing: MissingDirectories; asked: string[] } {
  const asked: string[] = []
  const missing = new MissingDirectories((directory) => {
    asked.push(directory)
    return Promise.resolve(!there.includes(directory))
  })
  return { missing, asked }
}

describe('directories that are missing', () => {
  test('answer for all below the uppermost of them, and are asked for once', async () => {
    const { missing, asked } = lookAt(path('there'), sep)
    expect(missing.has(path('there', 'a', 'b'))).toBe(false)
    expect(await missing.look(path('there', 'a', 'b'))).toBe(true)
    expect(asked).toEqual([path('there', 'a', 'b'), path('there', 'a'), path('there')])
    for (const names of [['a'], ['a', 'b'], ['a', 'c', 'd']]) {
      expect(missing.has(path('there', ...names))).toBe(true)
      expect(await missing.look(path('there', ...names))).toBe(true)
    }
    for (const names of [[], ['ab'], ['c']]) expect(missing.has(path('there', ...names))).toBe(false)
    expect(await missing.look(path('there'))).toBe(false)
    expect(asked).toHaveLength(3)
  })

  test('are remembered when another one is found', async () => {
    const { missing, asked } = lookAt(sep)
    await missing.look(path('a', 'b'))
    await missing.look(path('c'))
    expect([path('a', 'x'), path('c', 'x'), path('d')].map((at) => missing.has(at))).toEqual([true, true, false])
    expect(asked).toEqual([path('a', 'b'), path('a'), sep, path('c')])
  })

  test('are asked for together by all who look side by side', async () => {
    const { missing, asked } = lookAt(sep)
    const looks = ['x', 'y', 'x'].map((name) => missing.look(path('a', name)))
    expect(await Promise.all(looks)).toEqual([true, true, true])
    expect(asked.toSorted()).toEqual([sep, path('a'), path('a', 'x'), path('a', 'y')])
  })

  test('may be all of them', async () => {
    const { missing } = lookAt()
    expect(await missing.look(path('a'))).toBe(true)
    expect([sep, path('b', 'c')].map((at) => missing.has(at))).toEqual([true, true])
  })
})

// Lengths in KiB, those of padding with a p.
test.each<[what: string, kind: 'v1' | 'v2', files: string, expected: boolean]>([
  ['shorter than a piece, between files', 'v1', '40 24p 8 24p 1', false],
  ['of a whole piece', 'v1', '32 32p 32', true],
  ['of a whole piece in parts, with an empty file among them', 'v1', '32 16p 0 16p 32', true],
  ['that fills up the last piece', 'v1', '32 8 24p', false],
  ['that is the last piece', 'v1', '32 8p', true],
  ['of no bytes', 'v1', '32 0p', false],
  ['where each file has pieces of its own', 'v2', '40 8p 32', true],
  ['of no bytes where each file has pieces of its own', 'v2', '40 0p 32', false],
])('padding %s', (_, kind, text, expected) => {
  const files = text.split(' ').map((word) => ({ length: Number.parseInt(word) * KIB, pad: word.endsWith('p') }))
  const geometry = new Geometry(kind, 32 * KIB, files)
  const pads = Uint8Array.from(files, ({ pad }) => Number(pad))
  expect(hasPieceOfPads(pads, geometry)).toBe(expected)
})
