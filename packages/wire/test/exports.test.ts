import { expect, test } from '@jest/globals'
import * as wire from '@torrential/wire'

test('exports exactly these names', () => {
  expect(Object.keys(wire).sort()).toEqual(['WIRE_DEFAULTS', 'Wire', 'connectWire', 'wireDuplex'])
})
