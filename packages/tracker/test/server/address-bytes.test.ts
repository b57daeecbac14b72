import { expect, test } from '@jest/globals'
import { addressBytes } from '../../src/server/address-bytes.ts'

test.each([
  ['127.0.0.1', '7f000001'],
  ['255.255.255.255', 'ffffffff'],
  ['0.0.0.0', '00000000'],
  ['::ffff:1.2.3.4', '01020304'],
  ['::1', '00000000000000000000000000000001'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
])('reads %s', (host, hex) => {
  expect(Buffer.from(addressBytes(host)!).toString('hex')).toBe(hex)
})

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1..2.3',
  '1.2.3.',
  'a.b.c.d',
  'example.org',
  '::g',
  '-1.2.3.4',
])('does not take %j for an address', (host) => {
  expect(addressBytes(host)).toBeUndefined()
})
