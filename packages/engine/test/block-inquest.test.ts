import { describe, expect, test } from '@jest/globals'
import { BLOCK_LENGTH, peerAddress, type PeerKey, type PieceIndex } from '@torrential/primitives'
import type { HashRequestMessage, RequestMessage } from '@torrential/protocol'
import { FAST, must, SwarmBench } from './swarm-bench.ts'
import { lie, v2Sample } from './v2-sample.ts'

const blocks = 4
const piece = 0 as PieceIndex
const V2 = { ...FAST, v2: true }

/**
 * A piece of four blocks came from two peers, blocks 0 and 1 from `a`, 2 and 3 from `b`, of which some are wrong, and was
 * rejected. A third peer has the piece too and was not asked for anything.
 */
function failedPiece(
  wrong: readonly number[],
  setup: { kind?: 'v2' | 'hybrid'; limit?: number; third?: boolean } = {},
) {
  const { kind = 'v2', limit, third = true } = setup
  const sample = v2Sample(2, blocks, kind)
  const bench = new SwarmBench({
    have: '.#',
    blocks,
    trees: sample.trees(),
    options: { maxRequests: 2, ...(limit !== undefined && { wholePieceLimit: limit, writeRun: BLOCK_LENGTH }) },
  })
  const join = (how = {}) => bench.join('#.', { capabilities: kind === 'v2' ? FAST : V2, ...how })
  const [a, b] = [join(), join()]
  const c = third ? join({ choking: true }) : b
  const block = (index: number): RequestMessage => ({
    type: 'request',
    piece,
    offset: index * BLOCK_LENGTH,
    length: BLOCK_LENGTH,
  })
  for (const [peer, index] of [
    [a, 0],
    [a, 1],
    [b, 2],
    [b, 3],
  ] as const) {
    bench.answer(peer, [block(index)], wrong.includes(index) ? 1 : 0)
    for (const { offset, blocks: run } of bench.actionsOf('write')) {
      for (const bytes of run) bench.engine.written(piece, offset, bytes.length, bench.now)
      bench.actions = bench.actions.filter(({ type }) => type !== 'write')
      bench.drain()
    }
  }
  expect(bench.actionsOf(limit === undefined ? 'commit' : 'verify')).toHaveLength(1)
  bench.clear()
  bench.engine.rejected(piece, bench.now)
  bench.drain()
  return { bench, sample, a, b, c }
}

function hashesAsked(bench: SwarmBench, peers: readonly PeerKey[]): { peer: PeerKey; request: HashRequestMessage } {
  for (const peer of peers) {
    const [request] = bench.sent(peer, 'hash-request')
    if (request !== undefined) return { peer, request }
  }
  throw new Error('nobody was asked for hashes')
}

/** The engine asks somebody for the hashes of the blocks, and gets them. */
function giveHashes({ bench, sample, a, b, c }: ReturnType<typeof failedPiece>): void {
  const { peer, request } = hashesAsked(bench, [a, b, c])
  expect(request).toMatchObject({ baseLayer: 0, index: 0, length: 4 })
  bench.say(peer, sample.answer(request))
}

describe.each(['v2', 'hybrid'] as const)('A %s piece that failed', (kind) => {
  test('convicts who sent a wrong block and nobody else, keeps the rest and asks for the wrong blocks only', () => {
    const failed = failedPiece([1], { kind })
    const { bench, a, b, c } = failed
    expect(bench.events('banned')).toEqual([])
    giveHashes(failed)
    expect(bench.events('banned').map(({ peer }) => peer)).toEqual([a])
    expect(bench.closed(a)).toBe('PEER_BANNED')
    expect(bench.events('waste')).toEqual([{ type: 'waste', peer: a, bytes: BLOCK_LENGTH, reason: 'failed' }])
    expect(bench.asked(b)).toEqual(['0:1'])
    bench.clear()
    bench.answer(b, [{ type: 'request', piece, offset: BLOCK_LENGTH, length: BLOCK_LENGTH }])
    expect(must(bench.actionsOf('commit')[0]).blocks).toEqual([0, 1, 2, 3].map((block) => bench.bytes(0, block)))
    bench.commitAll()
    expect(bench.engine.have.has(piece)).toBe(true)
    expect(bench.events('banned')).toEqual([])
    expect(bench.closed(c)).not.toBe('PEER_BANNED')
    expect(bench.engine.stats.unwrittenBytes).toBe(0)
  })

  test('verifies what comes again as it comes: the next liar is banned by one block', () => {
    const failed = failedPiece([0, 1], { kind })
    const { bench, a, b, c } = failed
    giveHashes(failed)
    expect(bench.events('banned').map(({ peer }) => peer)).toEqual([a])
    expect(bench.asked(b)).toEqual(['0:0', '0:1'])
    bench.clear()
    bench.answer(b, [{ type: 'request', piece, offset: 0, length: BLOCK_LENGTH }], 7)
    expect(bench.events('banned').map(({ peer }) => peer)).toEqual([b])
    expect(bench.actionsOf('commit')).toEqual([])
    bench.say(c, { type: 'unchoke' })
    expect(bench.asked(c)).toEqual(['0:0', '0:1'])
    bench.answer(c, bench.sent(c, 'request'))
    bench.commitAll()
    expect(bench.engine.have.has(piece)).toBe(true)
    expect(bench.engine.stats.unwrittenBytes).toBe(0)
  })
})

