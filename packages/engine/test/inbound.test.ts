import { encodeDontHave, encodeExtensionHandshake, type Message } from '@torrential/protocol'
import { describe, expect, test } from '@jest/globals'
import { FAST, picture, PLAIN, SwarmBench } from './swarm-bench.ts'

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
