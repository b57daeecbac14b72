import { describe, expect, test } from '@jest/globals'
import { fromLatin1, infoHashFrom, PeerError, peerIdFrom } from '@torrential/primitives'
import {
  decodeHandshake,
  decodeReserved,
  encodeHandshake,
  encodeReserved,
  type Handshake,
  HandshakeDecoder,
} from '@torrential/protocol'
import { bytesOf } from './messages.ts'

const handshake: Handshake = {
  infoHash: infoHashFrom(new Uint8Array(20).fill(0xaa)),
  peerId: peerIdFrom(fromLatin1('-TO0010-abcdefghijkl')),
  capabilities: { extensions: true, fast: true, dht: true, v2: true },
}
const hex = `13426974546f7272656e742070726f746f636f6c 0000000000100015 ${'aa'.repeat(20)} 2d544f303031302d6162636465666768696a6b6c`

describe('the handshake', () => {
  test('has the 68 bytes of BEP 3', () => {
    expect(encodeHandshake(handshake)).toEqual(bytesOf(hex))
    expect(decodeHandshake(bytesOf(hex))).toEqual({ ...handshake, reserved: bytesOf('0000000000100015') })
  })

  test.each([
    [{ extensions: true, fast: false, dht: false, v2: false }, '0000000000100000'],
    [{ extensions: false, fast: true, dht: false, v2: false }, '0000000000000004'],
    [{ extensions: false, fast: false, dht: true, v2: false }, '0000000000000001'],
    [{ extensions: false, fast: false, dht: false, v2: true }, '0000000000000010'],
  ])('capabilities %o are the bits %s', (capabilities, reserved) => {
    expect(encodeReserved(capabilities)).toEqual(bytesOf(reserved))
    expect(decodeReserved(bytesOf(reserved))).toEqual(capabilities)
  })

  test('keeps reserved bytes that are given', () => {
    const reserved = bytesOf('8000000000000001')
    expect(encodeHandshake({ ...handshake, reserved }).slice(20, 28)).toEqual(reserved)
    expect(() => encodeHandshake({ ...handshake, reserved: new Uint8Array(7) })).toThrow(
      expect.objectContaining({ code: 'HANDSHAKE_RESERVED' }),
    )
  })

  test('does not depend on how it is cut, and leaves what follows', () => {
    const bytes = bytesOf(`${hex} 00000001 00`)
    for (let cut = 0; cut <= 68; cut++) {
      const decoder = new HandshakeDecoder()
      expect(decoder.push(bytes.subarray(0, cut))).toBe(cut)
      expect(decoder.push(bytes.subarray(cut))).toBe(68 - cut)
      expect(decoder.handshake).toMatchObject(handshake)
    }
  })

  test('is a copy: the chunk may go', () => {
    const bytes = bytesOf(hex)
    const decoded = decodeHandshake(bytes)
    bytes.fill(0)
    expect(decoded).toMatchObject(handshake)
  })

  test.each(Array.from({ length: 20 }, (_, at) => at))('is refused at byte %i when that byte is wrong', (at) => {
    const bytes = bytesOf(hex)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    const decoder = new HandshakeDecoder()
    expect(decoder.push(bytes.subarray(0, at))).toBe(at)
    let error: unknown
    try {
      decoder.push(bytes.subarray(at, at + 1))
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(PeerError)
    expect(error).toMatchObject({ code: 'HANDSHAKE_PROTOCOL', data: { at } })
  })

  test('an HTTP request is refused at its first byte', () => {
    expect(() => new HandshakeDecoder().push(fromLatin1('G'))).toThrow(PeerError)
  })

  test.each([0, 67, 69])('%i bytes are not a handshake', (length) => {
    const bytes = new Uint8Array(length)
    bytes.set(bytesOf(hex).subarray(0, length))
    expect(() => decodeHandshake(bytes)).toThrow(expect.objectContaining({ code: 'HANDSHAKE_TRUNCATED' }))
  })
})
