import { describe, expect, test } from '@jest/globals'
import { BLOCK_LENGTH, type PeerKey, type PieceIndex } from '@torrential/primitives'
import { DownloadCredit, type HeldPiece } from '../src/index.ts'
import { must, SwarmBench } from './swarm-bench.ts'

const four = 4 as PieceIndex

function restore(bench: SwarmBench, piece: PieceIndex, block: number, wrong = 0): boolean {
  const blocks = [{ offset: block * BLOCK_LENGTH, block: bench.bytes(piece, block, wrong) }]
  return bench.engine.restorePiece({ piece, written: [], blocks }, bench.now)
}

describe('a block of an earlier engine', () => {
  test('is not asked for again, and goes into its piece', () => {
    const before = new SwarmBench({ have: '####.', blocks: 3 })
    const first = before.join('#####')
    before.answer(first, before.sent(first, 'request').slice(1, 2))
    before.leave(first)
    const held = before.engine.heldPieces()
    expect(held.map(({ piece, written }) => [piece, written])).toEqual([[4, []]])
    expect(Array.from(must(held[0]).blocks, ({ offset }) => offset)).toEqual([BLOCK_LENGTH])

    const bench = new SwarmBench({ have: '####.', blocks: 3 })
    expect(bench.engine.restorePiece(must(held[0]), bench.now)).toBe(true)
    const peer = bench.join('#####')
    expect(bench.asked(peer)).toEqual(['4:0', '4:2'])
    bench.answer(peer, bench.sent(peer, 'request'))
    expect(bench.actionsOf('commit')[0]?.blocks).toEqual([0, 1, 2].map((at) => bench.bytes(4, at)))
    bench.commitAll()
    expect(bench.engine.stats).toMatchObject({ isFinished: true, unwrittenBytes: 0, downloaded: 2 * BLOCK_LENGTH })
  })

  test('that completes its piece is committed with it', () => {
    const bench = new SwarmBench({ have: '####.' })
    const blocks = [0, 1].map((block) => ({ offset: block * BLOCK_LENGTH, block: bench.bytes(4, block) }))
    expect(bench.engine.restorePiece({ piece: four, written: [], blocks }, bench.now)).toBe(true)
    bench.drain()
    expect(bench.commitAll()).toEqual([4])
    expect(bench.engine.stats.isFinished).toBe(true)
  })

  test.each([0, 2])(
    'that is wrong (number %i) costs its piece, and the peer that sent the rest is not banned',
    (block) => {
      const bench = new SwarmBench({ have: '####.', blocks: 3 })
      restore(bench, four, block, 100)
      const peer = bench.join('#####')
      bench.answer(peer, bench.sent(peer, 'request'))
      expect(bench.actionsOf('commit')).toHaveLength(1)
      bench.clear()
      bench.engine.rejected(four, bench.now)
      bench.drain()
      expect(bench.events('banned')).toEqual([])
      expect([...new Set(bench.asked(peer))]).toEqual(['4:0', '4:1', '4:2'])
      bench.answer(peer, bench.sent(peer, 'request'))
      expect(bench.commitAll()).toEqual([4])
      expect(bench.events('banned')).toEqual([])
      expect(bench.engine.stats).toMatchObject({ isFinished: true, unwrittenBytes: 0 })
    },
  )

  test('is of no use when its piece is here, unwanted, or begun already', () => {
    const bench = new SwarmBench({ have: '###..' })
    bench.engine.setPriorities(Uint8Array.of(4, 4, 4, 0, 4), bench.now)
    expect(restore(bench, 0 as PieceIndex, 0)).toBe(false)
    expect(restore(bench, 3 as PieceIndex, 0)).toBe(false)
    expect([restore(bench, four, 0), restore(bench, four, 0)]).toEqual([true, false])
    expect(bench.engine.stats.unwrittenBytes).toBe(BLOCK_LENGTH)
  })

  test('takes no more than half of the credit', () => {
    const credit = new DownloadCredit(4 * BLOCK_LENGTH)
    const bench = new SwarmBench({ have: '.....', blocks: 1, credit, options: { wholePieceLimit: 1 << 20 } })
    const taken = [0, 1, 2, 3].map((piece) => restore(bench, piece as PieceIndex, 0))
    bench.drain()
    expect(taken).toEqual([true, true, false, false])
  })
})

