import { describe, expect, test } from '@jest/globals'
import { must, SwarmBench } from './swarm-bench.ts'

describe('PiecePicker', () => {
  test('asks for nothing that the peer does not have, nor for what is here', () => {
    const bench = new SwarmBench({ have: '##..##' })
    const peer = bench.join('.##.##')
    expect(bench.piecesAsked(peer)).toEqual([2])
  })

  test('takes the first four pieces by chance and finishes open ones first', () => {
    const first = new Set<number>()
    for (let seed = 1; seed <= 20; seed++) {
      const bench = new SwarmBench({ have: '................', seed, blocks: 8 })
      const peer = bench.join('################')
      const other = bench.join('################')
      const [piece] = bench.piecesAsked(peer)
      // Four blocks each: the second peer joins in the piece that the first one began.
      expect(bench.piecesAsked(other)).toEqual([piece])
      first.add(must(piece))
    }
    expect(first.size).toBeGreaterThan(4)
  })

  test('takes the rarest piece once it has four', () => {
    const bench = new SwarmBench({ have: '####......' })
    bench.join('#######.##', { choking: true })
    bench.join('######..##', { choking: true })
    const peer = bench.join('##########')
    // Copies of what is missing, from piece 4 on: 3 3 2 1 3 3.
    expect(bench.piecesAsked(peer)[0]).toBe(7)
    expect(bench.piecesAsked(peer)[1]).toBe(6)
  })

  test('gives a snubbed peer the most common piece', () => {
    const bench = new SwarmBench({ have: '####......', blocks: 4 })
    bench.join('####.####.', { choking: true })
    bench.join('#####.####', { choking: true })
    const peer = bench.join('####..####')
    bench.wait(31_000, [peer])
    expect(bench.engine.peer(peer)?.snubbed).toBe(true)
    expect(bench.asked(peer).length).toBeGreaterThan(4)
    const copies = bench.engine.availability()
    const [again] = bench.piecesAsked(peer).slice(-1)
    expect(copies[must(again)]).toBe(3)
  })

  test('takes pieces in order when told to', () => {
    const bench = new SwarmBench({ have: '####........', options: { sequential: true } })
    bench.join('####......##', { choking: true })
    const peer = bench.join('############')
    bench.serve(peer, 6)
    expect(bench.engine.have.has(4)).toBe(true)
    expect(bench.engine.have.has(5)).toBe(true)
    expect(bench.engine.have.has(11)).toBe(false)
  })

  test('takes pieces of a higher priority first and skips those of none', () => {
    const bench = new SwarmBench({ have: '####......', blocks: 1 })
    bench.engine.setPriorities(Uint8Array.from([4, 4, 4, 4, 1, 0, 7, 4, 0, 6]), bench.now)
    const peer = bench.join('##########')
    expect(bench.piecesAsked(peer)).toEqual([6, 9, 7, 4])
  })

  test('finishes open pieces before it opens new ones when more are open than 1.5 for each peer', () => {
    const bench = new SwarmBench({ have: '####............', blocks: 4 })
    const openers = [bench.join('################'), bench.join('################'), bench.join('################')]
    for (const peer of openers) {
      const half = bench.sent(peer, 'request').slice(0, 2)
      bench.answer(peer, half)
    }
    for (const peer of openers) bench.leave(peer)
    const open = bench.engine.stats.openPieces
    expect(open).toBeGreaterThanOrEqual(3)
    bench.clear()
    const late = bench.join('################')
    bench.serve(late, 4)
    expect(bench.engine.stats.openPieces).toBeLessThanOrEqual(open)
    expect(bench.engine.stats.piecesHave).toBeGreaterThan(4)
  })

  test('gives a fast peer whole pieces to itself, one behind the other', () => {
    const bench = new SwarmBench({ have: `####${'.'.repeat(60)}`, blocks: 8 })
    const fast = bench.join('#'.repeat(64))
    bench.serve(fast, 40)
    const mine = bench.piecesAsked(fast)
    expect(mine.length).toBeGreaterThan(1)
    bench.clear()
    const slow = bench.join('#'.repeat(64))
    const theirs = bench.piecesAsked(slow)
    expect(theirs.filter((piece) => mine.includes(piece))).toEqual([])
  })

  test('asks a peer in the order of the blocks, piece by piece', () => {
    const bench = new SwarmBench({ have: '####....', blocks: 3 })
    const peer = bench.join('########')
    const [a, b] = bench.piecesAsked(peer)
    expect(bench.asked(peer)).toEqual([`${a}:0`, `${a}:1`, `${a}:2`, `${b}:0`])
  })

  test('takes a suggested piece before a rarer one (BEP 6)', () => {
    const bench = new SwarmBench({ have: '####......', blocks: 4 })
    bench.join('#########.', { choking: true })
    const peer = bench.join('##########', { choking: true })
    bench.say(peer, { type: 'suggest', piece: 5 }, { type: 'unchoke' })
    expect(bench.piecesAsked(peer)).toEqual([5])
  })

  test('asks for allowed-fast pieces while it is choked (BEP 6)', () => {
    const bench = new SwarmBench({ have: '####......' })
    const peer = bench.join('##########', { choking: true })
    expect(bench.asked(peer)).toEqual([])
    bench.say(peer, { type: 'allowed-fast', piece: 8 })
    expect(bench.piecesAsked(peer)).toEqual([8])
  })

  test('does not ask again for what the peer rejected until it unchokes again', () => {
    const bench = new SwarmBench({ have: '####.' })
    const peer = bench.join('#####')
    const requests = bench.sent(peer, 'request')
    expect(requests).toHaveLength(2)
    bench.clear()
    bench.say(peer, ...requests.map((request) => ({ ...request, type: 'reject' as const })))
    expect(bench.asked(peer)).toEqual([])
    bench.say(peer, { type: 'choke' }, { type: 'unchoke' })
    expect(bench.asked(peer)).toEqual(['4:0', '4:1'])
  })

  test('costs one look per pick in a swarm of seeds, and nothing for peers that have nothing to give', () => {
    const bench = new SwarmBench({ have: `####${'.'.repeat(996)}`, blocks: 1 })
    const nothing = bench.join(`####${'.'.repeat(996)}`)
    const all = bench.join('#'.repeat(1_000))
    bench.serve(all)
    expect(bench.engine.stats.isFinished).toBe(true)
    expect(bench.asked(nothing)).toEqual([])
  })
})
