import { describe, expect, test } from '@jest/globals'
import { conflictingPath, isSafePath } from '@torrential/metainfo'

describe('a path that somebody chooses', () => {
  test.each(['a', 'a/b.txt', 'träume/ß', 'a b/c (1).bin'])('%j is safe', (path) => {
    expect(isSafePath(path, 'portable')).toBe(true)
  })

  test.each(['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', '../a', 'a\\b', 'con', 'a.', 'a\0', 'a:b', 'x'.repeat(241)])(
    '%j is not',
    (path) => expect(isSafePath(path, 'portable')).toBe(false),
  )

  test('may have a colon where names need not be portable', () => {
    expect(isSafePath('a:b', 'posix')).toBe(true)
    expect(isSafePath('../a', 'posix')).toBe(false)
  })

  test('conflicts with what is the same file on some system, and with directories', () => {
    const others = ['tree/a.bin', 'tree/Stra\u00dfe', 'cafe\u0301']
    expect(conflictingPath('TREE/A.BIN', others)).toBe('tree/a.bin')
    expect(conflictingPath('tree/STRASSE', others)).toBe('tree/Stra\u00dfe')
    expect(conflictingPath('caf\u00e9', others)).toBe('cafe\u0301')
    expect(conflictingPath('tree', others)).toBe('tree/a.bin')
    expect(conflictingPath('tree/a.bin/c', others)).toBe('tree/a.bin')
    expect(conflictingPath('tree/b.bin', others)).toBeUndefined()
  })
})
