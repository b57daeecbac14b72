import { describe, expect, test } from '@jest/globals'
import { BLOCK_LENGTH, type PieceIndex } from '@torrential/primitives'
import { DownloadCredit } from '../src/index.ts'
import { must, SwarmBench } from './swarm-bench.ts'

const four = 4 as PieceIndex

function restore(bench: SwarmBench, piece: PieceIndex, block: number, wrong = 0): boolean {
  return bench.engine.restoreBlock(piece, block * BLOCK_LENGTH, bench.bytes(piece, block, wrong), bench.now)
}

describe('a block of an earlier engine', () => {
  test('is not asked for again, and goes into its piece', () => {
    const before = new SwarmBench({ have: '####.', blocks: 3 })
    const first = before.join('#####')
    before.answer(first, before.sent(first, 'request').slice(1, 2))
    before.leave(first)
    const held = [...before.engine.heldBlocks()]
    expect(held.map(({ piece, offset }) => [piece, offset])).toEqual([[4, BLOCK_LENGTH]])

    const bench = new SwarmBench({ have: '####.', blocks: 3 })
    const { piece, offset, block } = must(held[0])
    expect(bench.engine.restoreBlock(piece, offset, block, bench.now)).toBe(true)
    const peer = bench.join('#####')
    expect(bench.asked(peer)).toEqual(['4:0', '4:2'])
    bench.answer(peer, bench.sent(peer, 'request'))
    expect(bench.actionsOf('commit')[0]?.blocks).toEqual([0, 1, 2].map((at) => bench.bytes(4, at)))
    bench.commitAll()
    expect(bench.engine.stats).toMatchObject({ isFinished: true, unwrittenBytes: 0, downloaded: 2 * BLOCK_LENGTH })
  })

  test('that completes its piece is committed with it', () => {
    const bench = new SwarmBench({ have: '####.' })
    expect([restore(bench, four, 0), restore(bench, four, 1)]).toEqual([true, true])
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

  test('is of no use when its piece is here, unwanted, or the block is here already', () => {
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
