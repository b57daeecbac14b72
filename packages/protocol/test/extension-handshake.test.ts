import { describe, expect, test } from '@jest/globals'
import { encode, raw } from '@torrential/bencode'
import { fromLatin1, PeerError, toLatin1 } from '@torrential/primitives'
import { decodeExtensionHandshake, encodeExtensionHandshake, type ExtensionHandshake } from '@torrential/protocol'

const full: ExtensionHandshake = {
  extensions: new Map([
    ['ut_metadata', 2],
    ['ut_pex', 1],
  ]),
  client: 'Torrential 0.1',
  listenPort: 6881,
  requestQueue: 2000,
  yourHost: '203.0.113.9',
  ipv4: '198.51.100.7',
  ipv6: '2001:db8::1',
  metadataLength: 31_235,
  uploadOnly: true,
}

function decodeFields(fields: Parameters<typeof encode>[0]): ExtensionHandshake {
  return decodeExtensionHandshake(encode(fields))
}

describe('the extension handshake', () => {
  test('has the keys of BEP 10', () => {
    const text = toLatin1(
      encodeExtensionHandshake({
        extensions: new Map([
          ['ut_pex', 1],
          ['ut_metadata', 2],
        ]),
        client: 'µT 1.2',
        listenPort: 6881,
        requestQueue: 250,
        yourHost: '1.2.3.4',
        metadataLength: 5,
        uploadOnly: false,
      }),
    )
    expect(text).toBe(
      'd1:md11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei5e1:pi6881e4:reqqi250e11:upload_onlyi0e1:v7:\u00c2\u00b5T 1.26:yourip4:\u0001\u0002\u0003\u0004e',
    )
  })

  test('comes back as it was', () => {
    expect(decodeExtensionHandshake(encodeExtensionHandshake(full))).toEqual(full)
    expect(decodeExtensionHandshake(encodeExtensionHandshake({ extensions: new Map() }))).toEqual({
      extensions: new Map(),
    })
  })

  test('a dictionary with nothing in it is a handshake, and keys out of order are forgiven', () => {
    expect(decodeExtensionHandshake(fromLatin1('de'))).toEqual({ extensions: new Map() })
    expect(decodeExtensionHandshake(fromLatin1('d1:pi1e1:md1:ai3eee'))).toEqual({
      extensions: new Map([['a', 3]]),
      listenPort: 1,
    })
  })

  test('fields out of range or of another type are absent', () => {
    expect(
      decodeFields({
        m: { a: 256, b: -1, c: 'x', d: 0, e: 255 },
        p: 0,
        reqq: 0,
        v: 7,
        yourip: 'abc',
        ipv4: new Uint8Array(16),
        ipv6: new Uint8Array(4),
        metadata_size: 16_777_217,
        upload_only: 'x',
      }),
    ).toEqual({
      extensions: new Map([
        ['d', 0],
        ['e', 255],
      ]),
    })
  })

  test('reads at most 50 extensions, and no name longer than 64 bytes', () => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`x${at}`, 1]))
    expect(decodeFields({ m: many }).extensions.size).toBe(50)
    expect(decodeFields({ m: { ['n'.repeat(65)]: 1 } }).extensions.size).toBe(0)
  })

  test('names such as __proto__ are names', () => {
    const { extensions } = decodeFields({ m: new Map([['__proto__', 9]]) })
    expect(extensions.get('__proto__')).toBe(9)
    expect(({} as Record<string, unknown>)['9']).toBeUndefined()
  })

  test('the name of a client is one short line that can be printed', () => {
    const client = (v: string | Uint8Array) => decodeFields({ v }).client
    expect(client('evil\u001b[31m\r\n\u0000\u202etxt.exe\u200b\u2028')).toBe('evil[31mtxt.exe')
    expect(client('x'.repeat(1000))).toHaveLength(64)
    expect(Array.from(client('🦊'.repeat(100)) as string)).toHaveLength(64)
    expect(client(Uint8Array.of(0xff, 0x41))).toBe('\ufffdA')
    expect(client('\u0000')).toBeUndefined()
  })

  test.each(['', 'i1e', 'le', 'd', 'd1:m', 'd-3:e', 'd1:a'.repeat(2000)])('%j ends the connection', (text) => {
    expect(() => decodeExtensionHandshake(fromLatin1(text))).toThrow(PeerError)
    expect(() => decodeExtensionHandshake(fromLatin1(text))).toThrow(
      expect.objectContaining({ code: 'EXTENSION_PAYLOAD' }),
    )
  })

  test('a payload with too many tokens ends the connection', () => {
    expect(() => decodeFields({ m: raw(fromLatin1(`l${'le'.repeat(20_000)}e`)) })).toThrow(
      expect.objectContaining({ code: 'EXTENSION_PAYLOAD' }),
    )
  })
})
