import { describe, expect, test } from '@jest/globals'
import { concatBytes, fromLatin1, InputError, PeerError, parseAddress, toLatin1 } from '@torrential/primitives'
import {
  decodeDontHave,
  decodeHolepunch,
  decodeMetadataMessage,
  decodePexMessage,
  encodeDontHave,
  encodeHolepunch,
  encodeMetadataMessage,
  encodePexMessage,
  type HolepunchMessage,
  type PexPeer,
} from '@torrential/protocol'
import { bytesOf } from './messages.ts'

const bad = expect.objectContaining({ code: 'EXTENSION_PAYLOAD' })

describe('ut_metadata', () => {
  test('messages look as in BEP 9', () => {
    expect(toLatin1(encodeMetadataMessage({ type: 'request', piece: 0 }))).toBe('d8:msg_typei0e5:piecei0ee')
    expect(toLatin1(encodeMetadataMessage({ type: 'reject', piece: 0 }))).toBe('d8:msg_typei2e5:piecei0ee')
    expect(toLatin1(encodeMetadataMessage({ type: 'data', piece: 0, totalLength: 4, data: fromLatin1('xxxx') }))).toBe(
      'd8:msg_typei1e5:piecei0e10:total_sizei4eexxxx',
    )
  })

  test('data comes back as a view into the payload', () => {
    const data = new Uint8Array(100).fill(3)
    const payload = encodeMetadataMessage({ type: 'data', piece: 1, totalLength: 16_484, data })
    const decoded = decodeMetadataMessage(payload)
    expect(decoded).toEqual({ type: 'data', piece: 1, totalLength: 16_484, data })
    expect(decoded.type === 'data' && decoded.data.buffer).toBe(payload.buffer)
  })

  test('message types that nobody knows are told apart, not refused', () => {
    expect(decodeMetadataMessage(fromLatin1('d8:msg_typei9e5:piecei3ee'))).toEqual({
      type: 'unknown',
      messageType: 9,
      piece: 3,
    })
  })

  test.each([
    ['no piece', 'd8:msg_typei0ee'],
    ['a negative piece', 'd8:msg_typei0e5:piecei-1ee'],
    ['a piece beyond 16 MiB', 'd8:msg_typei0e5:piecei1024ee'],
    ['data without a length', 'd8:msg_typei1e5:piecei0eexxxx'],
    ['data that is too short', 'd8:msg_typei1e5:piecei0e10:total_sizei5eexxxx'],
    ['data that is too long', 'd8:msg_typei1e5:piecei0e10:total_sizei3eexxxx'],
    ['data behind the end', 'd8:msg_typei1e5:piecei1e10:total_sizei4eexxxx'],
    ['more than 16 MiB', 'd8:msg_typei1e5:piecei0e10:total_sizei16777217eexxxx'],
    ['no dictionary', 'i0e'],
  ])('refuses %s', (_what, text) => {
    expect(() => decodeMetadataMessage(fromLatin1(text))).toThrow(bad)
  })
})

