import { describe, expect, test } from '@jest/globals'
import { BLOCK_LENGTH } from '@torrential/primitives'
import { must, SwarmBench } from './swarm-bench.ts'
import { v2Sample } from './v2-sample.ts'

const sample = v2Sample(4, 4)

function reading(start: number) {
  const bench = new SwarmBench({ have: '....', blocks: 4, trees: sample.trees(), options: { maxRequests: 2 } })
  const window = bench.engine.openWindow({ start, end: 4 }, bench.now)
  const [a, b] = [bench.join('####'), bench.join('####')]
  return { bench, window, a, b }
}

/** Blocks told to readers, as `piece:block`. */
function told(bench: SwarmBench): string[] {
  return bench.events('block').map(({ piece, offset }) => `${piece}:${offset / BLOCK_LENGTH}`)
}

describe('A reader of a v2 torrent', () => {
  test('has the hashes of the blocks of its next two pieces asked for, each once', () => {
    const { bench, a, b, window } = reading(1)
    const requests = [...bench.sent(a, 'hash-request'), ...bench.sent(b, 'hash-request')]
    expect(requests.map(({ index, length, baseLayer }) => [baseLayer, index, length])).toEqual([
      [0, 4, 4],
      [0, 8, 4],
    ])
    bench.clear()
    window.move({ start: 2, end: 4 }, bench.now)
    bench.drain()
    const more = [...bench.sent(a, 'hash-request'), ...bench.sent(b, 'hash-request')]
    expect(more.map(({ index }) => index)).toEqual([12])
  })

  test('hears of each right block as it comes, before the piece is whole', () => {
    const { bench, a, b } = reading(0)
    const [first] = [...bench.sent(a, 'hash-request'), ...bench.sent(b, 'hash-request')]
    expect(first).toMatchObject({ index: 0 })
    const [early, later] = bench.sent(a, 'request')
    bench.answer(a, [must(early)])
    expect(told(bench)).toEqual([])
    // What was here before the hashes is told when they come.
    bench.say(a, sample.answer(must(first)))
    expect(told(bench)).toEqual(['0:0'])
    bench.answer(a, [must(later)])
    expect(told(bench)).toEqual(['0:0', '0:1'])
    expect(must(bench.events('block')[1]).block).toEqual(bench.bytes(0, 1))
    expect(bench.actionsOf('commit')).toEqual([])
  })

  test('never hears of a wrong block: its sender is banned at once, whenever the hashes came', () => {
    const { bench, a, b } = reading(0)
    const [first] = [...bench.sent(a, 'hash-request'), ...bench.sent(b, 'hash-request')]
    const [early] = bench.sent(a, 'request')
    const [other, next] = bench.sent(b, 'request')
    bench.answer(a, [must(early)], 1)
    bench.answer(b, [must(other)])
    bench.say(a, sample.answer(must(first)))
    expect(bench.events('banned').map(({ peer }) => peer)).toEqual([a])
    expect(told(bench)).toEqual(['0:2'])
    bench.answer(b, [must(next)], 1)
    expect(bench.events('banned').map(({ peer }) => peer)).toEqual([a, b])
    expect(told(bench)).toEqual(['0:2'])
    const c = bench.join('####')
    bench.serve(c)
    expect(bench.engine.have.isComplete).toBe(true)
    expect(bench.engine.stats).toMatchObject({ unwrittenBytes: 0, requestedBytes: 0 })
  })

  test('that goes takes its wishes along', () => {
    const { bench, a, b, window } = reading(0)
    const [first] = [...bench.sent(a, 'hash-request'), ...bench.sent(b, 'hash-request')]
    window.close(bench.now)
    bench.say(a, sample.answer(must(first)))
    bench.answer(a, bench.sent(a, 'request').slice(0, 1))
    expect(told(bench)).toEqual([])
    bench.wait(15_000, [a, b])
    expect([...bench.sent(a, 'hash-request'), ...bench.sent(b, 'hash-request')]).toHaveLength(2)
  })

  test('is told nothing of the kind when nobody has hashes of blocks to give', () => {
    const { bench, a, b } = reading(0)
    for (const peer of [a, b]) {
      for (const request of bench.sent(peer, 'hash-request')) bench.say(peer, { ...request, type: 'hash-reject' })
    }
    bench.serve(a)
    bench.serve(b)
    bench.serve(a)
    expect(told(bench)).toEqual([])
    expect(bench.engine.have.isComplete).toBe(true)
  })
})