describe('A piece that failed', () => {
  test('convicts both when both sent something wrong', () => {
    const failed = failedPiece([1, 2])
    giveHashes(failed)
    expect(failed.bench.events('banned').map(({ peer }) => peer)).toEqual([failed.a, failed.b])
  })

  test('and was written in runs is compared by what lies on disk', () => {
    const failed = failedPiece([3], { limit: 0 })
    const { bench, sample, a, b } = failed
    giveHashes(failed)
    expect(bench.actionsOf('hash-blocks').map((action) => action.piece)).toEqual([piece])
    expect(bench.events('banned')).toEqual([])
    bench.engine.blockHashes(piece, sample.leaves(piece, [3]), bench.now)
    bench.drain()
    expect(bench.events('banned').map(({ peer }) => peer)).toEqual([b])
    expect(bench.asked(a)).toEqual(['0:3'])
    bench.clear()
    bench.answer(a, [{ type: 'request', piece, offset: 3 * BLOCK_LENGTH, length: BLOCK_LENGTH }])
    expect(bench.actionsOf('write').map(({ offset }) => offset)).toEqual([3 * BLOCK_LENGTH])
    bench.engine.written(piece, 3 * BLOCK_LENGTH, BLOCK_LENGTH, bench.now)
    bench.drain()
    expect(bench.actionsOf('verify')).toHaveLength(1)
    bench.engine.committed(piece, bench.now)
    expect(bench.engine.have.has(piece)).toBe(true)
  })

  test('bans who lies about the hashes too, and asks somebody else', () => {
    const failed = failedPiece([1])
    const { bench, sample, a, b, c } = failed
    const { peer, request } = hashesAsked(bench, [a, b, c])
    bench.clear()
    bench.say(peer, lie(sample.answer(request)))
    expect(bench.closed(peer)).toBe('HASHES_WRONG')
    bench.wait(1_000, [a, b, c])
    giveHashes(failed)
    expect(bench.events('banned').map((event) => event.peer)).toContain(a)
    expect(bench.asked(b).concat(bench.asked(c))).toContain('0:1')
  })

  test('goes the way of v1 when everybody rejects the request', () => {
    const { bench, a, b, c } = failedPiece([1])
    for (let round = 0; round < 3; round++) {
      for (const peer of [a, b, c]) {
        for (const request of bench.sent(peer, 'hash-request')) bench.say(peer, { ...request, type: 'hash-reject' })
      }
      bench.actions = bench.actions.filter(({ type }) => type !== 'send')
      bench.wait(1_000, [a, b, c])
    }
    // It starts over with one peer alone.
    expect(bench.events('waste').reduce((sum, { bytes }) => sum + bytes, 0)).toBe(blocks * BLOCK_LENGTH)
    const asked = [a, b].map((peer) => bench.engine.peer(peer)?.outstanding)
    expect(new Set(asked)).toEqual(new Set([0, 2]))
  })

  test('goes the way of v1 when nobody answers in ten seconds', () => {
    const { bench, a, b, c } = failedPiece([1])
    bench.wait(9_000, [a, b, c])
    expect(bench.engine.peer(a)?.outstanding).toBe(0)
    bench.wait(3_000, [a, b, c])
    const asked = [a, b].map((peer) => bench.engine.peer(peer)?.outstanding)
    expect(new Set(asked)).toEqual(new Set([0, 2]))
    expect(bench.events('banned')).toEqual([])
  })

  test('goes the way of v1 when the disk cannot tell what it holds', () => {
    const failed = failedPiece([3], { limit: 0 })
    giveHashes(failed)
    failed.bench.engine.blockHashes(piece, undefined, failed.bench.now)
    failed.bench.drain()
    expect(failed.bench.events('waste').reduce((sum, { bytes }) => sum + bytes, 0)).toBe(blocks * BLOCK_LENGTH)
  })

  test('of a hybrid whose peers speak v1 only goes that way at once', () => {
    const sample = v2Sample(2, blocks, 'hybrid')
    const bench = new SwarmBench({ have: '.#', blocks, trees: sample.trees(), options: { maxRequests: 2 } })
    const [a, b] = [bench.join('#.'), bench.join('#.')]
    bench.answer(
      a,
      [0, 1].map((at) => ({ type: 'request', piece, offset: at * BLOCK_LENGTH, length: BLOCK_LENGTH })),
      1,
    )
    bench.answer(
      b,
      [2, 3].map((at) => ({ type: 'request', piece, offset: at * BLOCK_LENGTH, length: BLOCK_LENGTH })),
    )
    bench.clear()
    bench.engine.rejected(piece, bench.now)
    bench.drain()
    expect(bench.sent(a, 'hash-request').concat(bench.sent(b, 'hash-request'))).toEqual([])
    expect(bench.events('waste').reduce((sum, { bytes }) => sum + bytes, 0)).toBe(blocks * BLOCK_LENGTH)
  })

  test('that one peer sent alone bans it at once, and keeps what was right of it', () => {
    const sample = v2Sample(2, blocks)
    const bench = new SwarmBench({ have: '.#', blocks, trees: sample.trees() })
    const [liar, other] = [bench.join('#.'), bench.join('#.', { choking: true })]
    const requests = bench.sent(liar, 'request')
    bench.answer(liar, requests.slice(0, 3))
    bench.answer(liar, requests.slice(3), 1)
    bench.clear()
    bench.engine.rejected(piece, bench.now)
    bench.drain()
    expect(bench.events('banned').map(({ peer }) => peer)).toEqual([liar])
    bench.wait(1_000, [other])
    bench.say(other, sample.answer(must(bench.sent(other, 'hash-request')[0])), { type: 'unchoke' })
    expect(bench.asked(other)).toEqual(['0:3'])
    expect(bench.events('banned')).toHaveLength(1)
  })
})

