import type { PeerKey } from '@torrential/primitives'
import { encodeDontHave, encodeExtensionHandshake, type Message } from '@torrential/protocol'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Action } from '../src/index.ts'
import { FAST, must, picture, PLAIN, SwarmBench } from './swarm-bench.ts'

const block = new Uint8Array(16_384)

/** What a peer with the fast extension says on a torrent of six pieces of two blocks, and the code that ends it. */
const violations: readonly (readonly [string, Message[], string])[] = [
  ['a bitfield that is too long', [{ type: 'bitfield', bitfield: new Uint8Array(2) }], 'BITFIELD_LENGTH'],
  ['a bitfield that is too short', [{ type: 'bitfield', bitfield: new Uint8Array(0) }], 'BITFIELD_LENGTH'],
  ['spare bits', [{ type: 'bitfield', bitfield: Uint8Array.of(255) }], 'BITFIELD_SPARE_BITS'],
  [
    'have-none after a bitfield',
    [{ type: 'bitfield', bitfield: Uint8Array.of(0) }, { type: 'have-none' }],
    'BITFIELD_OUT_OF_PLACE',
  ],
  ['have-all after a have', [{ type: 'have', piece: 0 }, { type: 'have-all' }], 'BITFIELD_OUT_OF_PLACE'],
  ['a have of a piece that does not exist', [{ type: 'have', piece: 6 }], 'PIECE_OUT_OF_RANGE'],
  ['a suggestion of a piece that does not exist', [{ type: 'suggest', piece: 2 ** 32 - 1 }], 'PIECE_OUT_OF_RANGE'],
  ['an allowed-fast piece that does not exist', [{ type: 'allowed-fast', piece: 6 }], 'PIECE_OUT_OF_RANGE'],
  ['a request past the piece', [{ type: 'request', piece: 0, offset: 32_768, length: 1 }], 'REQUEST_OUT_OF_RANGE'],
  ['a request of nothing', [{ type: 'request', piece: 0, offset: 0, length: 0 }], 'REQUEST_OUT_OF_RANGE'],
  ['a request of 4 GiB', [{ type: 'request', piece: 0, offset: 0, length: 2 ** 32 - 1 }], 'REQUEST_OUT_OF_RANGE'],
  [
    'a cancel of a piece that does not exist',
    [{ type: 'cancel', piece: 9, offset: 0, length: 1 }],
    'REQUEST_OUT_OF_RANGE',
  ],
  [
    'a reject of a piece that does not exist',
    [{ type: 'reject', piece: 9, offset: 0, length: 1 }],
    'REJECT_OUT_OF_RANGE',
  ],
  ['a block of a piece that does not exist', [{ type: 'piece', piece: 6, offset: 0, block }], 'BLOCK_OUT_OF_RANGE'],
  ['a block off its place', [{ type: 'piece', piece: 4, offset: 1, block }], 'BLOCK_OUT_OF_RANGE'],
  ['a block past the piece', [{ type: 'piece', piece: 4, offset: 32_768, block }], 'BLOCK_OUT_OF_RANGE'],
  ['a short block', [{ type: 'piece', piece: 4, offset: 0, block: block.subarray(1) }], 'BLOCK_OUT_OF_RANGE'],
  ['an empty block', [{ type: 'piece', piece: 4, offset: 0, block: new Uint8Array(0) }], 'BLOCK_OUT_OF_RANGE'],
  [
    'an extension handshake that is no dictionary',
    [{ type: 'extended', id: 0, payload: Uint8Array.of(105) }],
    'EXTENSION_PAYLOAD',
  ],
]

