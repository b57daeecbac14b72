import { describe, expect, jest, test } from '@jest/globals'
import { InputError, PeerError } from '@torrential/primitives'
import { encodeMessage, type Message, MESSAGE_IDS, MessageDecoder, type MessageLimits } from '@torrential/protocol'
import { bytesOf, plain, streamOfAll, VECTORS } from './messages.ts'

const all = VECTORS.map(([message]) => message)

function header(id: number, length: number): Uint8Array {
  const bytes = new Uint8Array(5)
  new DataView(bytes.buffer).setUint32(0, length)
  bytes[4] = id
  return bytes
}

function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(PeerError)
    return (error as PeerError).code
  }
  return 'none'
}

describe('decoding messages', () => {
  test.each(VECTORS)('reads %o from the bytes of the specification', (message, hex) => {
    const decoder = new MessageDecoder()
    expect(plain(decoder.push(bytesOf(hex)))).toEqual(plain([message]))
    expect(decoder.pending).toBe(0)
  })

  test('gives the same messages wherever the stream is cut in two', () => {
    const stream = streamOfAll()
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = new MessageDecoder()
      const messages = [...decoder.push(stream.subarray(0, cut)), ...decoder.push(stream.subarray(cut))]
      expect(plain(messages)).toEqual(plain(all))
      expect(decoder.pending).toBe(0)
    }
  })

  test.each([1, 2, 3, 5, 7, 64])('gives the same messages in chunks of %i bytes', (size) => {
    const stream = streamOfAll()
    const decoder = new MessageDecoder()
    const messages: Message[] = []
    for (let at = 0; at < stream.length; at += size) messages.push(...decoder.push(stream.subarray(at, at + size)))
    expect(plain(messages)).toEqual(plain(all))
    expect(() => decoder.end()).not.toThrow()
  })

  test('a block that lies whole in the chunk is a view into it', () => {
    const chunk = encodeMessage({ type: 'piece', piece: 0, offset: 0, block: new Uint8Array(16_384) })
    const [message] = new MessageDecoder().push(chunk)
    expect(message?.type === 'piece' && message.block.buffer).toBe(chunk.buffer)
  })

  test('a block that straddles chunks is assembled once, in an array of its own', () => {
    const block = new Uint8Array(16_384).map((_, at) => at)
    const bytes = encodeMessage({ type: 'piece', piece: 0, offset: 0, block })
    const decoder = new MessageDecoder()
    expect(decoder.push(bytes.subarray(0, 9000))).toEqual([])
    const messages = decoder.push(bytes.subarray(9000))
    const [message] = messages
    expect(plain(messages)).toEqual(plain([{ type: 'piece', piece: 0, offset: 0, block }]))
    // 8 bytes of numbers in front of the block: exactly the body, nothing grown.
    expect(message?.type === 'piece' && message.block.buffer.byteLength).toBe(16_384 + 8)
  })

  test('the chunk may be a view into something larger', () => {
    const backing = new Uint8Array(100).fill(9)
    backing.set(bytesOf('00000005 04 00000007'), 50)
    expect(new MessageDecoder().push(backing.subarray(50, 59))).toEqual([{ type: 'have', piece: 7 }])
  })
})

