// Each way in which a peer may try to wear us out, with what ends it. No test looks at time that passes on a real clock: what a
// flood may cost is counted in messages, bytes and entries.
import { encodeDontHave, encodeExtensionHandshake, encodeMetadataMessage, type Message } from '@torrential/protocol'
import { describe, expect, test } from '@jest/globals'
import { peerAddress, type PeerId, type PeerKey } from '@torrential/primitives'
import { Peer } from '../src/peer.ts'
import { FAST, SwarmBench } from './swarm-bench.ts'

const handshake = (extensions: readonly (readonly [string, number])[] = []): Message => ({
  type: 'extended',
  id: 0,
  payload: encodeExtensionHandshake({ extensions: new Map(extensions) }),
})
const block = { piece: 0, offset: 0, length: 16_384 }

/** What is said again and again, and what may be said of it at once before it is too much. */
const floods: readonly (readonly [string, readonly Message[], number])[] = [
  ['keep-alives', [{ type: 'keep-alive' }], 2_000],
  ['the same have', [{ type: 'have', piece: 5 }], 2_001],
  [
    'haves that are taken back',
    [
      { type: 'have', piece: 5 },
      { type: 'extended', id: 7, payload: encodeDontHave(5) },
    ],
    4_000,
  ],
  ['bitfields', [{ type: 'bitfield', bitfield: Uint8Array.of(0b11111100) }], 2_001],
  ['suggestions', [{ type: 'suggest', piece: 5 }], 2_000],
  ['allowed-fast pieces', [{ type: 'allowed-fast', piece: 5 }], 2_000],
  ['chokes and unchokes', [{ type: 'unchoke' }, { type: 'choke' }], 2_000],
  ['interest that comes and goes', [{ type: 'interested' }, { type: 'not-interested' }], 2_000],
  ['cancels', [{ type: 'cancel', ...block }], 8_000],
  [
    'requests that are cancelled',
    [
      { type: 'request', ...block },
      { type: 'cancel', ...block },
    ],
    16_000,
  ],
  ['extension handshakes', [handshake()], 200],
  ['peer exchange', [{ type: 'extended', id: 9, payload: new Uint8Array(500) }], 2_000],
  [
    'metadata nobody asked for',
    [{ type: 'extended', id: 2, payload: encodeMetadataMessage({ type: 'reject', piece: 0 }) }],
    8_000,
  ],
  ['unknown messages', [{ type: 'unknown', id: 99, payload: new Uint8Array(0) }], 2_000],
  ['ports', [{ type: 'port', port: 1 }], 2_000],
]

/** Says it until the connection ends. Returns how many messages that took. */
function flood(bench: SwarmBench, peer: PeerKey, messages: readonly Message[], most = 100_000): number {
  let said = 0
  for (; said < most && bench.engine.peer(peer) !== undefined; said++) {
    bench.say(peer, messages[said % messages.length] as Message)
    if (bench.engine.peer(peer) !== undefined) bench.clear()
  }
  return said
}

describe('A flood', () => {
  test.each(floods)('of %s ends with a code, and an honest peer does not notice', (_, messages, most) => {
    const bench = new SwarmBench({ have: '####..' })
    const honest = bench.join('######')
    const requested = bench.sent(honest, 'request')
    const flooder = bench.join('', { choking: true })
    bench.say(flooder, { type: 'interested' })
    expect(flood(bench, flooder, messages)).toBeLessThanOrEqual(most + 1)
    expect(bench.closed(flooder)).toMatch(/^(MESSAGE|REQUEST|METADATA)_FLOOD$/)
    bench.answer(honest, requested)
    bench.commitAll()
    expect(bench.engine.have.isComplete).toBe(true)
  })

  test('of payloads is measured by its bytes', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('')
    expect(flood(bench, peer, [{ type: 'unknown', id: 99, payload: new Uint8Array(131_072) }])).toBeLessThan(10)
    expect(bench.closed(peer)).toBe('MESSAGE_FLOOD')
  })

  test('of requests for what it cannot have ends', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('')
    expect(flood(bench, peer, [{ type: 'request', piece: 5, offset: 0, length: 16_384 }])).toBeLessThanOrEqual(4_001)
    expect(bench.closed(peer)).toBe('REQUEST_FLOOD')
  })

  test('of requests for what it may have fills a queue of 1,024 and no more', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('', { choking: true })
    bench.say(peer, { type: 'interested' })
    for (let sent = 0; sent < 3_000; sent++) bench.say(peer, { type: 'request', ...block })
    expect(bench.engine.peer(peer)?.queuedUploads).toBe(1_024)
    expect(flood(bench, peer, [{ type: 'request', ...block }])).toBeLessThan(4_000)
    expect(bench.closed(peer)).toBe('REQUEST_FLOOD')
  })

  test('is not what an honest peer does: everything it has, an endgame, sixteen seeks, news every second for hours', () => {
    const pieces = 20_000
    const bench = new SwarmBench({ have: '.'.repeat(pieces), blocks: 1 })
    const peer = bench.join('', { choking: true })
    for (let piece = 0; piece < pieces; piece++) bench.say(peer, { type: 'have', piece })
    for (let cancel = 0; cancel < 7_500; cancel++) bench.say(peer, { type: 'cancel', ...block })
    for (let hour = 0; hour < 4 * 3_600; hour++) {
      bench.now += 1_000
      bench.say(peer, { type: 'unchoke' }, { type: 'choke' }, { type: 'have', piece: 1 }, handshake())
      bench.clear()
    }
    expect(bench.engine.peer(peer)).toBeDefined()
  })
})

