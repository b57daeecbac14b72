import type { PeerKey } from '@torrential/primitives'
import {
  decodeExtensionHandshake,
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  type Message,
  type MetadataMessage,
} from '@torrential/protocol'
import { describe, expect, test } from '@jest/globals'
import { must, PLAIN, SwarmBench } from './swarm-bench.ts'

const metadata = Uint8Array.from({ length: 40_000 }, (_, at) => at % 251)
const theirId = 7

/** What a peer says that wants metadata under id 7. */
const hello: Message = {
  type: 'extended',
  id: 0,
  payload: encodeExtensionHandshake({ extensions: new Map([['ut_metadata', theirId]]) }),
}

function request(piece: number): Message {
  return { type: 'extended', id: 1, payload: encodeMetadataMessage({ type: 'request', piece }) }
}

/** Everything that waits for the peer, as the driver would pull it. */
function pulled(bench: SwarmBench, peer: PeerKey): MetadataMessage[] {
  const answers: MetadataMessage[] = []
  for (let reply = bench.engine.nextReply(peer); reply !== undefined; reply = bench.engine.nextReply(peer)) {
    if (reply.type === 'extended' && reply.id === theirId) answers.push(decodeMetadataMessage(reply.payload))
  }
  bench.engine.nextUpload(peer, bench.now)
  return answers
}

/** Pieces whose request was rejected. */
function rejected(bench: SwarmBench, peer: PeerKey): number[] {
  return bench
    .sent(peer, 'extended')
    .filter(({ id }) => id === theirId)
    .map(({ payload }) => decodeMetadataMessage(payload))
    .filter(({ type }) => type === 'reject')
    .map(({ piece }) => piece)
}

function greeting(bench: SwarmBench, peer: PeerKey) {
  return decodeExtensionHandshake(must(bench.sent(peer, 'extended')[0]).payload)
}

describe('An engine that has the info dictionary', () => {
  test('says so, with its length', () => {
    const bench = new SwarmBench({ have: '##', metadata })
    const { extensions, metadataLength } = greeting(bench, bench.join(''))
    expect(extensions.get('ut_metadata')).toBe(1)
    expect(metadataLength).toBe(40_000)
  })

  test('gives it piece by piece, the last one short, to a peer that is choked', () => {
    const bench = new SwarmBench({ have: '##', metadata })
    const peer = bench.join('')
    bench.say(peer, hello, request(0), request(2), request(1))
    expect(bench.actionsOf('upload-ready')).toHaveLength(1)
    const answers = pulled(bench, peer)
    expect(answers.map(({ type, piece }) => `${type} ${piece}`)).toEqual(['data 0', 'data 2', 'data 1'])
    for (const answer of answers) {
      if (answer.type !== 'data') throw new Error('not data')
      expect(answer.totalLength).toBe(40_000)
      expect(answer.data).toEqual(metadata.subarray(answer.piece * 16_384, (answer.piece + 1) * 16_384))
    }
  })

  test('tells the driver again when more is asked after everything was pulled', () => {
    const bench = new SwarmBench({ have: '##', metadata })
    const peer = bench.join('')
    bench.say(peer, hello, request(0))
    pulled(bench, peer)
    bench.clear()
    bench.say(peer, request(1))
    expect(bench.actionsOf('upload-ready')).toHaveLength(1)
  })

  test('rejects a piece that does not exist, and what comes after four times the whole', () => {
    const bench = new SwarmBench({ have: '##', metadata })
    const peer = bench.join('')
    bench.say(peer, hello, request(3), request(1000))
    expect(rejected(bench, peer)).toEqual([3, 1000])
    bench.clear()
    bench.say(peer, ...Array.from({ length: 14 }, () => request(1)))
    expect(pulled(bench, peer)).toHaveLength(12)
    expect(rejected(bench, peer)).toEqual([1, 1])
  })

  test('keeps no more than 256 answers for a peer that does not read', () => {
    const bench = new SwarmBench({ have: '##', metadata: new Uint8Array(16_384 * 100) })
    const peer = bench.join('')
    bench.say(peer, hello, ...Array.from({ length: 300 }, (_, at) => request(at % 100)))
    expect(rejected(bench, peer)).toHaveLength(44)
    expect(pulled(bench, peer)).toHaveLength(256)
  })

  test('ends the connection of a peer that keeps asking for what it cannot get', () => {
    const bench = new SwarmBench({ have: '##', metadata })
    const peer = bench.join('')
    bench.say(peer, hello, ...Array.from({ length: 1_001 }, () => request(900)))
    expect(bench.closed(peer)).toBe('METADATA_FLOOD')
  })

  test('ends the connection of a peer whose message makes no sense', () => {
    const bench = new SwarmBench({ have: '##', metadata })
    const peer = bench.join('')
    bench.say(peer, hello, { type: 'extended', id: 1, payload: Uint8Array.of(105, 1) })
    expect(bench.closed(peer)).toBe('EXTENSION_PAYLOAD')
  })

  test('sends nothing to a peer that never said under which id, or that switched it off', () => {
    const bench = new SwarmBench({ have: '##', metadata })
    const [silent, off] = [bench.join(''), bench.join('')]
    bench.say(silent, request(0))
    const switchedOff = encodeExtensionHandshake({ extensions: new Map([['ut_metadata', 0]]) })
    bench.say(off, hello, request(0), { type: 'extended', id: 0, payload: switchedOff })
    expect(pulled(bench, silent)).toEqual([])
    expect(pulled(bench, off)).toEqual([])
  })
})

describe('An engine without an info dictionary to give', () => {
  test('does not offer it, and rejects requests for it', () => {
    const bench = new SwarmBench({ have: '##' })
    const peer = bench.join('')
    expect(greeting(bench, peer).extensions.has('ut_metadata')).toBe(false)
    expect(greeting(bench, peer).metadataLength).toBeUndefined()
    bench.say(peer, hello, request(0))
    expect(rejected(bench, peer)).toEqual([0])
  })
})

describe('A connection that is older than the metadata', () => {
  test('is told of our pieces one by one, because have-none went out before', () => {
    const bench = new SwarmBench({ have: '#.#.' })
    const peer = bench.join('', { greeted: true })
    expect(bench.sent(peer, 'have').map(({ piece }) => piece)).toEqual([0, 2])
    expect([...bench.sent(peer, 'bitfield'), ...bench.sent(peer, 'have-none')]).toEqual([])
    const plain = bench.join('', { greeted: true, capabilities: PLAIN })
    expect(bench.sent(plain, 'have')).toHaveLength(2)
  })
})
