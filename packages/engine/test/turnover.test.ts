// Whom a full torrent parts from. Time is the bench's.
import { describe, expect, test } from '@jest/globals'
import type { PeerKey } from '@torrential/primitives'
import { SwarmBench } from './swarm-bench.ts'

const named = (bench: SwarmBench, after: number, most = 10): readonly PeerKey[] => {
  bench.now += after
  bench.engine.tick(bench.now)
  return bench.engine.leastUseful(bench.now, most)
}

describe('of no use is', () => {
  test('who says nothing for two seconds; keeping the connection alive says nothing', () => {
    const bench = new SwarmBench({ have: '....' })
    const silent = bench.join('', { choking: true })
    bench.say(silent, { type: 'keep-alive' })
    expect(named(bench, 1_999)).toEqual([])
    expect(named(bench, 1)).toEqual([silent])
    bench.say(silent, { type: 'have', piece: 1 })
    expect(named(bench, 0)).toEqual([])
  })

  test('who unchoked us and sends nothing for four seconds, or for ten when it has sent before', () => {
    const bench = new SwarmBench({ have: '....' })
    const [withholder, sender] = [bench.join('####'), bench.join('####')]
    bench.answer(sender, bench.sent(sender, 'request').slice(0, 1))
    expect(named(bench, 3_999)).toEqual([])
    expect(named(bench, 1)).toEqual([withholder])
    expect(named(bench, 6_000)).toEqual([withholder, sender])
  })

  test('who has nothing and wants nothing for half a minute', () => {
    const bench = new SwarmBench({ have: '####' })
    const other = bench.join('....', { choking: true })
    expect(named(bench, 29_999)).toEqual([])
    expect(named(bench, 1)).toEqual([other])
  })

  test('not who chokes us, before five minutes are over', () => {
    const bench = new SwarmBench({ have: '....' })
    const busy = bench.join('####', { choking: true })
    for (let minute = 0; minute < 4; minute++) {
      expect(named(bench, 60_000)).toEqual([])
      bench.say(busy, { type: 'keep-alive' })
    }
    expect(named(bench, 60_000)).toEqual([busy])
  })
})

test('first those of the host that has most of them, and so many as are asked for', () => {
  const bench = new SwarmBench({ have: '....' })
  const lone = bench.join('', { choking: true, host: '10.0.0.1' })
  bench.now += 1_000
  const many = [1, 2].map(() => bench.join('', { choking: true, host: '10.0.0.2' }))
  expect(named(bench, 4_000)).toEqual([...many, lone])
  expect(named(bench, 0, 1)).toEqual([many[0]])
})
