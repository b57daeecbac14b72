import * as contracts from '@torrential/contracts'
import * as compliance from '@torrential/contracts/compliance'
import { expect, test } from '@jest/globals'

test('the package itself is types only', () => {
  expect(Object.keys(contracts)).toEqual([])
})

test('the compliance entry exports exactly these names', () => {
  expect(Object.keys(compliance).sort()).toEqual(['peerSourceCompliance', 'storageCompliance', 'transportCompliance'])
})