describe('A peer that promises', () => {
  test('everything and sends nothing holds nothing up: what was asked of it is asked of others', () => {
    const bench = new SwarmBench({ have: '......' })
    const fake = bench.join('######')
    expect(bench.asked(fake)).not.toEqual([])
    const honest = bench.join('######')
    bench.wait(31_000, [fake, honest])
    bench.serve(honest)
    expect(bench.engine.have.isComplete).toBe(true)
  })

  test('blocks and withholds them is parted from after two minutes, whatever else it says', () => {
    const bench = new SwarmBench({ have: '......' })
    const fake = bench.join('######')
    bench.wait(110_000, [fake])
    expect(bench.closed(fake)).toBeUndefined()
    bench.wait(20_000, [fake])
    expect(bench.closed(fake)).toBe('BLOCKS_WITHHELD')
  })

  test('blocks and chokes us is not, for that is what a busy seed does', () => {
    const bench = new SwarmBench({ have: '......' })
    const busy = bench.join('######', { choking: true })
    bench.wait(600_000, [busy])
    expect(bench.engine.peer(busy)).toBeDefined()
  })

  test('an endless queue is asked for no more than the pipeline holds, however often it chokes and unchokes', () => {
    const bench = new SwarmBench({ have: '.'.repeat(4_000), blocks: 4 })
    const peer = bench.join('#'.repeat(4_000), { choking: true })
    const payload = encodeExtensionHandshake({ extensions: new Map(), requestQueue: 2 ** 31 })
    bench.say(peer, { type: 'extended', id: 0, payload })
    bench.clear()
    for (let turn = 0; turn < 990; turn++) bench.say(peer, { type: 'unchoke' }, { type: 'choke' })
    expect(bench.engine.peer(peer)).toBeDefined()
    expect(bench.sent(peer, 'request').length).toBeLessThanOrEqual(2_000)
    expect(bench.engine.stats.requestedBytes).toBe(0)
  })

  test('ever more extensions is remembered for 64 of them', () => {
    const info = { peerId: new Uint8Array(20) as PeerId, capabilities: FAST, address: peerAddress('10.0.0.1', 1) }
    const peer = new Peer(1 as PeerKey, { ...info, incoming: true }, 6, 0)
    for (let turn = 0; turn < 1_000; turn++) peer.introduce({ extensions: new Map([[`x_${turn}`, 1]]) })
    expect(peer.extensions.size).toBe(64)
  })

  test.each([
    ['contradicts itself', [{ type: 'have-all' }, { type: 'have-none' }], 'BITFIELD_OUT_OF_PLACE'],
    [
      'and has nothing after it had a piece',
      [{ type: 'have', piece: 1 }, { type: 'have-none' }],
      'BITFIELD_OUT_OF_PLACE',
    ],
    ['names more than there is', [{ type: 'bitfield', bitfield: Uint8Array.of(255) }], 'BITFIELD_SPARE_BITS'],
  ] as const)('pieces and %s is closed', (_, messages, code) => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('', { capabilities: FAST })
    bench.say(peer, ...messages)
    expect(bench.closed(peer)).toBe(code)
    expect([...bench.engine.availability()]).toEqual([0, 0, 0, 0, 0, 0])
  })
})

test('A peer of which no message comes, however its bytes drip, is closed after two minutes', () => {
  const bench = new SwarmBench({ have: '####..' })
  const peer = bench.join('', { choking: true })
  bench.wait(121_000)
  expect(bench.closed(peer)).toBe('IDLE_TIMEOUT')
})

test('A thousand connections that come and go leave nothing behind', () => {
  const bench = new SwarmBench({ have: '####..' })
  for (let turn = 0; turn < 1_000; turn++) bench.leave(bench.join('######', { id: turn & 255 }))
  bench.clear()
  expect(bench.engine.stats).toMatchObject({ peers: 0, requestedBytes: 0, unwrittenBytes: 0 })
  expect([...bench.engine.availability()]).toEqual([0, 0, 0, 0, 0, 0])
  expect(bench.engine.peers()).toEqual([])
})
