import { describe, expect, test } from '@jest/globals'
import { chooseFile, globFilter } from '../src/file-globs.ts'

const paths = [
  'Pack/film.mkv',
  'Pack/extras/film.mkv',
  'Pack/extras/[x] notes.txt',
  'Pack/.hidden',
  'Pack/docs/a/b.txt',
]

function selected(...patterns: string[]): string[] {
  return paths.filter(globFilter(patterns))
}

describe('globFilter', () => {
  test('a pattern without a slash is about names anywhere', () => {
    expect(selected('*.mkv')).toEqual(['Pack/film.mkv', 'Pack/extras/film.mkv'])
  })

  test('a pattern with a slash is about paths, with or without the name of the torrent', () => {
    expect(selected('extras/*.mkv')).toEqual(['Pack/extras/film.mkv'])
    expect(selected('Pack/*.mkv')).toEqual(['Pack/film.mkv'])
    expect(selected('docs/**')).toEqual(['Pack/docs/a/b.txt'])
  })

  test('a folder means everything below it', () => {
    expect(selected('docs')).toEqual(['Pack/docs/a/b.txt'])
    expect(selected('extras/')).toEqual(['Pack/extras/film.mkv', 'Pack/extras/[x] notes.txt'])
    expect(selected('Pack')).toEqual(paths)
  })

  test('a path that is spelled out matches itself whatever characters it has', () => {
    expect(selected('extras/[x] notes.txt')).toEqual(['Pack/extras/[x] notes.txt'])
  })

  test('several patterns add up, and hidden files are files', () => {
    expect(selected('.hidden', 'docs')).toEqual(['Pack/.hidden', 'Pack/docs/a/b.txt'])
    expect(selected('*')).toEqual(paths)
  })

  test('a pattern that is far too long is refused', () => {
    expect(() => globFilter(['*'.repeat(2000)])).toThrow(expect.objectContaining({ code: 'GLOB' }))
  })
})

describe('chooseFile', () => {
  const files = paths.map((path, index) => ({ path, length: [10, 30, 30, 5, 1].at(index) ?? 0 }))
  const chosen = (wanted?: string) => chooseFile(files, wanted).path

  test('takes the largest file when none is named, the first of equals', () => {
    expect(chosen()).toBe('Pack/extras/film.mkv')
  })

  test('takes a path, with or without the name of the torrent', () => {
    expect(chosen('Pack/film.mkv')).toBe('Pack/film.mkv')
    expect(chosen('film.mkv')).toBe('Pack/film.mkv')
    expect(chosen('extras/[x] notes.txt')).toBe('Pack/extras/[x] notes.txt')
  })

  test('takes a number, from 0', () => {
    expect(chosen('3')).toBe('Pack/.hidden')
    expect(() => chosen('5')).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }))
  })

  test('takes a glob that means one file, and refuses one that means several or none', () => {
    expect(chosen('docs/**/*.txt')).toBe('Pack/docs/a/b.txt')
    expect(() => chosen('*.mkv')).toThrow(expect.objectContaining({ code: 'FILE_AMBIGUOUS' }))
    expect(() => chosen('*.iso')).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }))
  })

  test('a torrent without files has nothing to choose', () => {
    expect(() => chooseFile([], undefined)).toThrow(expect.objectContaining({ code: 'TORRENT_EMPTY' }))
  })
})