describe('The gate', () => {
  test.each(violations)('ends a connection for %s', (_, messages, code) => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('')
    bench.say(peer, ...messages)
    expect(bench.closed(peer)).toBe(code)
    expect(bench.engine.peer(peer)).toBeUndefined()
    // Whatever it says after that is not heard.
    bench.clear()
    bench.say(peer, { type: 'have-all' }, ...messages)
    expect(bench.actions).toEqual([])
  })

  const fastOnly: Message[] = [
    { type: 'have-all' },
    { type: 'have-none' },
    { type: 'suggest', piece: 0 },
    { type: 'allowed-fast', piece: 0 },
    { type: 'reject', piece: 0, offset: 0, length: 16_384 },
  ]
  test.each(fastOnly)('ends a connection for $type without the fast extension', (message) => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('', { capabilities: PLAIN })
    bench.say(peer, message)
    expect(bench.closed(peer)).toBe('FAST_NOT_NEGOTIATED')
  })

  test('ends a connection for extended messages without the extension protocol', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('', { capabilities: { ...FAST, extensions: false } })
    bench.say(peer, { type: 'extended', id: 3, payload: new Uint8Array(0) })
    expect(bench.closed(peer)).toBe('EXTENSIONS_NOT_NEGOTIATED')
  })

  test('takes a second bitfield for the pieces that are new in it, as aria2 means it', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('##....')
    bench.say(peer, { type: 'bitfield', bitfield: picture('.#..#.').toBytes() })
    expect(bench.engine.peer(peer)).toMatchObject({ piecesCount: 3, amInterested: true })
    expect([...bench.engine.availability()]).toEqual([1, 1, 0, 0, 1, 0])
  })

  test('believes a peer that lost a piece (BEP 54)', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('', { choking: true })
    bench.say(peer, { type: 'have-all' })
    for (const piece of [4, 5, 5]) bench.say(peer, { type: 'extended', id: 7, payload: encodeDontHave(piece) })
    expect(bench.engine.peer(peer)).toMatchObject({ piecesCount: 4, isSeed: false, amInterested: false })
    expect([...bench.engine.availability()]).toEqual([1, 1, 1, 1, 0, 0])
    bench.say(peer, { type: 'extended', id: 7, payload: new Uint8Array(3) })
    expect(bench.closed(peer)).toBe('EXTENSION_PAYLOAD')
  })

  test('ends a connection that keeps sending blocks nobody asked for', () => {
    const bench = new SwarmBench({ have: '######' })
    const peer = bench.join('......')
    for (let sent = 0; sent <= 256; sent++) bench.say(peer, { type: 'piece', piece: 4, offset: 0, block })
    expect(bench.closed(peer)).toBe('BLOCK_UNREQUESTED')
    expect(bench.events('waste')[0]).toEqual({ type: 'waste', peer, bytes: 16_384, reason: 'unexpected' })
    expect(bench.engine.stats).toMatchObject({ downloaded: 0, unwrittenBytes: 0, wasted: 257 * 16_384 })
  })

  test('ends a connection that keeps rejecting what nobody asked for', () => {
    const bench = new SwarmBench({ have: '######' })
    const peer = bench.join('......')
    for (let sent = 0; sent <= 50; sent++) bench.say(peer, { type: 'reject', piece: 4, offset: 0, length: 16_384 })
    expect(bench.closed(peer)).toBe('REJECT_FLOOD')
  })

  test('ends a connection that has been silent for two minutes, and not one that keeps alive', () => {
    const bench = new SwarmBench({ have: '####..' })
    const silent = bench.join('####..')
    const alive = bench.join('####..')
    bench.wait(121_000, [alive])
    expect(bench.closed(silent)).toBe('IDLE_TIMEOUT')
    expect(bench.closed(alive)).toBeUndefined()
  })

  test('ends a connection in which nobody was interested for ten minutes', () => {
    const bench = new SwarmBench({ have: '####..' })
    const dull = bench.join('####..')
    const keen = bench.join('####..')
    bench.say(keen, { type: 'interested' })
    bench.wait(601_000, [dull, keen])
    expect(bench.closed(dull)).toBe('NO_INTEREST')
    expect(bench.closed(keen)).toBeUndefined()
  })

  test('ignores messages of others and ids it does not know', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('####..')
    bench.clear()
    bench.say(peer, { type: 'keep-alive' }, { type: 'port', port: 1 }, { type: 'unknown', id: 77, payload: block })
    bench.say(peer, { type: 'extended', id: 9, payload: block })
    expect(bench.actions).toEqual([])
  })

  test('answers a request for hashes with a reject (BEP 52)', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('####..')
    const fields = { piecesRoot: new Uint8Array(32), baseLayer: 0, index: 0, length: 2, proofLayers: 0 }
    bench.say(peer, { type: 'hash-request', ...fields })
    expect(bench.sent(peer, 'hash-reject')).toEqual([{ type: 'hash-reject', ...fields }])
  })

  test('reads the extension handshake (BEP 10)', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = bench.join('####..')
    const extensions = new Map([['ut_pex', 7]])
    const payload = encodeExtensionHandshake({
      extensions,
      client: 'Other 1.0',
      listenPort: 4_000,
      requestQueue: 3,
      uploadOnly: true,
    })
    bench.say(peer, { type: 'extended', id: 0, payload })
    expect(bench.events('extension-handshake')).toMatchObject([{ peer, client: 'Other 1.0', listenPort: 4_000 }])
    expect(bench.engine.peer(peer)).toMatchObject({
      client: 'Other 1.0',
      listenPort: 4_000,
      pipelineDepth: 3,
      uploadOnly: true,
    })
  })
})

