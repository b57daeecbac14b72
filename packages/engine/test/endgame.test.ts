import { describe, expect, test } from '@jest/globals'
import { SlabPool } from '@torrential/primitives'
import { ShapedPeers } from './shaped-peers.ts'
import { must, PLAIN, SwarmBench } from './swarm-bench.ts'

/** One piece of eight blocks is missing; `slow` was asked for all of it and answers nothing. */
function lastPiece(options = {}) {
  const bench = new SwarmBench({ have: '#####.', blocks: 8, options })
  const slow = bench.join('######')
  // Four in slow start; two answers make room for the rest.
  bench.answer(slow, bench.sent(slow, 'request').slice(0, 2))
  bench.wait(1_000, [slow])
  return { bench, slow }
}

describe('Endgame', () => {
  test('begins when every wanted block was asked for, and ends with the piece', () => {
    const { bench, slow } = lastPiece()
    expect(bench.events('endgame')).toEqual([{ type: 'endgame', active: true }])
    expect(bench.engine.stats.isEndgame).toBe(true)
    bench.answer(slow, bench.sent(slow, 'request').slice(2))
    bench.commitAll()
    expect(bench.events('endgame').at(-1)).toEqual({ type: 'endgame', active: false })
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test('asks an idle peer for what waits at another one, from the end, each block once', () => {
    const { bench } = lastPiece()
    const idle = bench.join('######')
    expect(bench.asked(idle)[0]).toBe('5:7')
    const third = bench.join('######')
    const asked = [...bench.asked(idle), ...bench.asked(third)]
    expect(new Set(asked).size).toBe(asked.length)
  })

  test('cancels the request that lost the race, and does not count its block twice', () => {
    const { bench, slow } = lastPiece()
    const idle = bench.join('######')
    bench.clear()
    bench.answer(idle, [{ type: 'request', piece: 5, offset: 7 * 16_384, length: 16_384 }])
    expect(bench.sent(slow, 'cancel')).toMatchObject([{ piece: 5, offset: 7 * 16_384 }])
    const { downloaded } = bench.engine.stats
    bench.answer(slow, [{ type: 'request', piece: 5, offset: 7 * 16_384, length: 16_384 }])
    expect(bench.engine.stats.downloaded).toBe(downloaded)
    expect(bench.events('waste')).toMatchObject([{ peer: slow, bytes: 16_384, reason: 'late' }])
  })

  test('asks nobody twice for what comes soon anyway', () => {
    const bench = new SwarmBench({ have: '.'.repeat(400), blocks: 8 })
    const peers = new ShapedPeers(bench)
    for (let at = 0; at < 20; at++) peers.join('#'.repeat(400), 12)
    for (let at = 0; at < 60 && !bench.engine.stats.isFinished; at++) peers.tick()
    expect(bench.engine.stats.isFinished).toBe(true)
    // Of 3,200 blocks, at 20 peers that are equally fast.
    expect(peers.requests - 3_200).toBeLessThan(32)
    expect(peers.cancels).toBeLessThan(32)
  })

  test('gives the memory of a block back that is of no use', () => {
    const { bench, slow } = lastPiece()
    const idle = bench.join('######')
    const request = { type: 'request', piece: 5, offset: 7 * 16_384, length: 16_384 } as const
    bench.answer(idle, [request])
    const pool = new SlabPool()
    for (const [peer, offset] of [
      [slow, request.offset],
      [idle, request.offset],
    ] as const) {
      const slab = must(pool.lend(16_384))
      bench.say(peer, { type: 'piece', piece: 5, offset, block: slab.handOut(0, 16_384) })
      slab.close()
    }
    expect(bench.events('waste')).toMatchObject([{ reason: 'late' }, { reason: 'unexpected' }])
    expect(pool.lent).toBe(0)
  })

  test('takes over the whole rest of a peer that has stopped, long before its requests time out', () => {
    const { bench, slow } = lastPiece()
    const quick = bench.join('######')
    for (let second = 0; second < 8 && !bench.engine.stats.isFinished; second++) {
      bench.serve(quick)
      bench.wait(1_000, [slow, quick])
    }
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test('gives the blocks of a peer that leaves to the others at once', () => {
    const bench = new SwarmBench({ have: '####..', blocks: 4 })
    const first = bench.join('######')
    const second = bench.join('######', { choking: true })
    expect(bench.asked(first)).toHaveLength(4)
    bench.say(second, { type: 'unchoke' })
    bench.serve(second)
    bench.leave(first)
    bench.serve(second)
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test('gives the blocks of a silent peer to others after the request timeout, and snubs it', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 4 })
    const silent = bench.join('#####', { capabilities: PLAIN })
    bench.wait(31_000, [silent])
    expect(bench.events('snubbed')).toEqual([{ type: 'snubbed', peer: silent }])
    expect(bench.engine.peer(silent)).toMatchObject({ snubbed: true, pipelineDepth: 1 })
    const other = bench.join('#####')
    bench.serve(other)
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test('does not wait for peers that hold the last blocks and send nothing, when one that sends has nothing to do', () => {
    const bench = new SwarmBench({ have: `####${'.'.repeat(41)}`, blocks: 4 })
    const quick = bench.join(`${'#'.repeat(44)}.`)
    bench.serve(quick)
    bench.wait(1_000, [quick])
    // One was asked, the others were asked for the same once more, until nothing was left to ask.
    const join = () => bench.join('#'.repeat(45))
    const silent = [join(), join(), join(), join(), join()]
    bench.say(quick, { type: 'have', piece: 44 })
    bench.clear()
    bench.wait(1_500, [quick, ...silent])
    expect(bench.asked(quick)).toEqual([])
    bench.wait(2_500, [quick, ...silent])
    expect(bench.events('snubbed').map(({ peer }) => peer)).toEqual(expect.arrayContaining(silent))
    expect(bench.asked(quick)).toHaveLength(4)
    bench.serve(quick)
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test('waits for a silent peer as long as nobody with a known speed has nothing to do', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 4 })
    const silent = [bench.join('#####'), bench.join('#####'), bench.join('#####')]
    bench.wait(29_000, silent)
    expect(bench.events('snubbed')).toEqual([])
  })

  test('takes a late block when it is still needed, and forgives the peer', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 4 })
    const silent = bench.join('#####')
    const requests = bench.sent(silent, 'request')
    bench.wait(31_000, [silent])
    bench.answer(silent, requests)
    bench.commitAll()
    expect(bench.engine.stats).toMatchObject({ isFinished: true, wasted: 0, requestedBytes: 0, unwrittenBytes: 0 })
  })
})
