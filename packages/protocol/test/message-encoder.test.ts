import { describe, expect, test } from '@jest/globals'
import { InputError } from '@torrential/primitives'
import {
  encodedLength,
  encodeHaves,
  encodeHead,
  encodeMessage,
  encodePieceHead,
  headLength,
  MAX_HEAD_LENGTH,
  type Message,
  MESSAGE_IDS,
  PIECE_HEAD_LENGTH,
  tailOf,
} from '@torrential/protocol'
import { bytesOf, VECTORS } from './messages.ts'

describe('encoding messages', () => {
  test.each(VECTORS)('writes %o as the specification says', (message, hex) => {
    expect(encodeMessage(message)).toEqual(bytesOf(hex))
    expect(encodedLength(message)).toBe(bytesOf(hex).length)
    expect(headLength(message)).toBeLessThanOrEqual(MAX_HEAD_LENGTH)
  })

  test('knows a vector for every type of message', () => {
    const types = new Set(VECTORS.map(([message]) => message.type))
    for (const type of Object.keys(MESSAGE_IDS)) expect(types).toContain(type)
  })

  test('writes a head anywhere into the caller’s buffer and touches nothing around it', () => {
    const into = new Uint8Array(40).fill(0xee)
    const length = encodeHead({ type: 'request', piece: 1, offset: 2, length: 3 }, into, 7)
    expect(length).toBe(17)
    expect(into.subarray(7, 24)).toEqual(bytesOf('0000000d 06 00000001 00000002 00000003'))
    expect(into.subarray(0, 7)).toEqual(new Uint8Array(7).fill(0xee))
    expect(into.subarray(24)).toEqual(new Uint8Array(16).fill(0xee))
  })

  test('never copies a block: the head has 13 bytes and the tail is the block itself', () => {
    const block = new Uint8Array(16_384).fill(5)
    const message: Message = { type: 'piece', piece: 1, offset: 0, block }
    const head = new Uint8Array(PIECE_HEAD_LENGTH)
    expect(encodeHead(message, head)).toBe(13)
    expect(head).toEqual(bytesOf('00004009 07 00000001 00000000'))
    expect(tailOf(message)).toBe(block)
  })

  test('writes a have for each of many pieces', () => {
    const pieces = [0, 255, 65_536, 0xffff_ffff]
    const single = pieces.map((piece) => encodeMessage({ type: 'have', piece }))
    expect(encodeHaves(pieces)).toEqual(new Uint8Array(Buffer.concat(single)))
    expect(encodeHaves([])).toHaveLength(0)
  })

  test('writes the head of a block that is not here yet', () => {
    const into = new Uint8Array(PIECE_HEAD_LENGTH + 2)
    encodePieceHead(into, 1, 70_000, 32_768, 16_384)
    const head = new Uint8Array(PIECE_HEAD_LENGTH)
    encodeHead({ type: 'piece', piece: 70_000, offset: 32_768, block: new Uint8Array(16_384) }, head)
    expect(into).toEqual(Uint8Array.of(0, ...head, 0))
  })

  test.each<[string, Message]>([
    ['a negative piece', { type: 'have', piece: -1 }],
    ['a fraction', { type: 'request', piece: 0, offset: 0.5, length: 1 }],
    ['a number above 32 bits', { type: 'cancel', piece: 0, offset: 0, length: 2 ** 32 }],
    ['NaN', { type: 'piece', piece: Number.NaN, offset: 0, block: new Uint8Array(1) }],
    ['a port above 65,535', { type: 'port', port: 65_536 }],
    ['an extension id above 255', { type: 'extended', id: 256, payload: new Uint8Array(1) }],
    ['an unknown message with a known id', { type: 'unknown', id: 7, payload: new Uint8Array(1) }],
    [
      'a root of the wrong length',
      { type: 'hash-reject', piecesRoot: new Uint8Array(31), baseLayer: 0, index: 0, length: 2, proofLayers: 0 },
    ],
    ['a type that does not exist', { type: 'hello' } as unknown as Message],
  ])('refuses %s', (_what, message) => {
    expect(() => encodeMessage(message)).toThrow(InputError)
    expect(() => encodeMessage(message)).toThrow(expect.objectContaining({ code: 'MESSAGE_FIELD' }))
  })
})