describe('a piece of an earlier engine that is written in runs', () => {
  const options = { wholePieceLimit: 0, writeRun: 2 * BLOCK_LENGTH }
  const setup = { have: '####.', blocks: 5, options }

  /** Answers these blocks of piece 4, and has the runs written that come of it. */
  function fetched(bench: SwarmBench, peer: PeerKey, blocks: readonly number[]): void {
    bench.answer(
      peer,
      bench.sent(peer, 'request').filter(({ offset }) => blocks.includes(offset / BLOCK_LENGTH)),
    )
    writeAll(bench)
  }

  function writeAll(bench: SwarmBench): void {
    const writes = bench.actionsOf('write')
    bench.actions = bench.actions.filter(({ type }) => type !== 'write')
    for (const { piece, offset, blocks } of writes) {
      bench.engine.written(piece, offset, blocks.length * BLOCK_LENGTH, bench.now)
    }
    bench.drain()
  }

  function interrupted(): readonly HeldPiece[] {
    const bench = new SwarmBench(setup)
    fetched(bench, bench.join('#####'), [0, 1, 3])
    return bench.engine.heldPieces()
  }

  test('goes on with what is on disk and what was in memory', () => {
    const held = must(interrupted()[0])
    expect(held.written).toEqual([{ start: 0, end: 2 * BLOCK_LENGTH }])
    expect(Array.from(held.blocks, ({ offset }) => offset)).toEqual([3 * BLOCK_LENGTH])

    const bench = new SwarmBench(setup)
    expect(bench.engine.restorePiece(held, bench.now)).toBe(true)
    expect(bench.engine.stats.unwrittenBytes).toBe(BLOCK_LENGTH)
    const peer = bench.join('#####')
    expect(bench.asked(peer)).toEqual(['4:2', '4:4'])
    fetched(bench, peer, [2, 4])
    expect(bench.actionsOf('verify').map(({ piece }) => piece)).toEqual([4])
    bench.engine.committed(four, bench.now)
    expect(bench.engine.stats).toMatchObject({ isFinished: true, unwrittenBytes: 0, downloaded: 2 * BLOCK_LENGTH })
  })

  test('that is all on disk is verified without a peer', () => {
    const bench = new SwarmBench(setup)
    const written = [{ start: 0, end: 5 * BLOCK_LENGTH }]
    expect(bench.engine.restorePiece({ piece: four, written, blocks: [] }, bench.now)).toBe(true)
    bench.drain()
    expect(bench.actionsOf('verify').map(({ piece }) => piece)).toEqual([4])
  })

  test('that was wrong on disk starts over, and who sent the rest is not banned', () => {
    const bench = new SwarmBench(setup)
    const written = [{ start: BLOCK_LENGTH, end: 5 * BLOCK_LENGTH }]
    bench.engine.restorePiece({ piece: four, written, blocks: [] }, bench.now)
    const peer = bench.join('#####')
    fetched(bench, peer, [0])
    bench.clear()
    bench.engine.rejected(four, bench.now)
    bench.drain()
    expect(bench.events('banned')).toEqual([])
    expect([...new Set(bench.asked(peer))]).toHaveLength(5)
  })

  test('shows nothing once it is whole, and those come first of which least is missing', () => {
    const bench = new SwarmBench({ ...setup, have: '###..' })
    const far = bench.join('...#.')
    const near = bench.join('....#')
    bench.answer(far, bench.sent(far, 'request').slice(0, 2))
    bench.answer(near, bench.sent(near, 'request').slice(0, 4))
    writeAll(bench)
    const held = bench.engine.heldPieces()
    expect(held.map(({ piece, written }) => [piece, written])).toEqual([
      [4, [{ start: 0, end: 4 * BLOCK_LENGTH }]],
      [3, [{ start: 0, end: 2 * BLOCK_LENGTH }]],
    ])
    bench.answer(near, bench.sent(near, 'request').slice(4))
    writeAll(bench)
    expect(must(held[0]).written).toEqual([])
    expect([...must(held[0]).blocks]).toEqual([])
  })
})
