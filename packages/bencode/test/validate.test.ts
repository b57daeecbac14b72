import { describe, expect, test } from '@jest/globals'
import { validate } from '../src/index.ts'
import { bytes, codeOf } from './support.ts'

const strict = (text: string) => codeOf(() => validate(bytes(text)))
const lenient = (text: string) => codeOf(() => validate(bytes(text), { mode: 'lenient' }))

describe('validate', () => {
  test.each(['i0e', 'i-1e', 'i18446744073709551615e', '0:', '3:abc', 'le', 'de', 'd0:0:e', 'd1:ai1e2:aai2e1:bi3ee'])(
    'accepts %s and says where it ends',
    (text) => {
      expect(validate(bytes(text))).toBe(text.length)
      expect(validate(bytes(`${text}i5e`), { allowTrailing: true })).toBe(text.length)
    },
  )

  test.each([
    ['', 'BENCODE_TRUNCATED'],
    ['i', 'BENCODE_TRUNCATED'],
    ['i12', 'BENCODE_TRUNCATED'],
    ['3:ab', 'BENCODE_TRUNCATED'],
    ['12', 'BENCODE_TRUNCATED'],
    ['l', 'BENCODE_TRUNCATED'],
    ['d1:a', 'BENCODE_TRUNCATED'],
    ['999999999999999:a', 'BENCODE_TRUNCATED'],
    ['9999999999999999:a', 'BENCODE_STRING'],
    ['99999999999999999999:abc', 'BENCODE_STRING'],
    ['03:abc', 'BENCODE_STRING'],
    ['00:', 'BENCODE_STRING'],
    ['3.9:abc', 'BENCODE_STRING'],
    ['+3:abc', 'BENCODE_SYNTAX'],
    [':abc', 'BENCODE_SYNTAX'],
    ['-3:e', 'BENCODE_SYNTAX'],
    ['e', 'BENCODE_SYNTAX'],
    ['x', 'BENCODE_SYNTAX'],
    ['ie', 'BENCODE_INTEGER'],
    ['i-e', 'BENCODE_INTEGER'],
    ['i-0e', 'BENCODE_INTEGER'],
    ['i007e', 'BENCODE_INTEGER'],
    ['i-07e', 'BENCODE_INTEGER'],
    ['i+5e', 'BENCODE_INTEGER'],
    ['i1.9e', 'BENCODE_INTEGER'],
    ['i--1e', 'BENCODE_INTEGER'],
    ['i1 e', 'BENCODE_INTEGER'],
    [`i${'9'.repeat(21)}e`, 'BENCODE_INTEGER'],
    [`i${'9'.repeat(400)}e`, 'BENCODE_INTEGER'],
    ['di1ei2ee', 'BENCODE_KEY'],
    ['dlelee', 'BENCODE_KEY'],
    ['d1:ae', 'BENCODE_SYNTAX'],
    ['i1eXYZ', 'BENCODE_TRAILING'],
    ['lee', 'BENCODE_TRAILING'],
  ])('refuses %s with %s in both modes', (text, code) => {
    expect([strict(text), lenient(text)]).toEqual([code, code])
  })

  test('refuses at once the five bytes that hang or kill an unguarded decoder', () => {
    expect([strict('l-3:e'), lenient('l-3:e')]).toEqual(['BENCODE_SYNTAX', 'BENCODE_SYNTAX'])
    expect([strict('d-3:e'), lenient('d-3:e')]).toEqual(['BENCODE_KEY', 'BENCODE_KEY'])
    expect(strict('d1:al-3:ee')).toBe('BENCODE_SYNTAX')
  })

  test('names the byte at which the input is wrong', () => {
    expect(() => validate(bytes('d1:ai1e1:bi02ee'))).toThrow(expect.objectContaining({ data: { offset: 10 } }))
  })

  test('refuses keys out of order only in strict mode', () => {
    expect([strict('d1:bi1e1:ai2ee'), lenient('d1:bi1e1:ai2ee')]).toEqual(['BENCODE_KEY_ORDER', 'nothing'])
    expect([strict('d2:aai1e1:ai2ee'), lenient('d2:aai1e1:ai2ee')]).toEqual(['BENCODE_KEY_ORDER', 'nothing'])
  })

  test('compares keys as unsigned bytes', () => {
    expect(strict('d1:\x7fi1e1:\x80i2ee')).toBe('nothing')
    expect(strict('d1:\xffi1e1:\x01i2ee')).toBe('BENCODE_KEY_ORDER')
  })

  test.each([
    'd1:ai1e1:ai2ee',
    'd1:bi1e1:ai2e1:bi3ee',
    'd1:ai1e1:ci2e1:bi3e1:ai4ee',
    'd1:cd1:ai1ee1:ai2e1:ci3ee',
    'd1:ci0e1:bi0e1:ai0e1:bi0ee',
  ])('refuses the duplicate key in %s even in lenient mode', (text) => {
    expect(lenient(text)).toBe('BENCODE_KEY_DUPLICATE')
  })

  test('keeps the keys of nested dictionaries apart', () => {
    expect(lenient('d1:bd1:bi1e1:ad1:bleee1:ad1:bi1eee')).toBe('nothing')
  })

  test('finds a duplicate among a hundred thousand unordered keys in linear time', () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `6:${String(999_999 - i)}le`).join('')
    expect(lenient(`d${keys}e`)).toBe('nothing')
    expect(lenient(`d${keys}6:999999lee`)).toBe('BENCODE_KEY_DUPLICATE')
  })

  test('counts levels: a depth bomb of a million lists is refused without recursion', () => {
    const nested = (levels: number) => bytes('l'.repeat(levels) + 'e'.repeat(levels))
    expect(codeOf(() => validate(nested(100)))).toBe('nothing')
    expect(codeOf(() => validate(nested(101)))).toBe('BENCODE_DEPTH')
    expect(strict('l'.repeat(1_000_000))).toBe('BENCODE_DEPTH')
    expect(strict('d1:a'.repeat(200))).toBe('BENCODE_DEPTH')
    expect(validate(nested(200_000), { maxDepth: 200_000 })).toBe(400_000)
  })

  test('counts keys and values as tokens', () => {
    expect(codeOf(() => validate(bytes('d1:ai1ee'), { maxTokens: 3 }))).toBe('nothing')
    expect(codeOf(() => validate(bytes('d1:ai1ee'), { maxTokens: 2 }))).toBe('BENCODE_TOKENS')
    expect(codeOf(() => validate(bytes(`l${'le'.repeat(50)}e`), { maxTokens: 50 }))).toBe('BENCODE_TOKENS')
  })

  test('refuses input above maxLength before reading it', () => {
    expect(codeOf(() => validate(bytes('xxxx'), { maxLength: 3 }))).toBe('BENCODE_LENGTH')
    expect(codeOf(() => validate(bytes('1:a'), { maxLength: 3 }))).toBe('nothing')
  })

  test('refuses what is no Uint8Array', () => {
    expect(codeOf(() => validate('i1e' as unknown as Uint8Array))).toBe('BENCODE_INPUT')
    expect(codeOf(() => validate(undefined as unknown as Uint8Array))).toBe('BENCODE_INPUT')
  })
})
