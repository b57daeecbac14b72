import {
  createPeerId,
  infoHashFrom,
  infoHashV2From,
  peerIdFrom,
  SeededRandom,
  toLatin1,
  truncateInfoHash,
} from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'

describe('identifiers', () => {
  test.each([
    ['infoHashFrom', infoHashFrom, 20, 'INFOHASH_LENGTH'],
    ['infoHashV2From', infoHashV2From, 32, 'INFOHASH_LENGTH'],
    ['peerIdFrom', peerIdFrom, 20, 'PEER_ID_LENGTH'],
  ] as const)('%s takes bytes of the exact length only', (_, from, length, code) => {
    const bytes = new Uint8Array(length)
    expect(from(bytes)).toBe(bytes)
    for (const wrong of [0, length - 1, length + 1]) {
      expect(() => from(new Uint8Array(wrong))).toThrow(expect.objectContaining({ name: 'InputError', code }))
    }
  })

  test('a v2 infohash is truncated to its first 20 bytes', () => {
    const hash = infoHashV2From(Uint8Array.from({ length: 32 }, (_, i) => i))
    expect([...truncateInfoHash(hash)]).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })
})

describe('a new peer id', () => {
  test('has 20 bytes: its prefix, then letters and digits', () => {
    expect(toLatin1(createPeerId(new SeededRandom(1)))).toMatch(/^-TO0010-[0-9A-Za-z]{12}$/)
    expect(toLatin1(createPeerId(new SeededRandom(1), 'M7-9-2--'))).toMatch(/^M7-9-2--[0-9A-Za-z]{12}$/)
    expect(toLatin1(createPeerId(new SeededRandom(1), ''))).toMatch(/^[0-9A-Za-z]{20}$/)
  })

  test('is the same for the same dice, and another for others', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => toLatin1(createPeerId(new SeededRandom(seed))))
    expect(a).toBe(b)
    expect(a).not.toBe(c)
  })

  test.each(['-'.repeat(21), '-é-', 'a\n', '\0'])('with the prefix %j is refused', (prefix) => {
    expect(() => createPeerId(new SeededRandom(1), prefix)).toThrow(expect.objectContaining({ code: 'PEER_ID_PREFIX' }))
  })
})
