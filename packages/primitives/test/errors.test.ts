import {
  assert,
  InputError,
  isTorrentialError,
  PeerError,
  SourceError,
  StorageError,
  TorrentialError,
} from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'

describe('an error of the library', () => {
  test.each([InputError, PeerError, SourceError, StorageError])('%p carries a code, data and the cause', (Kind) => {
    const cause = new Error('underneath')
    const error = new Kind('SOME_CODE', 'what and which', { cause, piece: 7 })
    expect(error).toBeInstanceOf(TorrentialError)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(Kind.name)
    expect([error.code, error.message, error.cause]).toEqual(['SOME_CODE', 'what and which', cause])
    expect(error.data).toEqual({ piece: 7 })
    expect(isTorrentialError(error)).toBe(true)
  })

  test('without a cause has none', () => {
    expect('cause' in new InputError('A', 'b')).toBe(false)
  })

  test('of storage names the file where there is one', () => {
    expect(new StorageError('ENOSPC', 'full', { path: '/x/y' }).path).toBe('/x/y')
    expect(new StorageError('ENOSPC', 'full', { path: 5 }).path).toBeUndefined()
    expect(new StorageError('ENOSPC', 'full').path).toBeUndefined()
  })

  test('is recognised when it comes from another copy of the package', () => {
    expect(isTorrentialError({ code: 'A', message: 'b', data: {} })).toBe(true)
  })

  test.each([
    null,
    undefined,
    'text',
    new Error('plain'),
    Object.assign(new Error('system'), { code: 'ENOENT' }),
    { code: 'A', message: 'b', data: null },
    { code: 1, message: 'b', data: {} },
  ])('is not %p', (other) => {
    expect(isTorrentialError(other)).toBe(false)
  })
})

test('a broken invariant says which', () => {
  expect(() => assert(true, 'fine')).not.toThrow()
  expect(() => assert(0, 'one and one is two')).toThrow('broken invariant: one and one is two')
})
