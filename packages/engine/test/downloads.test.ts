import { encodeExtensionHandshake } from '@torrential/protocol'
import { peerAddress, type PieceIndex } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { DownloadCredit } from '../src/index.ts'
import { draw, must, PLAIN, SwarmBench } from './swarm-bench.ts'

describe('Downloads', () => {
  test('commits a piece with its blocks in order, as the views that came', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 3 })
    const peer = bench.join('#####')
    const requests = bench.sent(peer, 'request')
    const views = requests.map(({ offset }) => bench.bytes(4, offset / 16_384))
    for (const at of [2, 0, 1]) {
      const { offset } = must(requests[at])
      bench.say(peer, { type: 'piece', piece: 4, offset, block: must(views[at]) })
    }
    const [commit] = bench.actionsOf('commit')
    expect(commit?.blocks.every((block, at) => block === views[at])).toBe(true)
    expect(bench.engine.stats).toMatchObject({ unwrittenBytes: 3 * 16_384, requestedBytes: 0, downloaded: 3 * 16_384 })
    bench.clear()
    bench.engine.committed(4 as PieceIndex, bench.now)
    bench.drain()
    expect(bench.engine.stats).toMatchObject({ unwrittenBytes: 0, isFinished: true })
    expect(bench.sent(peer, 'have')).toEqual([{ type: 'have', piece: 4 }])
    expect(bench.events('finished')).toHaveLength(1)
  })

  test('tells of a piece at once who lacks it, and within ten seconds, together, who has it', () => {
    const bench = new SwarmBench({ have: '......' })
    const [seed, other] = [bench.join('######', { choking: true }), bench.join('......')]
    const haves = (peer: typeof seed) => bench.sent(peer, 'have').map(({ piece }) => piece)
    for (const piece of [0, 1, 2]) bench.engine.gained(piece as PieceIndex, bench.now)
    bench.drain()
    expect([haves(other), haves(seed)]).toEqual([[0, 1, 2], []])
    // Never told, so there is nothing to take back.
    bench.engine.lost(1 as PieceIndex, bench.now)
    bench.wait(10_000)
    expect([haves(other), haves(seed)]).toEqual([
      [0, 1, 2],
      [0, 2],
    ])
    bench.wait(10_000)
    expect(haves(seed)).toEqual([0, 2])
  })

  test('tells who has a piece already together with the next requests: they leave in one write', () => {
    const bench = new SwarmBench({ have: '.'.repeat(40), blocks: 4 })
    const seed = bench.join('#'.repeat(40))
    const writes: string[] = []
    for (let at = 0; at < 20; at++) {
      const requests = bench.sent(seed, 'request')
      bench.clear()
      bench.answer(seed, requests)
      bench.commitAll()
      const types = bench.actions.flatMap((action) => {
        if (action.type === 'send-haves') return ['have']
        return action.type === 'send' ? [action.message.type] : []
      })
      if (types.length > 0) writes.push([...new Set(types)].sort().join(' '))
    }
    expect(bench.engine.have.count).toBe(40)
    expect(writes.filter((types) => types.startsWith('have')).every((types) => types !== 'have')).toBe(true)
    expect(writes).toContain('have request')
  })

  test('a piece that is lost is taken back from those only who were told of it (BEP 54)', () => {
    const bench = new SwarmBench({ have: '.......' })
    const [early, late] = [bench.join('#######', { choking: true }), bench.join('#######', { choking: true })]
    const payload = encodeExtensionHandshake({ extensions: new Map([['lt_donthave', 7]]) })
    for (const peer of [early, late]) bench.say(peer, { type: 'extended', id: 0, payload })
    const told = (peer: typeof early) => bench.sent(peer, 'have').map(({ piece }) => piece)
    const takenBack = (peer: typeof early) => bench.sent(peer, 'extended').filter(({ id }) => id === 7).length
    const gain = (...pieces: number[]) => {
      for (const piece of pieces) bench.engine.gained(piece as PieceIndex, bench.now)
    }
    gain(0, 1)
    bench.wait(10_000)
    gain(2, 3, 4)
    // Only one of them joined before the pieces came.
    const joined = bench.join('.......')
    expect(bench.sent(joined, 'bitfield')).toHaveLength(1)
    gain(5)
    bench.engine.lost(3 as PieceIndex, bench.now)
    bench.engine.lost(0 as PieceIndex, bench.now)
    bench.wait(10_000)
    expect([told(early), told(late), told(joined)]).toEqual([[0, 1, 2, 4, 5], [0, 1, 2, 4, 5], [5]])
    expect([takenBack(early), takenBack(late)]).toEqual([1, 1])
  })

  test('keeps interest exact, piece by piece', () => {
    const bench = new SwarmBench({ have: '####....' })
    const peer = bench.join('####....')
    expect(bench.sent(peer, 'interested')).toHaveLength(0)
    bench.say(peer, { type: 'have', piece: 5 }, { type: 'have', piece: 5 })
    expect(bench.sent(peer, 'interested')).toHaveLength(1)
    bench.serve(peer)
    expect(bench.sent(peer, 'not-interested')).toHaveLength(1)
    bench.engine.lost(0 as PieceIndex, bench.now)
    bench.drain()
    expect(bench.sent(peer, 'interested')).toHaveLength(2)
    bench.engine.gained(0 as PieceIndex, bench.now)
    bench.drain()
    expect(bench.sent(peer, 'not-interested')).toHaveLength(2)
    expect(draw(bench.engine.have)).toBe('#####'.slice(0, 4) + '.#..')
  })

  test('bans the only sender of a piece that failed, and asks others', () => {
    const bench = new SwarmBench({ have: '####.' })
    const liar = bench.join('#####', { host: '203.0.113.9' })
    const requests = bench.sent(liar, 'request')
    bench.answer(liar, requests, 100)
    bench.engine.rejected(4 as PieceIndex, bench.now)
    bench.drain()
    expect(bench.events('banned')).toEqual([{ type: 'banned', peer: liar, piece: 4 }])
    expect(bench.closed(liar)).toBe('PEER_BANNED')
    expect(bench.engine.isBanned(peerAddress('203.0.113.9', 40_000))).toBe(true)
    expect(bench.engine.stats).toMatchObject({ wasted: 2 * 16_384, unwrittenBytes: 0 })
    const again = bench.join('#####', { host: '203.0.113.9' })
    expect(bench.closed(again)).toBe('PEER_BANNED')
    const honest = bench.join('#####')
    bench.serve(honest)
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test('finds the culprit among several senders when the piece passes, and bans nobody else', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 8 })
    const liar = bench.join('#####')
    const honest = bench.join('#####')
    const theirs = [bench.sent(liar, 'request'), bench.sent(honest, 'request')] as const
    expect(theirs.map(({ length }) => length)).toEqual([4, 4])
    bench.clear()
    bench.answer(liar, theirs[0], 100)
    bench.answer(honest, theirs[1])
    bench.clear()
    bench.engine.rejected(4 as PieceIndex, bench.now)
    bench.drain()
    expect(bench.events('banned')).toEqual([])
    // Both are on parole now, and the piece is for one of them alone.
    const [first] = bench.asked(honest).length > 0 ? [honest] : [liar]
    expect(bench.asked(first === honest ? liar : honest)).toEqual([])
    if (first === liar) {
      bench.leave(liar)
      bench.say(honest, { type: 'keep-alive' })
    }
    bench.serve(honest)
    expect(bench.engine.stats.isFinished).toBe(true)
    expect(bench.events('banned')).toEqual([{ type: 'banned', peer: liar, piece: 4 }])
    expect(bench.closed(honest)).toBe('SEED_TO_SEED')
  })

  test('blames nobody when the disk fails, and wants the piece again', () => {
    const bench = new SwarmBench({ have: '####.' })
    const peer = bench.join('#####')
    bench.answer(peer, bench.sent(peer, 'request'))
    bench.clear()
    bench.engine.failed(4 as PieceIndex, bench.now)
    bench.drain()
    expect(bench.asked(peer)).toEqual(['4:0', '4:1'])
    expect(bench.engine.stats).toMatchObject({ wasted: 0, unwrittenBytes: 0 })
  })

  test('writes a piece above the limit in runs, lets go of them, and has it verified at the end', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 40, options: { wholePieceLimit: 16_384 * 10 } })
    const peer = bench.join('#####')
    let most = 0
    for (let round = 0; round < 100 && bench.actionsOf('verify').length === 0; round++) {
      const requests = bench.sent(peer, 'request')
      bench.actions = bench.actions.filter(({ type }) => type !== 'send')
      bench.answer(peer, requests)
      most = Math.max(most, bench.engine.stats.unwrittenBytes)
      for (const { piece, offset, blocks } of bench.actionsOf('write')) {
        expect(blocks.length).toBeGreaterThanOrEqual(offset + blocks.length * 16_384 === 40 * 16_384 ? 1 : 16)
        bench.engine.written(piece, offset, blocks.length * 16_384, bench.now)
      }
      bench.actions = bench.actions.filter(({ type }) => type !== 'write')
      bench.drain()
    }
    expect(bench.actionsOf('commit')).toEqual([])
    expect(bench.actionsOf('verify')).toEqual([{ type: 'verify', piece: 4 }])
    expect(most).toBeLessThan(40 * 16_384)
    expect(bench.engine.stats.unwrittenBytes).toBe(0)
    bench.engine.committed(4 as PieceIndex, bench.now)
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test('writes the runs of a piece in order while a gap in it is short, and what is far behind one before it is filled', () => {
    const options = { wholePieceLimit: 0, writeRun: 4 * 16_384 }
    const bench = new SwarmBench({ have: '####.', blocks: 80, options })
    const peer = bench.join('#####')
    // One by one: with every answer more is asked for.
    const answer = (from: number, to: number) => {
      for (let at = from; at < to; at++) bench.answer(peer, bench.sent(peer, 'request').slice(at, at + 1))
    }
    const written = () =>
      bench.actionsOf('write').map(({ offset, blocks }) => [offset / 16_384, offset / 16_384 + blocks.length])
    answer(0, 4)
    answer(5, 36)
    expect(written()).toEqual([[0, 4]])
    answer(4, 5)
    expect(written()).toEqual([
      [0, 4],
      [4, 36],
    ])
    // Without block 36 eight times as much has to wait behind it.
    answer(37, 68)
    expect(written()).toHaveLength(2)
    answer(68, 69)
    expect(written().slice(2)).toEqual([[37, 69]])
    answer(36, 37)
    answer(69, 73)
    expect(written().slice(3)).toEqual([
      [36, 37],
      [69, 73],
    ])
  })

  test('does not let a quarter of the credit wait behind a gap', () => {
    const credit = new DownloadCredit(32 * 16_384)
    const options = { wholePieceLimit: 0, writeRun: 4 * 16_384 }
    const bench = new SwarmBench({ have: '####.', blocks: 80, options, credit })
    const peer = bench.join('#####')
    for (let at = 0; at < 13; at++) {
      if (at !== 4) bench.answer(peer, bench.sent(peer, 'request').slice(at, at + 1))
    }
    expect(bench.actionsOf('write').map(({ offset, blocks }) => [offset / 16_384, blocks.length])).toEqual([
      [0, 4],
      [5, 8],
    ])
  })

  test('starts a piece over only when no run of its old content is on its way to the disk', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 4, options: { wholePieceLimit: 0, writeRun: 16_384 } })
    const peer = bench.join('#####')
    bench.answer(peer, bench.sent(peer, 'request').slice(0, 3))
    const runs = bench.actionsOf('write').length
    expect(runs).toBeGreaterThan(1)
    bench.clear()
    bench.engine.failed(4 as PieceIndex, bench.now)
    bench.drain()
    for (let left = runs - 1; left > 0; left--) {
      expect(bench.asked(peer)).toEqual([])
      bench.engine.written(4 as PieceIndex, (runs - left) * 16_384, 16_384, bench.now)
      bench.drain()
    }
    expect(bench.asked(peer)).toEqual(['4:0', '4:1', '4:2', '4:3'])
    expect(bench.engine.stats.unwrittenBytes).toBe(0)
  })

  test('gives a suspect piece that a silent peer holds up to somebody else', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 8 })
    const liar = bench.join('#####')
    const honest = bench.join('#####')
    const theirs = [bench.sent(liar, 'request'), bench.sent(honest, 'request')] as const
    bench.answer(liar, theirs[0], 100)
    bench.answer(honest, theirs[1])
    bench.clear()
    bench.engine.rejected(4 as PieceIndex, bench.now)
    bench.drain()
    const [owner, other] = bench.asked(liar).length > 0 ? [liar, honest] : [honest, liar]
    bench.wait(31_000, [owner, other])
    expect(bench.asked(other).length).toBeGreaterThan(0)
  })

  test('takes a suspect piece from an owner that became slow, when an idle peer was much faster', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 40 })
    const both = [bench.join('#####'), bench.join('#####')] as const
    for (let round = 0; round < 20 && bench.actionsOf('commit').length === 0; round++) {
      const requests = both.map((peer) => bench.sent(peer, 'request'))
      bench.actions = bench.actions.filter(({ type }) => type !== 'send')
      both.forEach((peer, at) => bench.answer(peer, must(requests[at]), at === 0 ? 100 : 0))
      bench.now += 50
    }
    bench.wait(1_500, both)
    bench.clear()
    bench.engine.rejected(4 as PieceIndex, bench.now)
    bench.drain()
    const [slow, idle] = bench.asked(both[0]).length > 0 ? both : ([both[1], both[0]] as const)
    expect(bench.asked(idle)).toEqual([])
    for (let block = 0; block < 10; block++) {
      bench.answer(slow, bench.sent(slow, 'request').slice(block, block + 1))
      bench.wait(2_000, both)
    }
    expect(bench.asked(idle).length).toBeGreaterThan(0)
    expect(bench.sent(slow, 'cancel').length).toBeGreaterThan(0)
  })

  test('asks for no more than the credit pays, and goes on when the disk has caught up', () => {
    const credit = new DownloadCredit(4 * 16_384)
    const bench = new SwarmBench({ have: `####${'.'.repeat(20)}`, blocks: 1, credit })
    const peer = bench.join('#'.repeat(24))
    const first = bench.sent(peer, 'request')
    expect(first).toHaveLength(4)
    bench.answer(peer, first)
    expect(bench.sent(peer, 'request')).toHaveLength(4)
    expect(credit.used).toBe(4 * 16_384)
    expect(bench.commitAll()).toHaveLength(4)
    expect(bench.sent(peer, 'request').length).toBeGreaterThan(4)
    expect(credit.used).toBeLessThanOrEqual(credit.budget)
  })

  test('tries again by itself when another engine had the credit', () => {
    const credit = new DownloadCredit(4 * 16_384)
    const [rich, poor] = [1, 2].map(
      (seed) => new SwarmBench({ have: `####${'.'.repeat(8)}`, blocks: 1, credit, seed }),
    ) as [SwarmBench, SwarmBench]
    const source = rich.join('#'.repeat(12))
    expect(rich.asked(source)).toHaveLength(4)
    const other = poor.join('#'.repeat(12))
    expect(poor.asked(other)).toEqual([])
    expect(poor.engine.deadline - poor.now).toBeLessThanOrEqual(20)
    rich.engine[Symbol.dispose]()
    expect(credit.used).toBe(0)
    poor.wait(40, [])
    expect(poor.asked(other).length).toBeGreaterThan(0)
  })

  test('writes out pieces that wait for a peer when nothing else would free the credit', () => {
    const credit = new DownloadCredit(4 * 16_384)
    const bench = new SwarmBench({ have: '####....', blocks: 2, credit, options: { wholePieceLimit: 32_768 } })
    const peers = ['####...#', '####..#.', '####.#..', '#####...'].map((pieces) => bench.join(pieces))
    // Two pieces fill the credit; their peers answer half of each and leave.
    for (const peer of peers) bench.answer(peer, bench.sent(peer, 'request').slice(0, 1))
    for (const peer of peers.slice(0, 2)) bench.leave(peer)
    bench.wait(7_000, peers.slice(2))
    for (const { piece, offset, blocks } of bench.actionsOf('write')) {
      bench.engine.written(piece, offset, blocks.length * 16_384, bench.now)
    }
    bench.wait(1_000, peers.slice(2))
    for (const peer of peers.slice(2)) bench.serve(peer)
    expect(bench.engine.stats.unwrittenBytes + bench.engine.stats.requestedBytes).toBeLessThanOrEqual(4 * 16_384)
  })

  test('pauses for good: requests are cancelled, everybody is choked, nothing goes out until it resumes', () => {
    const bench = new SwarmBench({ have: '####....', blocks: 4 })
    const peer = bench.join('########')
    bench.say(peer, { type: 'interested' }, { type: 'request', piece: 0, offset: 0, length: 16_384 })
    bench.clear()
    bench.engine.pause(bench.now)
    bench.drain()
    expect(bench.sent(peer, 'cancel')).toHaveLength(4)
    expect(bench.sent(peer, 'choke')).toHaveLength(1)
    expect(bench.sent(peer, 'reject')).toHaveLength(1)
    expect(bench.engine.stats).toMatchObject({ isPaused: true, requestedBytes: 0 })
    bench.clear()
    const late = bench.join('########')
    bench.say(late, { type: 'interested' })
    bench.wait(40_000, [peer, late])
    expect([...bench.sent(peer, 'request'), ...bench.sent(late, 'request'), ...bench.sent(late, 'unchoke')]).toEqual([])
    bench.engine.resume(bench.now)
    bench.drain()
    expect(bench.sent(peer, 'unchoke')).toHaveLength(1)
    expect(bench.sent(late, 'request').length + bench.sent(peer, 'request').length).toBeGreaterThan(4)
  })

  test('does not count on blocks after a choke without BEP 6, yet takes those that still come', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 2 })
    const peer = bench.join('#####', { capabilities: PLAIN })
    const requests = bench.sent(peer, 'request')
    bench.say(peer, { type: 'choke' })
    expect(bench.engine.stats.requestedBytes).toBe(0)
    bench.answer(peer, requests.slice(0, 1))
    // The first one opened nothing: no piece waits for it any more.
    expect(bench.events('waste')).toMatchObject([{ reason: 'late' }])
  })

  test('does not ask again for what a peer owes that choked and let us in again (BEP 6), but for what it rejects', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 4 })
    const peer = bench.join('#####')
    const asked = bench.sent(peer, 'request')
    expect(asked).toHaveLength(4)
    bench.clear()
    bench.say(peer, { type: 'choke' }, { type: 'unchoke' })
    expect(bench.asked(peer)).toEqual([])
    const [{ piece, offset, length }] = asked as [(typeof asked)[0]]
    bench.say(peer, { type: 'reject', piece, offset, length })
    bench.answer(peer, asked.slice(1))
    expect(bench.events('waste')).toEqual([])
    bench.wait(1_000, [peer])
    expect(bench.asked(peer)).toEqual([])
    // Whoever refused a block is not asked for its piece until it unchokes us anew.
    bench.say(peer, { type: 'choke' }, { type: 'unchoke' })
    expect(bench.asked(peer)).toEqual([`${piece}:${offset / 16_384}`])
  })

  test('asks again for what a peer owes and does not give: once is enough of waiting', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 4 })
    const peer = bench.join('#####')
    bench.say(peer, { type: 'choke' }, { type: 'unchoke' })
    bench.clear()
    bench.wait(180_000, [peer])
    expect(bench.asked(peer).length).toBeGreaterThan(0)
  })

  test('lets others have the blocks of a peer that chokes at once, and still takes what it sends (BEP 6)', () => {
    const bench = new SwarmBench({ have: '####.', blocks: 2 })
    const first = bench.join('#####')
    const second = bench.join('#####')
    const requests = bench.sent(first, 'request')
    expect(requests).toHaveLength(2)
    bench.say(first, { type: 'choke' })
    expect(bench.asked(second)).toEqual(['4:1', '4:0'])
    bench.answer(first, requests.slice(0, 1))
    expect(bench.sent(second, 'cancel')).toMatchObject([{ piece: 4, offset: 0 }])
    expect(bench.engine.stats).toMatchObject({ wasted: 0, unwrittenBytes: 16_384, requestedBytes: 16_384 })
  })

  test('takes part in swarms of peers that leave pieces out, and finishes with a changed selection', () => {
    const bench = new SwarmBench({ have: '........', blocks: 1 })
    bench.engine.setPriorities(Uint8Array.from([4, 0, 4, 0, 0, 0, 0, 0]), bench.now)
    const peer = bench.join('########')
    bench.serve(peer)
    expect(draw(bench.engine.have)).toBe('#.#.....')
    expect(bench.events('finished')).toHaveLength(1)
    expect(bench.closed(peer)).toBe('SEED_TO_SEED')
    bench.clear()
    bench.engine.setPriorities(new Uint8Array(8).fill(4), bench.now)
    const next = bench.join('########')
    bench.serve(next)
    expect(bench.engine.stats).toMatchObject({ isFinished: true, isComplete: true, piecesWanted: 8 })
    expect(bench.events('finished')).toHaveLength(1)
  })
})
