import { describe, expect, test } from '@jest/globals'
import { bytesAt, decodeDict, dictAt, integerAt, isBytes, isDict, isList, listAt, textAt } from '../src/index.ts'
import { bytes } from './support.ts'

const dict = decodeDict(bytes('d3:bigi9007199254740993e1:dd1:xi1ee1:ii7e1:lli1ee1:s3:\xc3\xa9\xff1:t2:\xc3\xa9e'))

describe('the readers of dictionaries', () => {
  test('give the value when it is there and of the right type', () => {
    expect(integerAt(dict, 'i')).toBe(7)
    expect(bytesAt(dict, 't')).toEqual(bytes('\xc3\xa9'))
    expect(textAt(dict, 't')).toBe('é')
    expect(listAt(dict, 'l')).toEqual([1])
    expect(dictAt(dict, 'd')).toEqual(new Map([['x', 1]]))
  })

  test.each(['none', 'i', 'd', 'l', 's'])('give undefined for another type or no value at all (%s)', (key) => {
    const types = [integerAt, bytesAt, textAt, listAt, dictAt].map((read) => read(dict, key) !== undefined)
    expect(types.filter(Boolean)).toHaveLength(key === 'none' ? 0 : key === 's' ? 2 : 1)
  })

  test('hold integers to their range, both ends included, and to safe ones', () => {
    expect(integerAt(dict, 'i', { min: 7, max: 7 })).toBe(7)
    expect(integerAt(dict, 'i', { min: 8 })).toBeUndefined()
    expect(integerAt(dict, 'i', { max: 6 })).toBeUndefined()
    expect(integerAt(dict, 'big')).toBeUndefined()
  })

  test('hold strings to their length', () => {
    expect(bytesAt(dict, 's', { length: 3 })).toBeDefined()
    expect(bytesAt(dict, 's', { length: 2 })).toBeUndefined()
    expect(bytesAt(dict, 's', { max: 2 })).toBeUndefined()
    expect(textAt(dict, 's', { max: 2 })).toBeUndefined()
  })

  test('read text that is not UTF-8 with replacements, or not at all when strict', () => {
    expect(textAt(dict, 's')).toBe('é\ufffd')
    expect(textAt(dict, 's', { strict: true })).toBeUndefined()
    expect(textAt(dict, 't', { strict: true })).toBe('é')
  })

  test('take __proto__ for an absent key', () => {
    expect(dictAt(dict, '__proto__')).toBeUndefined()
    expect(dictAt(dict, 'constructor')).toBeUndefined()
  })
})

describe('the guards of values', () => {
  test('tell dictionaries, lists and strings apart', () => {
    const guards = [isDict, isList, isBytes]
    const kinds = ['d', 'l', 's', 'i', 'none'].map((key) => guards.map((guard) => guard(dict.get(key))))
    expect(kinds).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
      [false, false, false],
      [false, false, false],
    ])
  })
})
