import type { PeerKey, PieceIndex } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { SwarmBench } from './swarm-bench.ts'

const [FAILED, OTHER] = [4, 5]

/** Two peers who have nothing yet. */
function joinPair(bench: SwarmBench): readonly [PeerKey, PeerKey] {
  return [bench.join('......'), bench.join('......')]
}

/** Both, of whom one lies, send piece 4 together; `before` happens while it waits for its verdict, which is: wrong. */
function failTogether(bench: SwarmBench, both: readonly PeerKey[], before: () => void): void {
  for (const peer of both) bench.say(peer, { type: 'have', piece: FAILED })
  while (bench.actionsOf('commit').length === 0) {
    const requests = both.map((peer) => bench.sent(peer, 'request'))
    bench.actions = []
    both.forEach((peer, at) => bench.answer(peer, requests[at] ?? [], at === 0 ? 100 : 0))
  }
  expect(bench.actionsOf('commit')).toMatchObject([{ piece: FAILED }])
  before()
  bench.clear()
  bench.engine.rejected(FAILED as PieceIndex, bench.now)
  bench.drain()
}

/** A peer that delivered piece 5, and how fast it is is known. */
function proven(bench: SwarmBench): PeerKey {
  const peer = bench.join('.....#')
  bench.serve(peer)
  bench.wait(1_500, [peer])
  return peer
}

describe('a piece that failed', () => {
  test('is asked of a peer that sent a right one before, though others would be asked first', () => {
    const bench = new SwarmBench({ have: '####..', blocks: 8 })
    const both = joinPair(bench)
    const good = proven(bench)
    failTogether(bench, both, () => bench.say(good, { type: 'have', piece: FAILED }))
    expect(bench.piecesAsked(good)).toEqual([FAILED])
    bench.wait(1_000, [good, ...both])
    expect(both.flatMap((peer) => bench.asked(peer))).toEqual([])
  })

  test('is asked of anybody while the ones that sent a right piece choke us, and of them when they are gone', () => {
    const bench = new SwarmBench({ have: '####..', blocks: 8 })
    const both = joinPair(bench)
    const good = proven(bench)
    failTogether(bench, both, () => {
      bench.say(good, { type: 'have', piece: FAILED }, { type: 'choke' })
    })
    expect(both.flatMap((peer) => bench.piecesAsked(peer))).toEqual([FAILED])
    const [owner, other] = bench.asked(both[0]).length > 0 ? both : ([both[1], both[0]] as const)
    bench.say(good, { type: 'unchoke' })
    bench.clear()
    bench.leave(owner)
    expect([bench.piecesAsked(good), bench.asked(other)]).toEqual([[FAILED], []])
    bench.leave(good)
    expect(bench.piecesAsked(other)).toEqual([FAILED])
  })

  test('does not keep an idle peer from the blocks that another one holds up', () => {
    const bench = new SwarmBench({ have: '####..', blocks: 40 })
    const both = joinPair(bench)
    failTogether(bench, both, () => {})
    for (const peer of both) bench.say(peer, { type: 'have', piece: OTHER })
    const idle = bench.join('.....#')
    // Of the piece that failed there are free blocks, for its owner alone: this is the end of the download all the same.
    for (let tries = 0; tries < 3; tries++) {
      bench.serve(idle)
      bench.wait(500, [...both, idle])
    }
    expect(bench.have.has(OTHER as PieceIndex)).toBe(true)
  })
})
