import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  fromLatin1,
  fromUtf8,
  readUint32,
  toHex,
  toLatin1,
  toUtf8,
  writeUint32,
} from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

const any = fc.uint8Array({ maxLength: 40 })

describe('32-bit numbers', () => {
  test('are big-endian and unsigned, at any offset', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (offset, value) => {
        const bytes = new Uint8Array(24)
        writeUint32(bytes, offset, value)
        expect(new DataView(bytes.buffer).getUint32(offset)).toBe(value)
        expect(readUint32(bytes, offset)).toBe(value)
      }),
    )
  })

  test('read from a view of a larger buffer count from the view', () => {
    expect(readUint32(Buffer.from('ffffffff00000007', 'hex').subarray(4), 0)).toBe(7)
  })
})

describe('comparing bytes', () => {
  test('is the order of Buffer.compare, and equal only when all are', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(equalBytes(a, a.slice())).toBe(true)
      }),
    )
  })

  test('a prefix comes first', () => {
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0)
  })
})

describe('text', () => {
  test('in hexadecimal and Latin-1 is lossless for any bytes', () => {
    fc.assert(
      fc.property(any, (bytes) => {
        expect(toHex(bytes)).toMatch(/^[0-9a-f]*$/)
        expect(fromHex(toHex(bytes))).toEqual(bytes)
        expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes)
        expect(toLatin1(bytes)).toHaveLength(bytes.length)
        expect(fromLatin1(toLatin1(bytes))).toEqual(bytes)
      }),
    )
  })

  test('of a view is that of the view, not of what is behind it', () => {
    const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    expect([toHex(view), toLatin1(view), toUtf8(view)]).toEqual(['0203', '\u0002\u0003', '\u0002\u0003'])
  })

  test.each(['0', 'xy', '0g', ' 00', '0x00', '00\n', 'é0'])('%j is not hexadecimal', (text) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ name: 'InputError', code: 'HEX' }))
  })

  test('in UTF-8 comes back as it went', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(toUtf8(fromUtf8(text))).toBe(text)
        expect(toUtf8(fromUtf8(text), { strict: true })).toBe(text)
      }),
    )
  })

  test('that is not UTF-8 is told apart when strict, and replaced otherwise', () => {
    for (const bytes of [Uint8Array.of(0xff), Uint8Array.of(0xc0, 0xaf), Uint8Array.of(0xed, 0xa0, 0x80)]) {
      expect(toUtf8(bytes, { strict: true })).toBeUndefined()
      expect(toUtf8(bytes)).toContain('\ufffd')
    }
  })

  test('keeps its byte order mark, so that two names that differ by one stay two', () => {
    const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)
    expect(toUtf8(marked)).toBe('\ufeffa')
    expect(toUtf8(marked, { strict: true })).toBe('\ufeffa')
  })
})

describe('joining bytes', () => {
  test('makes one new array of all of them', () => {
    fc.assert(
      fc.property(fc.array(any), (parts) => {
        expect(concatBytes(parts)).toEqual(Uint8Array.from(parts.flatMap((part) => [...part])))
      }),
    )
    const only = Uint8Array.of(1)
    expect(concatBytes([only])).not.toBe(only)
  })
})
