import { describe, expect, test } from '@jest/globals'
import { DownloadCredit } from '../src/index.ts'
import { ShapedPeers } from './shaped-peers.ts'
import { SwarmBench } from './swarm-bench.ts'

const PIECES = 6_000
const NOTHING = '.'.repeat(PIECES)
const ALL = '#'.repeat(PIECES)

/** Credit for 1,024 blocks. */
function crowd(rates: readonly number[], blocks = 8): { bench: SwarmBench; peers: ShapedPeers } {
  const bench = new SwarmBench({ have: NOTHING, blocks, credit: new DownloadCredit(16 * 1024 * 1024) })
  const peers = new ShapedPeers(bench)
  for (const rate of rates) peers.join(ALL, rate)
  return { bench, peers }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

describe('what waits for the disk', () => {
  const MIB = 1_048_576

  test('counts no more than what is requested up to an eighth of the budget, and five times beyond', () => {
    const credit = new DownloadCredit(64 * MIB)
    expect(credit.take(40 * MIB)).toBe(true)
    credit.wait(8 * MIB)
    expect(credit.free).toBe(24 * MIB)
    credit.wait(5 * MIB)
    expect(credit.free).toBe(4 * MIB)
    expect(credit.take(4 * MIB + 1)).toBe(false)
    credit.wait(2 * MIB)
    expect(credit.free).toBe(-4 * MIB)
    expect(credit.used).toBe(40 * MIB)
    expect(credit.take(1)).toBe(false)
    credit.wait(-15 * MIB)
    expect(credit.take(24 * MIB)).toBe(true)
  })

  test('stops requests, and they go on when it is written', () => {
    const credit = new DownloadCredit(16 * MIB)
    const bench = new SwarmBench({ have: NOTHING, blocks: 8, credit })
    const peer = bench.join(ALL)
    const round = () => {
      const requests = bench.sent(peer, 'request')
      bench.clear()
      bench.answer(peer, requests)
      bench.commitAll()
      return requests.length
    }
    for (let at = 0; at < 20; at++) round()
    expect(round()).toBeGreaterThan(0)
    credit.wait(15 * MIB)
    for (let at = 0; at < 20; at++) round()
    expect(round()).toBe(0)
    credit.wait(-15 * MIB)
    bench.wait(500)
    expect(bench.sent(peer, 'request').length).toBeGreaterThan(0)
    expect(round()).toBeGreaterThan(0)
  })
})

describe('what each of many peers gets of the credit', () => {
  test('nobody waits for work while others have more than they can send', () => {
    // 40 of 2 MB/s: three seconds of each would be fourteen times the credit.
    const { peers } = crowd(Array.from({ length: 40 }, () => 12))
    for (let at = 0; at < 30; at++) peers.tick()
    const before = sum(peers.peers.map(({ served }) => served))
    let idle = 0
    for (let at = 0; at < 30; at++) {
      peers.tick()
      idle += peers.waiting.filter((waiting) => waiting === 0).length
    }
    const blocks = sum(peers.peers.map(({ served }) => served)) - before
    expect(blocks).toBeGreaterThan(0.95 * 30 * 40 * 12)
    expect(idle).toBeLessThan(0.05 * 30 * 40)
  })

  test('a faster one has more, so that all queues last equally long', () => {
    const { peers } = crowd([100, 100, ...Array.from({ length: 20 }, () => 10)])
    const waiting = peers.peers.map(() => 0)
    for (let at = 0; at < 80; at++) {
      peers.tick()
      if (at < 40) continue
      for (const [peer, count] of peers.waiting.entries()) waiting[peer] = (waiting[peer] ?? 0) + count / 40
    }
    const [first = 0, second = 0, ...slow] = waiting
    const [least, most] = [Math.min(...slow), Math.max(...slow)]
    expect(most).toBeLessThan(2 * least)
    for (const fast of [first, second]) expect(fast).toBeGreaterThan(4 * most)
  })

  test('what is not known to be fast has no more than an equal share', () => {
    const { bench, peers } = crowd(Array.from({ length: 50 }, () => 200))
    for (let at = 0; at < 9; at++) {
      peers.tick()
      const depths = bench.engine.peers().map(({ pipelineDepth }) => pipelineDepth)
      expect(Math.max(...depths)).toBeLessThanOrEqual(1_024 / 50 + 1)
    }
  })

  test('a few peers have as much as ever: three seconds of their rate', () => {
    const { bench, peers } = crowd([3, 3])
    for (let at = 0; at < 80; at++) peers.tick()
    for (const { pipelineDepth, downRate } of bench.engine.peers()) {
      expect(Math.abs(pipelineDepth - (3 * downRate) / 16_384)).toBeLessThan(4)
    }
  })

  test('pieces that wait for one peer each do not take the credit of everybody', () => {
    // One piece of each would be two and a half times the credit.
    const { bench, peers } = crowd(
      Array.from({ length: 40 }, () => 12),
      64,
    )
    for (let at = 0; at < 30; at++) peers.tick()
    let unwritten = 0
    for (let at = 0; at < 30; at++) {
      peers.tick()
      unwritten += bench.engine.stats.unwrittenBytes / 30
    }
    expect(unwritten).toBeLessThan(0.6 * 16 * 1024 * 1024)
  })

  test('where the credit comes back at once, some have a bunch of requests and not all of them a few', () => {
    // An equal share would be ten blocks, which are sent within ten milliseconds.
    const { peers } = crowd(Array.from({ length: 100 }, () => 100))
    for (let at = 0; at < 20; at++) peers.tick()
    const [requests, bunches] = [peers.requests, peers.bunches]
    for (let at = 0; at < 20; at++) peers.tick()
    // 16 today.
    expect((peers.requests - requests) / (peers.bunches - bunches)).toBeGreaterThan(12)
    // Everybody has a turn.
    expect(Math.min(...peers.peers.map(({ served }) => served))).toBeGreaterThan(0)
  })

  test('requests go out in bunches, however many peers there are', () => {
    const { peers } = crowd(Array.from({ length: 40 }, () => 30))
    for (let at = 0; at < 40; at++) peers.tick()
    // 11 today, of the 25 of an equal share.
    expect(peers.requests / peers.bunches).toBeGreaterThan(8)
  })
})