describe('lengths are checked at the fifth byte', () => {
  const exact: readonly [keyof typeof MESSAGE_IDS, number][] = [
    ['choke', 1],
    ['unchoke', 1],
    ['interested', 1],
    ['not-interested', 1],
    ['have-all', 1],
    ['have-none', 1],
    ['have', 5],
    ['suggest', 5],
    ['allowed-fast', 5],
    ['request', 13],
    ['cancel', 13],
    ['reject', 13],
    ['port', 3],
    ['hash-request', 49],
    ['hash-reject', 49],
  ]
  test.each(exact)('%s has exactly length %i', (name, length) => {
    const id = MESSAGE_IDS[name]
    for (const wrong of [length - 1, length + 1, length + 16_384, 2 ** 31 - 1, 2 ** 32 - 1]) {
      if (wrong === 0) continue
      expect(codeOf(() => new MessageDecoder().push(header(id, wrong)))).toBe('MESSAGE_LENGTH')
    }
    expect(codeOf(() => new MessageDecoder().push(header(id, length)))).toBe('none')
  })

  const ranges: readonly [keyof typeof MESSAGE_IDS, MessageLimits, number, number][] = [
    ['piece', {}, 9, 9 + 16_384],
    ['piece', { blockLength: 131_072 }, 9, 9 + 131_072],
    ['extended', {}, 2, 1_048_576],
    ['bitfield', {}, 1, 1 + 262_144],
    ['hashes', {}, 49, 49 + 32 * (8192 + 64)],
  ]
  test.each(ranges)('%s with limits %o is between %i and %i', (name, limits, least, most) => {
    const id = MESSAGE_IDS[name]
    for (const wrong of [least - 1, most + 1, 2 ** 32 - 1]) {
      if (wrong === 0) continue
      expect(codeOf(() => new MessageDecoder(limits).push(header(id, wrong)))).toBe('MESSAGE_LENGTH')
    }
    for (const right of [least, most])
      expect(codeOf(() => new MessageDecoder(limits).push(header(id, right)))).toBe('none')
  })

  test('hashes are a whole number of hashes', () => {
    expect(codeOf(() => new MessageDecoder().push(header(MESSAGE_IDS.hashes, 49 + 33)))).toBe('MESSAGE_LENGTH')
  })

  test('hashes are as many as length and proof layers say', () => {
    const piecesRoot = new Uint8Array(32)
    const fields = { type: 'hashes', piecesRoot, baseLayer: 0, index: 0 } as const
    // length, proof layers, hashes: uncles of layers that follow from the hashes themselves are left out (BEP 52).
    for (const [length, proofLayers, count] of [
      [2, 0, 2],
      [2, 3, 5],
      [8, 2, 8],
      [8, 5, 11],
      [512, 10, 514],
    ] as const) {
      const right = encodeMessage({ ...fields, length, proofLayers, hashes: new Uint8Array(32 * count) })
      expect(codeOf(() => new MessageDecoder().push(right))).toBe('none')
      const wrong = encodeMessage({ ...fields, length, proofLayers, hashes: new Uint8Array(32 * (count + 1)) })
      expect(codeOf(() => new MessageDecoder().push(wrong))).toBe('MESSAGE_VALUE')
    }
    for (const [length, proofLayers] of [
      [0, 0],
      [1, 0],
      [3, 0],
      [16_384, 0],
      [2, 65],
    ] as const) {
      const wrong = encodeMessage({ ...fields, length, proofLayers, hashes: new Uint8Array(64) })
      expect(codeOf(() => new MessageDecoder().push(wrong))).toBe('MESSAGE_VALUE')
    }
  })

  test('a bitfield is exact once the number of pieces is known', () => {
    const decoder = () => {
      const made = new MessageDecoder()
      made.pieceCount = 17
      return made
    }
    expect(decoder().push(bytesOf('00000004 05 000000'))).toHaveLength(1)
    expect(codeOf(() => decoder().push(header(5, 3)))).toBe('MESSAGE_LENGTH')
    expect(codeOf(() => decoder().push(header(5, 5)))).toBe('MESSAGE_LENGTH')
  })

  test('an unknown message is given on, and ends the stream above its limit', () => {
    expect(new MessageDecoder().push(bytesOf('00000001 63'))).toEqual([
      { type: 'unknown', id: 0x63, payload: new Uint8Array(0) },
    ])
    expect(codeOf(() => new MessageDecoder().push(header(0x63, 1_048_577)))).toBe('MESSAGE_LENGTH')
  })
})

describe('a broken stream', () => {
  test('gives the messages in front of the fault first, and stays dead', () => {
    const decoder = new MessageDecoder()
    expect(decoder.push(bytesOf('00000001 00  00000002 00ff'))).toEqual([{ type: 'choke' }])
    expect(decoder.failure).toMatchObject({ code: 'MESSAGE_LENGTH', data: { id: 0, length: 2 } })
    expect(() => decoder.push(bytesOf('00000001 00'))).toThrow(decoder.failure)
    expect(() => decoder.end()).toThrow(decoder.failure)
    expect(decoder.push.bind(decoder, new Uint8Array(0))).toThrow(PeerError)
  })

  test('ends in the middle of a message', () => {
    const decoder = new MessageDecoder()
    decoder.push(bytesOf('00000005 04 0000'))
    expect(codeOf(() => decoder.end())).toBe('MESSAGE_TRUNCATED')
    expect(decoder.failure?.code).toBe('MESSAGE_TRUNCATED')
  })

  test('options out of range are the caller’s fault', () => {
    expect(() => new MessageDecoder({ blockLength: 131_073 })).toThrow(InputError)
    expect(() => new MessageDecoder({ extendedLength: 0 })).toThrow(InputError)
    expect(() => {
      new MessageDecoder().pieceCount = 0
    }).toThrow(InputError)
  })
})

describe('cost', () => {
  test('a claimed length allocates nothing before bytes come', () => {
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 200 }, () => {
      const decoder = new MessageDecoder()
      decoder.push(header(MESSAGE_IDS.extended, 1_048_576))
      return decoder
    })
    // 200 peers that claim 200 MiB hold one block each.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 20_000)
    expect(decoders.every((decoder) => decoder.pending === 5)).toBe(true)
  })

  test('a long message that comes byte by byte is assembled without copying it again and again', () => {
    const payload = new Uint8Array(200_000).map((_, at) => at * 7)
    const bytes = encodeMessage({ type: 'extended', id: 1, payload })
    const decoder = new MessageDecoder()
    // `set` is the only way bytes move: with doubling, none moves more than about twice.
    const set = jest.spyOn(Uint8Array.prototype, 'set')
    const messages: Message[] = []
    for (let at = 0; at < bytes.length; at++) messages.push(...decoder.push(bytes.subarray(at, at + 1)))
    const copied = set.mock.calls.reduce((sum, [source]) => sum + source.length, 0)
    set.mockRestore()
    expect(plain(messages)).toEqual(plain([{ type: 'extended', id: 1, payload }]))
    expect(copied).toBeLessThan(3 * bytes.length)
  })
})
