import { describe, expect, test } from '@jest/globals'
import { infoHashFrom, InputError } from '@torrential/primitives'
import { allowedFastSet } from '@torrential/protocol'

const infoHash = infoHashFrom(new Uint8Array(20).fill(0xaa))

describe('the allowed-fast set', () => {
  test('is the one of BEP 6 for its two examples', () => {
    expect(allowedFastSet('80.4.4.200', infoHash, 1313, 7)).toEqual([1059, 431, 808, 1217, 287, 376, 1188])
    expect(allowedFastSet('80.4.4.200', infoHash, 1313, 9)).toEqual([1059, 431, 808, 1217, 287, 376, 1188, 353, 508])
  })

  test('is the same for the whole /24', () => {
    expect(allowedFastSet('80.4.4.1', infoHash, 1313, 9)).toEqual(allowedFastSet('80.4.4.200', infoHash, 1313, 9))
    expect(allowedFastSet('80.4.5.1', infoHash, 1313, 9)).not.toEqual(allowedFastSet('80.4.4.1', infoHash, 1313, 9))
  })

  test('is the whole torrent when that has fewer pieces', () => {
    expect(new Set<number>(allowedFastSet('10.0.0.1', infoHash, 5, 10))).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  test('is empty for IPv6', () => {
    expect(allowedFastSet('2001:db8::1', infoHash, 1313, 9)).toEqual([])
  })

  test.each([
    ['example.org', 10, 1],
    ['10.0.0.1', 0, 1],
    ['10.0.0.1', 10, 101],
    ['10.0.0.1', 10, 1.5],
  ])('refuses host %s, %d pieces, size %d', (host, pieceCount, size) => {
    expect(() => allowedFastSet(host, infoHash, pieceCount, size)).toThrow(InputError)
  })
})