describe('Piece layers that a hybrid lacks', () => {
  test('are asked of peers that speak v2, told when they are whole, and served from then on', () => {
    const sample = v2Sample(600, 1, 'hybrid')
    const trees = sample.trees('missing')
    const bench = new SwarmBench({ have: '.'.repeat(600), blocks: 1, trees })
    const [old, fresh] = [bench.join(''), bench.join('', { capabilities: V2 })]
    expect(bench.sent(old, 'hash-request')).toEqual([])
    const requests = bench.sent(fresh, 'hash-request')
    expect(requests.map(({ index, length }) => [index, length])).toEqual([
      [0, 512],
      [512, 128],
    ])
    for (const request of requests) bench.say(fresh, sample.answer(request))
    expect(bench.events('piece-layer')).toEqual([
      { type: 'piece-layer', piecesRoot: sample.tree.root, hashes: sample.layer },
    ])
    bench.say(fresh, must(requests[0]))
    expect(bench.engine.nextReply(fresh)).toEqual(sample.answer(must(requests[0])))
  })

  test('keep two seeds together until they are here', () => {
    const sample = v2Sample(4, 1, 'hybrid')
    const bench = new SwarmBench({ have: '####', blocks: 1, trees: sample.trees('missing') })
    const [plain, fresh] = [bench.join('####'), bench.join('####', { capabilities: V2 })]
    expect(bench.closed(plain)).toBe('SEED_TO_SEED')
    expect(bench.closed(fresh)).toBeUndefined()
    bench.say(fresh, sample.answer(must(bench.sent(fresh, 'hash-request')[0])))
    expect(bench.closed(fresh)).toBe('SEED_TO_SEED')
  })

  test('ban who lies about them, and end the connection of who floods', () => {
    const sample = v2Sample(4, 1, 'hybrid')
    const bench = new SwarmBench({ have: '....', blocks: 1, trees: sample.trees('missing') })
    const [liar, noisy] = [bench.join('', { capabilities: V2 }), bench.join('', { capabilities: V2 })]
    const request = must(bench.sent(liar, 'hash-request')[0])
    bench.say(noisy, ...Array.from({ length: 201 }, () => sample.answer({ ...request, length: 2 })))
    expect(bench.closed(noisy)).toBe('HASHES_FLOOD')
    bench.say(liar, lie(sample.answer(request)))
    expect(bench.closed(liar)).toBe('HASHES_WRONG')
    expect(bench.engine.isBanned(peerAddress('10.1.0.1', 1))).toBe(true)
    const honest = bench.join('', { capabilities: V2 })
    bench.say(honest, sample.answer(must(bench.sent(honest, 'hash-request')[0])))
    expect(bench.events('piece-layer')).toHaveLength(1)
  })
})