const index = fc.oneof(fc.nat(7), fc.constantFrom(2 ** 31, 2 ** 32 - 1))
const offset = fc.oneof(fc.constantFrom(0, 16_384, 32_768, 1), fc.nat(70_000))
const length = fc.oneof(fc.constantFrom(16_384, 0, 1, 131_072, 2 ** 32 - 1), fc.nat(70_000))
const bytes = fc.uint8Array({ maxLength: 40 })
const blocks = fc.oneof(fc.constant(block), bytes)
const hashFields = { piecesRoot: bytes, baseLayer: index, index, length, proofLayers: index }

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.constantFrom<Message>(
    { type: 'keep-alive' },
    { type: 'choke' },
    { type: 'unchoke' },
    { type: 'unchoke' },
    { type: 'interested' },
    { type: 'not-interested' },
    { type: 'have-all' },
    { type: 'have-none' },
    { type: 'bitfield', bitfield: Uint8Array.of(0b11111100) },
    { type: 'bitfield', bitfield: Uint8Array.of(0b01010100) },
  ),
  fc.record({ type: fc.constantFrom('have' as const, 'suggest' as const, 'allowed-fast' as const), piece: index }),
  fc.record({ type: fc.constant('bitfield' as const), bitfield: bytes }),
  fc.record({
    type: fc.constantFrom('request' as const, 'cancel' as const, 'reject' as const),
    piece: index,
    offset,
    length,
  }),
  fc.record({ type: fc.constant('piece' as const), piece: fc.nat(6), offset, block: blocks }),
  fc.record({ type: fc.constant('extended' as const), id: fc.nat(3), payload: bytes }),
  fc.record({ type: fc.constant('port' as const), port: fc.nat(70_000) }),
  fc.record({ type: fc.constant('hash-request' as const), ...hashFields }),
  fc.record({ type: fc.constant('unknown' as const), id: fc.nat(255), payload: bytes }),
)

type Step =
  | { readonly kind: 'say'; readonly who: number; readonly messages: readonly Message[] }
  | { readonly kind: 'answer' | 'leave' | 'pull'; readonly who: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'disk'; readonly verdict: 'committed' | 'rejected' | 'failed' }
  | { readonly kind: 'wish'; readonly what: 'pause' | 'resume' | 'skip' | 'all' | 'window' }

const who = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('say' as const), who, messages: fc.array(anyMessage, { maxLength: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('answer' as const, 'leave' as const, 'pull' as const), who }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(20, 1_000, 31_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('disk' as const),
      verdict: fc.constantFrom('committed' as const, 'rejected' as const, 'failed' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wish' as const),
      what: fc.constantFrom('pause' as const, 'resume' as const, 'skip' as const, 'all' as const, 'window' as const),
    }),
  },
)

