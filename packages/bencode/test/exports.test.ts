import { expect, test } from '@jest/globals'
import * as bencode from '../src/index.ts'

test('exports exactly these names', () => {
  expect(Object.keys(bencode).sort()).toEqual([
    'BENCODE_LIMITS',
    'BencodeReader',
    'RawBencode',
    'bytesAt',
    'decode',
    'decodeDict',
    'decodeWithSpans',
    'dictAt',
    'encode',
    'integerAt',
    'isBytes',
    'isDict',
    'isList',
    'listAt',
    'raw',
    'textAt',
    'validate',
  ])
})
