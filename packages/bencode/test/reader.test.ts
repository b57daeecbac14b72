import { expect, test } from '@jest/globals'
import { fromLatin1, toLatin1 } from '@torrential/primitives'
import { array, assert, bigInt, dictionary, integer, letrec, oneof, property, string, uint8Array } from 'fast-check'
import { BencodeReader, type BencodeValue, decode, encode, isBytes, isDict, isList } from '../src/index.ts'

const reader = (text: string) => new BencodeReader(fromLatin1(text))

const { value: anything } = letrec((tie) => ({
  value: oneof(
    { maxDepth: 4 },
    integer(),
    bigInt({ min: -(2n ** 66n), max: 2n ** 66n }).filter((n) => !Number.isSafeInteger(Number(n))),
    uint8Array({ maxLength: 70 }),
    string({ maxLength: 3 }),
    array(tie('value')),
    dictionary(string({ unit: 'binary-ascii' }), tie('value')),
  ),
}))

/** Walks beside a decoded value; strings of the reader are compared as bytes. */
function expectSame(at: BencodeReader, value: BencodeValue): void {
  if (isDict(value)) {
    expect(at.enterDict()).toBe(true)
    for (const [key, inner] of value) {
      expect(at.leave()).toBe(false)
      expect(at.text()).toBe(key)
      expectSame(at, inner)
    }
    expect(at.leave()).toBe(true)
  } else if (isList(value)) {
    expect(at.enterList()).toBe(true)
    for (const inner of value) expectSame(at, inner)
    expect(at.leave()).toBe(true)
  } else if (isBytes(value)) expect(at.text()).toBe(toLatin1(value))
  else expect(at.integer()).toBe(value)
}

test('gives what decode gives, value by value', () => {
  assert(
    property(anything, (value) => {
      const encoded = encode(value as never)
      expectSame(new BencodeReader(encoded), decode(encoded))
    }),
    { numRuns: 500, seed: 11 },
  )
})

const questions: Readonly<Record<string, (at: BencodeReader) => unknown>> = {
  text: (at) => at.text(),
  integer: (at) => at.integer(),
  texts: (at) => at.texts(),
  enterList: (at) => at.enterList() || undefined,
  enterDict: (at) => at.enterDict() || undefined,
  skip: (at) => at.skip(),
}

test.each([
  ['i-7e', ['text', 'texts', 'enterList', 'enterDict', 'skip']],
  ['3:abc', ['integer', 'texts', 'enterList', 'enterDict', 'skip']],
  ['0:', ['integer', 'texts', 'enterList', 'enterDict', 'skip']],
  ['li1eli2eee', ['text', 'integer', 'enterDict', 'skip']],
  ['d1:al1:bee', ['text', 'integer', 'texts', 'enterList', 'skip']],
])('%s is stepped over when it is asked for as what it is not', (value, names) => {
  for (const name of names) {
    const at = reader(`l${value}4:nexte`)
    expect(at.enterList()).toBe(true)
    expect([name, questions[name]?.(at), at.text(), at.leave()]).toEqual([name, undefined, 'next', true])
  }
})

test('stays at the end of a container, and of everything, whatever is asked for', () => {
  for (const [name, question] of Object.entries(questions)) {
    const at = reader('lle1:ae')
    at.enterList()
    at.enterList()
    expect([name, question(at), at.leave(), at.text(), at.leave()]).toEqual([name, undefined, true, 'a', true])
    expect([name, question(at), at.leave()]).toEqual([name, undefined, false])
  }
})

test('texts are the strings of a list, and undefined for anything else in it', () => {
  expect(reader('l1:ai5e1:\u00ffle0:e').texts()).toEqual(['a', undefined, '\u00ff', undefined, ''])
  expect(reader('le').texts()).toEqual([])
  for (const text of ['de', 'i1e', '1:a']) expect(reader(text).texts()).toBeUndefined()
})

test('strings that share a place among the remembered ones stay apart', () => {
  // The same length, first and last byte.
  const names = Array.from({ length: 200 }, (_, i) => `a${String(i).padStart(3, '0')}z`)
  const twice = [...names, ...names.toReversed(), 'a'.repeat(40), '']
  expect(new BencodeReader(encode(twice)).texts()).toEqual(twice)
  expect([...(decode(encode(new Map(names.map((name) => [name, 1])))) as Map<string, number>).keys()]).toEqual(names)
})
