// Hostile bytes: mutants of good ones, and messages of every kind cut at random. Only a PeerError may come out, at once, and
// what comes out must not depend on the cuts.

import { describe, expect, test } from '@jest/globals'
import { parseAddress, PeerError, SeededRandom } from '@torrential/primitives'
import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeHandshake,
  decodeHolepunch,
  decodeMetadataMessage,
  decodePexMessage,
  encodeDontHave,
  encodedLength,
  encodeExtensionHandshake,
  encodeHandshake,
  encodeHolepunch,
  encodeMessage,
  encodeMetadataMessage,
  encodePexMessage,
  type Message,
  MessageDecoder,
} from '@torrential/protocol'
import * as fc from 'fast-check'
import { plain, streamOfAll } from './messages.ts'

const MUTANTS = 6000
const EDGES = Uint8Array.of(0x00, 0xff, 0x7f, 0x80, 0x2d, 0x39)

function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let mutant = bytes.slice()
  const pick = (below: number) => Math.floor(random.next() * below)
  for (let edits = 1 + pick(3); edits > 0; edits--) {
    const at = pick(mutant.length)
    switch (pick(5)) {
      case 0:
        mutant[at] = pick(256)
        break
      case 1:
        mutant[at] = (mutant[at] ?? 0) ^ (1 << pick(8))
        break
      case 2:
        mutant = mutant.slice(0, at)
        break
      case 3:
        mutant = Uint8Array.from([...mutant.subarray(0, at), ...random.bytes(pick(8)), ...mutant.subarray(at)])
        break
      default:
        mutant[at] = EDGES[pick(EDGES.length)] ?? 0
    }
  }
  return mutant
}

/** What decoding gives: a value, or the code of the PeerError. Anything else fails the test. */
function outcome(decode: () => unknown): unknown {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    return error.code
  }
}

function survives(good: Uint8Array, decode: (bytes: Uint8Array) => unknown, seed: number): void {
  const random = new SeededRandom(seed)
  let refused = 0
  for (let i = 0; i < MUTANTS; i++) {
    const mutant = mutate(good, random)
    if (typeof outcome(() => decode(mutant)) === 'string') refused++
  }
  expect(refused).toBeGreaterThan(0)
}

function decodeStream(chunks: readonly Uint8Array[]): { messages: unknown[]; end: string } {
  const decoder = new MessageDecoder()
  const messages: Message[] = []
  const end = outcome(() => {
    for (const chunk of chunks) {
      messages.push(...decoder.push(chunk))
      if (decoder.failure !== undefined) throw decoder.failure
    }
    decoder.end()
    return 'ended'
  })
  return { messages: plain(messages), end: end as string }
}

function cut(bytes: Uint8Array, random: SeededRandom): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + Math.floor(random.next() ** 3 * 60)
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  return chunks
}

describe('mutants', () => {
  test('of a stream of messages end in a PeerError or in messages, the same however the stream is cut', () => {
    const random = new SeededRandom(1)
    const good = streamOfAll()
    for (let i = 0; i < MUTANTS; i++) {
      const mutant = mutate(good, random)
      expect(decodeStream(cut(mutant, random))).toEqual(decodeStream([mutant]))
    }
  })

  test('of single messages end in a PeerError or in messages that encode to the same bytes', () => {
    const random = new SeededRandom(2)
    const good = streamOfAll()
    for (let i = 0; i < MUTANTS; i++) {
      const mutant = mutate(good.subarray(0, 4 + Math.floor(random.next() * good.length)), random)
      const decoder = new MessageDecoder()
      const messages = outcome(() => decoder.push(mutant))
      if (typeof messages === 'string') continue
      const encoded = Buffer.concat((messages as Message[]).map(encodeMessage))
      expect(Buffer.compare(encoded, mutant.subarray(0, encoded.length))).toBe(0)
    }
  })

  const handshake = {
    infoHash: new Uint8Array(20) as never,
    peerId: new Uint8Array(20) as never,
    capabilities: { extensions: true, fast: true, dht: false, v2: false },
  }
  const address = parseAddress('1.2.3.4:5')
  const flags = { prefersEncryption: true, uploadOnly: false, utp: true, holepunch: false, reachable: true }
  test.each<[string, Uint8Array, (bytes: Uint8Array) => unknown]>([
    ['handshakes', encodeHandshake(handshake), decodeHandshake],
    [
      'extension handshakes',
      encodeExtensionHandshake({
        extensions: new Map([['ut_pex', 1]]),
        client: 'x',
        listenPort: 9,
        yourHost: '1.2.3.4',
        ipv6: '::1',
        metadataLength: 99,
      }),
      decodeExtensionHandshake,
    ],
    [
      'metadata messages',
      encodeMetadataMessage({ type: 'data', piece: 0, totalLength: 20, data: new Uint8Array(20) }),
      decodeMetadataMessage,
    ],
    [
      'PEX messages',
      encodePexMessage({ added: [{ address, ...flags }], dropped: [parseAddress('[::2]:3')] }),
      decodePexMessage,
    ],
    ['donthave messages', encodeDontHave(7), decodeDontHave],
    ['holepunch messages', encodeHolepunch({ type: 'error', address, error: 'no-self' }), decodeHolepunch],
  ])('of %s end in a PeerError or in a value', (_what, good, decode) => {
    survives(good, decode, 3)
  })
})

describe('any message', () => {
  const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
  const block = { piece: uint32, offset: uint32, length: uint32 }
  const message: fc.Arbitrary<Message> = fc.oneof(
    fc.constantFrom<Message>({ type: 'keep-alive' }, { type: 'choke' }, { type: 'have-all' }),
    fc.record({ type: fc.constantFrom('have' as const, 'suggest' as const, 'allowed-fast' as const), piece: uint32 }),
    fc.record({ type: fc.constantFrom('request' as const, 'cancel' as const, 'reject' as const), ...block }),
    fc.record({ type: fc.constant('piece' as const), piece: uint32, offset: uint32, block: bytes(300) }),
    fc.record({ type: fc.constant('bitfield' as const), bitfield: bytes(40) }),
    fc.record({ type: fc.constant('extended' as const), id: fc.nat(255), payload: bytes(100) }),
    fc.record({ type: fc.constant('unknown' as const), id: fc.integer({ min: 24, max: 255 }), payload: bytes(50) }),
    fc.record({ type: fc.constant('port' as const), port: fc.nat(65_535) }),
  )

  test('comes back as it was, in any company and cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), fc.nat(), (messages, seed) => {
        const encoded = messages.map(encodeMessage)
        expect(encoded.map(({ length }) => length)).toEqual(messages.map(encodedLength))
        const chunks = cut(new Uint8Array(Buffer.concat(encoded)), new SeededRandom(seed))
        expect(decodeStream(chunks)).toEqual({ messages: plain(messages), end: 'ended' })
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})
