import { describe, expect, test } from '@jest/globals'
import { decode, type Encodable, encode, raw } from '../src/index.ts'
import { bytes, codeOf, text } from './support.ts'

const encoded = (value: Encodable) => text(encode(value))
const refused = (value: unknown) => codeOf(() => encode(value as Encodable))

describe('encode', () => {
  test('writes every kind of value', () => {
    expect(encoded({ n: -5, zero: -0, text: 'é', bytes: Uint8Array.of(0, 255), list: ['a', ['b'], {}] })).toBe(
      'd5:bytes2:\x00\xff4:listl1:al1:bedee1:ni-5e4:text2:\xc3\xa94:zeroi0ee',
    )
  })

  test('writes integers of any size exactly', () => {
    expect(encoded(Number.MAX_SAFE_INTEGER)).toBe('i9007199254740991e')
    expect(encoded(18_446_744_073_709_551_615n)).toBe('i18446744073709551615e')
    expect(encoded({ a: [-(2n ** 63n)], b: 1n, c: 'x' })).toBe('d1:ali-9223372036854775808ee1:bi1e1:c1:xe')
  })

  test('orders keys by their bytes, binary and astral ones too', () => {
    const binary = new Map<string, Encodable>([
      ['\xff', 1],
      ['\x0a', 2],
      ['\x09', 3],
      ['a', 4],
    ])
    expect(encoded(binary)).toBe('d1:\x09i3e1:\x0ai2e1:ai4e1:\xffi1ee')
    // By UTF-16 the astral character would come first.
    expect(encoded({ '\u{1f600}': 1, '\uff5e': 2 })).toBe('d3:\xef\xbd\x9ei2e4:\xf0\x9f\x98\x80i1ee')
  })

  test('writes number-like keys and __proto__ like any other', () => {
    const map = new Map<string, Encodable>([
      ['__proto__', 1],
      ['2', 2],
      ['10', 3],
    ])
    expect(encoded(map)).toBe('d2:10i3e1:2i2e9:__proto__i1ee')
    expect(encoded(JSON.parse('{"__proto__":{"a":1}}') as Encodable)).toBe('d9:__proto__d1:ai1eee')
  })

  test('leaves out undefined entries of plain objects', () => {
    expect(encoded({ a: undefined, b: 1 })).toBe('d1:bi1ee')
    expect(encoded(Object.assign(Object.create(null) as Record<string, Encodable>, { a: 1 }))).toBe('d1:ai1ee')
  })

  test('embeds a fragment byte for byte, even one that is not canonical', () => {
    expect(encoded({ info: raw(bytes('d1:bi1e1:ai2ee')), a: [raw(bytes('1:x')), 2] })).toBe(
      'd1:al1:xi2ee4:infod1:bi1e1:ai2eee',
    )
    expect(encoded(raw(bytes('i1e')))).toBe('i1e')
  })

  test.each([true, false, null, undefined, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, () => 1, Symbol('x')])(
    'refuses %p alone and inside',
    (value) => {
      expect(refused(value)).toBe('BENCODE_VALUE')
      expect(refused([value])).toBe('BENCODE_VALUE')
      expect(refused(new Map([['a', value]]))).toBe('BENCODE_VALUE')
    },
  )

  test('refuses instances of classes, which would lose their meaning', () => {
    for (const value of [new Date(0), new Set([1]), new ArrayBuffer(1), /x/, new Error('x')]) {
      expect(refused({ a: value })).toBe('BENCODE_VALUE')
      expect(refused({ a: value, b: 1n })).toBe('BENCODE_VALUE')
    }
  })

  test('refuses holes in lists', () => {
    // oxlint-disable-next-line no-sparse-arrays
    expect(refused([1, , 2])).toBe('BENCODE_VALUE')
    // oxlint-disable-next-line no-sparse-arrays
    expect(refused([1n, , 2])).toBe('BENCODE_VALUE')
  })

  test('refuses a Map key that is no latin1, and two keys of the same bytes', () => {
    expect(refused(new Map([['ā', 1]]))).toBe('BENCODE_KEY')
    expect(refused(new Map([[5, 1]]))).toBe('BENCODE_KEY')
    expect(refused({ '\ud800': 1, '\ufffd': 2 })).toBe('BENCODE_KEY_DUPLICATE')
  })

  test('refuses a cycle instead of running out of stack', () => {
    const list: unknown[] = [1n]
    list.push(list)
    expect(refused(list)).toBe('BENCODE_DEPTH')
    const map = new Map<string, unknown>()
    map.set('a', map)
    expect(refused(map)).toBe('BENCODE_DEPTH')
  })

  test('encodes what decode gives', () => {
    const input = 'd1:ali1e2:\xff\xfed1:\x80leee1:bi9007199254740993ee'
    expect(encoded(decode(bytes(input)) as Encodable)).toBe(input)
  })
})
