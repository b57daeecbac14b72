import type { PeerAddress } from '@torrential/primitives'
import {
  compareAddresses,
  decodeCompact,
  encodeCompact,
  formatAddress,
  parseAddress,
  peerAddress,
} from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

const code = (of: string) => expect.objectContaining({ name: 'InputError', code: of })
const port = fc.integer({ min: 1, max: 65_535 })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

/** Any address that both families can hold; those mapped into IPv6 come out as IPv4. */
const address = fc
  .tuple(fc.constantFrom(4, 6), bytes(16), port)
  .map(([family, host, number]) =>
    family === 4
      ? peerAddress([...host.subarray(0, 4)].join('.'), number)
      : peerAddress([...new Uint16Array(host.buffer)].map((word) => word.toString(16)).join(':'), number),
  )

describe('an address', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4', 4],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', 6],
    ['2001:0db8::0001', '2001:db8::1', 6],
    ['::', '::', 6],
    ['::1', '::1', 6],
    ['fe80::1%eth0', 'fe80::1%eth0', 6],
    ['::ffff:1.2.3.4', '1.2.3.4', 4],
    ['::ffff:0102:0304', '1.2.3.4', 4],
    ['0:0:0:0:0:FFFF:102:304', '1.2.3.4', 4],
  ])('%s is %s of family %d', (text, host, family) => {
    expect(peerAddress(text, 6881)).toEqual({ host, port: 6881, family })
  })

  test.each([
    'localhost',
    'example.com',
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '[::1]',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '::ffff:300.1.1.1',
    '__proto__',
    ':'.repeat(100_000),
  ])('%j is no host', (host) => {
    expect(() => peerAddress(host, 1)).toThrow(code('ADDRESS_HOST'))
  })

  test('a host that is not even text is refused', () => {
    const others: unknown[] = [undefined, null, 1, {}]
    for (const host of others) {
      expect(() => peerAddress(host as string, 1)).toThrow(code('ADDRESS_HOST'))
    }
  })

  test.each([-1, 65_536, 1.5, Number.NaN, '80' as unknown as number])('%p is no port', (number) => {
    expect(() => peerAddress('1.2.3.4', number)).toThrow(code('ADDRESS_PORT'))
  })

  test('is written and read back the same', () => {
    fc.assert(
      fc.property(address, (one) => {
        expect(parseAddress(formatAddress(one))).toEqual(one)
      }),
    )
  })

  test.each([
    '1.2.3.4',
    '1.2.3.4:',
    ':80',
    '::1:80',
    '[::1]',
    '[1.2.3.4:80',
    'host:80',
    '1.2.3.4:123456',
    '1.2.3.4:-1',
  ])('%j is not HOST:PORT', (text) => {
    expect(() => parseAddress(text)).toThrow(code('ADDRESS_FORMAT'))
  })

  test('with an impossible host or port behind a good form is refused', () => {
    expect(() => parseAddress('1.2.3:80')).toThrow(code('ADDRESS_HOST'))
    expect(() => parseAddress('1.2.3.4:65536')).toThrow(code('ADDRESS_PORT'))
  })
})

describe('the order of addresses', () => {
  test('is by family, then by bytes and not by text, then by port', () => {
    const sorted = ['9.0.0.1:5', '10.0.0.1:4', '10.0.0.1:70', '[9::]:1', '[10::]:1', '[10::]:2'].map(parseAddress)
    expect([...sorted].reverse().sort(compareAddresses)).toEqual(sorted)
  })

  test('is total: equal only to itself, and reversed when swapped', () => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        expect(Math.sign(compareAddresses(a, b))).toBe(0 - Math.sign(compareAddresses(b, a)))
        expect(compareAddresses(a, b) === 0).toBe(formatAddress(a) === formatAddress(b))
      }),
    )
  })

  test('tells one address in two zones apart', () => {
    const [a, b] = [peerAddress('fe80::1%eth0', 1), peerAddress('fe80::1%eth1', 1)]
    expect([compareAddresses(a, b), compareAddresses(b, a), compareAddresses(a, a)]).toEqual([-1, 1, 0])
  })
})

describe('compact peers', () => {
  test('come back as they went', () => {
    fc.assert(
      fc.property(fc.array(address), (addresses) => {
        for (const family of [4, 6] as const) {
          const own = addresses.filter((one) => one.family === family)
          const compact = encodeCompact(own)
          expect(compact).toHaveLength(own.length * (family === 4 ? 6 : 18))
          expect(decodeCompact(compact, family)).toEqual(own)
        }
      }),
    )
  })

  test('of any bytes are canonical addresses that peerAddress makes too', () => {
    fc.assert(
      fc.property(fc.array(bytes(18), { maxLength: 5 }), (parts) => {
        for (const { host, port: number, family } of decodeCompact(new Uint8Array(parts.flatMap((p) => [...p])), 6)) {
          expect(peerAddress(host, number)).toEqual({ host, port: number, family })
        }
      }),
    )
  })

  test('have the port in network order', () => {
    expect([...encodeCompact([parseAddress('1.2.3.4:6881')])]).toEqual([1, 2, 3, 4, 0x1a, 0xe1])
  })

  test('with port 0 are left out', () => {
    const compact = Uint8Array.of(1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 1)
    expect(decodeCompact(compact, 4)).toEqual([parseAddress('5.6.7.8:1')])
  })

  test('that are IPv4 in IPv6 clothes are IPv4', () => {
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4, 0x1a, 0xe1)
    expect(decodeCompact(mapped, 6)).toEqual([parseAddress('1.2.3.4:6881')])
  })

  test.each([1, 5, 7, 17, 19])('%d bytes are no whole number of entries', (length) => {
    expect(() => decodeCompact(new Uint8Array(length), 4)).toThrow(code('COMPACT_LENGTH'))
    expect(() => decodeCompact(new Uint8Array(length), 6)).toThrow(code('COMPACT_LENGTH'))
  })

  test('of an address that is no address are refused', () => {
    const forged = { host: 'example.com', port: 1, family: 4 } as PeerAddress
    expect(() => encodeCompact([forged])).toThrow(code('ADDRESS_HOST'))
    expect(() => compareAddresses(forged, parseAddress('1.2.3.4:1'))).toThrow(code('ADDRESS_HOST'))
  })
})