describe('ut_pex', () => {
  const peer = (text: string, flags: Partial<PexPeer> = {}): PexPeer => ({
    address: parseAddress(text),
    prefersEncryption: false,
    uploadOnly: false,
    utp: false,
    holepunch: false,
    reachable: false,
    ...flags,
  })

  test('messages look as in BEP 11', () => {
    const payload = encodePexMessage({
      added: [peer('1.2.3.4:258', { uploadOnly: true, utp: true })],
      dropped: [parseAddress('5.6.7.8:1')],
    })
    expect(toLatin1(payload)).toBe(
      'd5:added6:\u0001\u0002\u0003\u0004\u0001\u00027:added.f1:\u00066:added60:8:added6.f0:7:dropped6:\u0005\u0006\u0007\u0008\u0000\u00018:dropped60:e',
    )
  })

  test('both families and every flag come back', () => {
    const message = {
      added: [
        peer('1.2.3.4:1', { prefersEncryption: true }),
        peer('1.2.3.5:2', { uploadOnly: true, reachable: true }),
        peer('[2001:db8::1]:3', { utp: true, holepunch: true }),
      ],
      dropped: [parseAddress('9.9.9.9:9'), parseAddress('[2001:db8::2]:4')],
    }
    expect(decodePexMessage(encodePexMessage(message))).toEqual(message)
  })

  test('an entry with port 0 is left out and does not shift the flags', () => {
    const { added } = decodePexMessage(
      concatBytes([
        fromLatin1('d5:added12:'),
        bytesOf('01020304 0000 05060708 0001'),
        fromLatin1('7:added.f2:'),
        bytesOf('0110'),
        fromLatin1('e'),
      ]),
    )
    expect(added).toEqual([peer('5.6.7.8:1', { reachable: true })])
  })

  test('at most 50 of each kind are read and sent', () => {
    const addresses = Array.from({ length: 80 }, (_, at) => parseAddress(`10.0.0.${at + 1}:1`))
    const added = addresses.map((address) => peer(`${address.host}:1`))
    const sent = decodePexMessage(encodePexMessage({ added, dropped: addresses }))
    expect(sent.added).toHaveLength(50)
    expect(sent.dropped).toHaveLength(50)
    const entries = bytesOf('0a000001 0001'.repeat(80))
    const read = decodePexMessage(concatBytes([fromLatin1('d5:added480:'), entries, fromLatin1('e')]))
    expect(read.added).toHaveLength(50)
  })

  test('missing keys are empty lists; broken ones end the connection', () => {
    expect(decodePexMessage(fromLatin1('de'))).toEqual({ added: [], dropped: [] })
    for (const text of ['d5:added5:abcdee', 'd6:added67:abcdefge', 'd7:dropped1:xe', '']) {
      expect(() => decodePexMessage(fromLatin1(text))).toThrow(bad)
    }
  })
})

describe('lt_donthave', () => {
  test('is four bytes', () => {
    expect(encodeDontHave(0x01020304)).toEqual(bytesOf('01020304'))
    expect(decodeDontHave(bytesOf('ffffffff'))).toBe(0xffffffff)
    for (const hex of ['', '010203', '0102030405']) expect(() => decodeDontHave(bytesOf(hex))).toThrow(bad)
    expect(() => encodeDontHave(-1)).toThrow(InputError)
  })
})

describe('ut_holepunch', () => {
  const v4 = parseAddress('1.2.3.4:6881')
  const v6 = parseAddress('[2001:db8::1]:1')

  test.each<[HolepunchMessage, string]>([
    [{ type: 'rendezvous', address: v4 }, '00 00 01020304 1ae1 00000000'],
    [{ type: 'connect', address: v6 }, '01 01 20010db8000000000000000000000001 0001 00000000'],
    [{ type: 'error', address: v4, error: 'no-such-peer' }, '02 00 01020304 1ae1 00000001'],
    [{ type: 'error', address: v4, error: 'not-connected' }, '02 00 01020304 1ae1 00000002'],
    [{ type: 'error', address: v4, error: 'no-support' }, '02 00 01020304 1ae1 00000003'],
    [{ type: 'error', address: v4, error: 'no-self' }, '02 00 01020304 1ae1 00000004'],
  ])('%o has the bytes of BEP 55', (message, hex) => {
    expect(encodeHolepunch(message)).toEqual(bytesOf(hex))
    expect(decodeHolepunch(bytesOf(hex))).toEqual(message)
  })

  test('the error code may be missing where there is no error', () => {
    expect(decodeHolepunch(bytesOf('01 00 01020304 1ae1'))).toEqual({ type: 'connect', address: v4 })
    expect(decodeHolepunch(bytesOf('02 00 01020304 1ae1 00000063'))).toEqual({
      type: 'error',
      address: v4,
      error: 'unknown',
    })
  })

  test.each(['', '00', '03 00 01020304 1ae1 00000000', '00 02 01020304 1ae1 00000000', '00 00 01020304 0000 00000000'])(
    'refuses %j',
    (hex) => {
      expect(() => decodeHolepunch(bytesOf(hex))).toThrow(PeerError)
    },
  )

  test.each(['02 00 01020304 1ae1', '00 00 01020304 1ae1 000000', '00 01 01020304 1ae1 00000000'])(
    'refuses the wrong length %j',
    (hex) => {
      expect(() => decodeHolepunch(bytesOf(hex))).toThrow(bad)
    },
  )
})
