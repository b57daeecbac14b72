import { describe, expect, test } from '@jest/globals'
import { type BencodeValue, decode, decodeDict, decodeWithSpans } from '../src/index.ts'
import { bytes, codeOf, text } from './support.ts'

describe('decode', () => {
  test('gives integers as numbers while they are safe and as bigints beyond, exactly', () => {
    const read = (digits: string) => decode(bytes(`i${digits}e`))
    expect(read('0')).toBe(0)
    expect(read('-42')).toBe(-42)
    expect(read('9007199254740991')).toBe(9_007_199_254_740_991)
    expect(read('9007199254740992')).toBe(9_007_199_254_740_992n)
    expect(read('9007199254740993')).toBe(9_007_199_254_740_993n)
    expect(read('-9007199254740991')).toBe(-9_007_199_254_740_991)
    expect(read('-9007199254740993')).toBe(-9_007_199_254_740_993n)
    expect(read('18446744073709551615')).toBe(18_446_744_073_709_551_615n)
  })

  test('gives strings as plain views of the input, also of a Buffer', () => {
    const input = Buffer.from('__5:hello__').subarray(2, 9)
    const value = decode(input) as Uint8Array
    expect(value.constructor).toBe(Uint8Array)
    expect(value.buffer).toBe(input.buffer)
    expect(text(value)).toBe('hello')
  })

  test('keeps binary keys apart that a text decoder would merge', () => {
    const dict = decodeDict(bytes('d2:\xff\xfei1e4:fffei2ee'), { mode: 'lenient' })
    expect([...dict]).toEqual([
      ['\xff\xfe', 1],
      ['fffe', 2],
    ])
    expect(decodeDict(bytes('d3:\xef\xbb\xbfi1ee')).get('\xef\xbb\xbf')).toBe(1)
  })

  test('treats __proto__ and number-like keys as data in the order of the input', () => {
    const dict = decodeDict(bytes('d2:10i1e1:2i2e9:__proto__d3:abci3ee1:bi4ee'))
    expect([...dict.keys()]).toEqual(['10', '2', '__proto__', 'b'])
    expect(dict.get('__proto__')).toEqual(new Map([['abc', 3]]))
    expect(({} as { abc?: unknown }).abc).toBeUndefined()
  })

  test('nests lists and dictionaries', () => {
    const value = decode(bytes('ld1:ald1:bleeeei7ee'))
    const inner: BencodeValue = new Map([['b', []]])
    expect(value).toEqual([new Map([['a', [inner]]]), 7])
  })

  test('decodes a structure nested deeper than any call stack', () => {
    const levels = 200_000
    let value = decode(bytes('l'.repeat(levels) + 'e'.repeat(levels)), { maxDepth: levels })
    let depth = 0
    for (; Array.isArray(value); value = value[0] as BencodeValue) depth++
    expect(depth).toBe(levels)
  })

  test('decodes the first value only, where bytes may follow', () => {
    expect(decode(bytes('i1ei2e'), { allowTrailing: true })).toBe(1)
  })
})

describe('decodeDict', () => {
  test('refuses any other value', () => {
    expect(codeOf(() => decodeDict(bytes('le')))).toBe('BENCODE_NOT_DICT')
    expect(codeOf(() => decodeDict(bytes('l')))).toBe('BENCODE_TRUNCATED')
  })
})

describe('decodeWithSpans', () => {
  test('finds the info dictionary, and is not fooled by a comment that contains its key', () => {
    const input = 'd7:comment13:4:infod1:xe__4:infod1:ai1eee'
    const decoded = decodeWithSpans(bytes(input))
    expect(text(decoded.slice('info') as Uint8Array)).toBe('d1:ai1ee')
    expect(decoded.span('info')).toEqual({ start: input.length - 9, end: input.length - 1 })
  })

  test('follows a path and gives undefined where it leads nowhere', () => {
    const { slice, span } = decodeWithSpans(bytes('d1:ad1:bli1ed1:ci2eee1:c1:xee'))
    expect(text(slice('a', 'b') as Uint8Array)).toBe('li1ed1:ci2eee')
    expect(text(slice('a', 'c') as Uint8Array)).toBe('1:x')
    expect(slice('a', 'b', 'c')).toBeUndefined()
    expect(span('a', 'c', 'x')).toBeUndefined()
    expect(span('b')).toBeUndefined()
  })

  test('finds binary keys', () => {
    expect(text(decodeWithSpans(bytes('d2:\x00\xffi5ee')).slice('\x00\xff') as Uint8Array)).toBe('i5e')
  })

  test('tells where the value ends when raw bytes follow (BEP 9)', () => {
    const input = bytes('d8:msg_typei1e5:piecei0eeRAW')
    const { end, span } = decodeWithSpans(input, { allowTrailing: true })
    expect(text(input.subarray(end))).toBe('RAW')
    expect(span()).toEqual({ start: 0, end })
  })

  test('counts spans from the start of the view, not of its buffer', () => {
    const input = bytes('xxxd1:ai1eexx').subarray(3, 11)
    expect(decodeWithSpans(input).span('a')).toEqual({ start: 4, end: 7 })
  })
})