/** Plays one story on four connections and returns the bench. */
function play(steps: readonly Step[], wholePieceLimit: number): { bench: SwarmBench; peers: (PeerKey | undefined)[] } {
  const bench = new SwarmBench({ have: '##....', options: { wholePieceLimit, writeRun: 16_384, creditBytes: 98_304 } })
  const join = (place: number) => bench.join('', { capabilities: place === 3 ? PLAIN : FAST, choking: true })
  const peers = [0, 1, 2, 3].map(join)
  for (const told of steps) {
    if (told.kind === 'wait') bench.wait(told.ms)
    else if (told.kind === 'disk') disk(bench, told.verdict)
    else if (told.kind === 'wish') wish(bench, told.what)
    else {
      const peer = must(peers[told.who])
      if (told.kind === 'say') bench.say(peer, ...told.messages)
      else if (told.kind === 'answer') bench.answer(peer, bench.sent(peer, 'request'))
      else if (told.kind === 'pull')
        for (let up = bench.engine.nextUpload(peer, bench.now); up; up = bench.engine.nextUpload(peer, bench.now))
          bench.engine.uploaded(peer, up.length, bench.now)
      else {
        bench.leave(peer)
        peers[told.who] = join(told.who)
      }
    }
  }
  return { bench, peers }
}

function disk(bench: SwarmBench, verdict: 'committed' | 'rejected' | 'failed'): void {
  const isForDisk = ({ type }: Action) => type === 'commit' || type === 'verify' || type === 'write'
  const work = bench.actions.filter(isForDisk)
  bench.actions = bench.actions.filter((action) => !isForDisk(action))
  for (const action of work) {
    if (action.type === 'write') {
      const bytesOf = action.blocks.reduce((sum, { length: size }) => sum + size, 0)
      bench.engine.written(action.piece, action.offset, bytesOf, bench.now)
    } else if (action.type === 'commit' || action.type === 'verify') bench.engine[verdict](action.piece, bench.now)
  }
  bench.drain()
}

function wish(bench: SwarmBench, what: 'pause' | 'resume' | 'skip' | 'all' | 'window'): void {
  if (what === 'pause' || what === 'resume') bench.engine[what](bench.now)
  else if (what === 'window') bench.engine.openWindow({ start: 2, end: 4 }, bench.now)
  else bench.engine.setPriorities(new Uint8Array(6).fill(what === 'all' ? 4 : 0), bench.now)
  bench.drain()
}

describe('Any soup of messages', () => {
  test.each([4_194_304, 0])(
    'never throws, and leaves no byte on the account (pieces in runs above %d bytes)',
    (wholePieceLimit) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const { bench, peers } = play(steps, wholePieceLimit)
          const { requestedBytes, unwrittenBytes } = bench.engine.stats
          expect(requestedBytes).toBeGreaterThanOrEqual(0)
          expect(unwrittenBytes).toBeGreaterThanOrEqual(0)
          expect(requestedBytes + unwrittenBytes).toBeLessThanOrEqual(98_304)
          for (const peer of peers) if (peer !== undefined) bench.leave(peer)
          expect(bench.engine.stats.requestedBytes).toBe(0)
          expect(bench.engine.stats.peers).toBe(0)
          expect([...bench.engine.availability()]).toEqual([0, 0, 0, 0, 0, 0])
        }),
        { seed: 11, numRuns: 300 },
      )
    },
  )

  test.each([4_194_304, 0])(
    'leaves an engine that an honest seed can still finish (pieces in runs above %d bytes)',
    (wholePieceLimit) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          const { bench, peers } = play(steps, wholePieceLimit)
          for (const peer of peers) if (peer !== undefined) bench.leave(peer)
          bench.engine.resume(bench.now)
          wish(bench, 'all')
          const seed = bench.join('######')
          for (let second = 0; second < 60 && !bench.engine.have.isComplete; second++) {
            const requests = bench.sent(seed, 'request')
            bench.actions = bench.actions.filter(({ type }) => type !== 'send')
            bench.answer(seed, requests)
            disk(bench, 'committed')
            bench.wait(500, [seed])
          }
          expect(bench.engine.have.isComplete).toBe(true)
          expect(bench.engine.stats.unwrittenBytes).toBe(0)
        }),
        { seed: 12, numRuns: 100 },
      )
    },
  )
})
