import { describe, expect, test } from '@jest/globals'
import { climbProof } from '@torrential/metainfo'
import { equalBytes, type PeerKey, type PieceIndex } from '@torrential/primitives'
import type { HashRequestMessage, Message } from '@torrential/protocol'
import { must, SwarmBench } from './swarm-bench.ts'
import { v2Sample } from './v2-sample.ts'

const sample = v2Sample(6, 4)
const { root } = sample.tree
const layer: HashRequestMessage = {
  type: 'hash-request',
  piecesRoot: root,
  baseLayer: 2,
  index: 0,
  length: 8,
  proofLayers: 2,
}
const blocksOf = (piece: number, change: Partial<HashRequestMessage> = {}): HashRequestMessage => ({
  ...layer,
  baseLayer: 0,
  index: piece * 4,
  length: 4,
  proofLayers: 4,
  ...change,
})

function pulled(bench: SwarmBench, peer: PeerKey): Message[] {
  const replies: Message[] = []
  for (let reply = bench.engine.nextReply(peer); reply !== undefined; reply = bench.engine.nextReply(peer)) {
    replies.push(reply)
  }
  bench.engine.nextUpload(peer, bench.now)
  return replies
}

function seeding(have = '######') {
  const bench = new SwarmBench({ have, trees: sample.trees() })
  const peer = bench.join('', { choking: true })
  return { bench, peer }
}

describe('A request for hashes', () => {
  test('of a piece layer is answered out of memory, pulled as the wire takes it, to a peer that is choked', () => {
    const { bench, peer } = seeding('......')
    bench.say(peer, layer, { ...layer, index: 4, length: 2 })
    expect(bench.actionsOf('upload-ready')).toHaveLength(1)
    const second = { ...layer, index: 4, length: 2 }
    expect(pulled(bench, peer)).toEqual([sample.answer(layer), sample.answer(second)])
    expect(bench.sent(peer, 'hash-reject')).toEqual([])
  })

  test('of blocks is answered when they were hashed on disk, once for all who wait', () => {
    const { bench, peer } = seeding()
    const other = bench.join('', { choking: true })
    bench.say(peer, blocksOf(1), blocksOf(1, { proofLayers: 1 }), layer)
    bench.say(other, blocksOf(1))
    expect(bench.actionsOf('hash-blocks').map(({ piece }) => piece)).toEqual([1])
    // What needs no disk does not wait for it.
    expect(pulled(bench, peer)).toEqual([sample.answer(layer)])
    bench.clear()
    bench.engine.blockHashes(1 as PieceIndex, sample.leaves(1 as PieceIndex), bench.now)
    bench.drain()
    expect(bench.actionsOf('upload-ready').map(({ peer: key }) => key)).toEqual([peer, other])
    expect(pulled(bench, peer)).toEqual([sample.answer(blocksOf(1)), sample.answer(blocksOf(1, { proofLayers: 1 }))])
    const [answer] = pulled(bench, other)
    if (answer?.type !== 'hashes') throw new Error('no hashes')
    expect(equalBytes(must(climbProof(answer, answer.hashes)).hash, root)).toBe(true)
    // They are kept for a while.
    bench.clear()
    bench.say(peer, blocksOf(1))
    expect(bench.actionsOf('hash-blocks')).toEqual([])
    expect(pulled(bench, peer)).toEqual([sample.answer(blocksOf(1))])
  })

  test('between blocks and pieces is answered too', () => {
    const { bench, peer } = seeding()
    const request = { ...layer, baseLayer: 1, index: 2, length: 2, proofLayers: 3 }
    bench.say(peer, request)
    bench.engine.blockHashes(1 as PieceIndex, sample.leaves(1 as PieceIndex), bench.now)
    expect(pulled(bench, peer)).toEqual([sample.answer(request)])
  })

  test('is rejected when the disk cannot tell, or tells of other data', () => {
    for (const leaves of [undefined, sample.leaves(1 as PieceIndex, [0])]) {
      const { bench, peer } = seeding()
      bench.say(peer, blocksOf(1))
      bench.engine.blockHashes(1 as PieceIndex, leaves, bench.now)
      expect(pulled(bench, peer)).toEqual([{ ...blocksOf(1), type: 'hash-reject' }])
    }
  })

  test.each<[string, HashRequestMessage]>([
    ['of a root that no file has', { ...layer, piecesRoot: new Uint8Array(32) }],
    ['above the root', { ...layer, baseLayer: 9 }],
    ['with more proof than there are layers', { ...layer, proofLayers: 2 ** 32 - 1 }],
    ['with the root as proof', { ...layer, index: 0, length: 2, proofLayers: 3 }],
    ['out of the tree', { ...layer, index: 8 }],
    ['that begins inside its range', { ...layer, index: 4 }],
    ['of no hash', { ...layer, length: 0 }],
    ['of three hashes', { ...layer, index: 0, length: 3 }],
    ['of too many', { ...layer, length: 16_384 }],
    ['of blocks of two pieces', blocksOf(0, { length: 8 })],
    ['of blocks of a piece that we lack', blocksOf(2)],
    ['of blocks behind the file', blocksOf(6)],
  ])('%s is rejected', (_, request) => {
    const { bench, peer } = seeding('##....')
    bench.say(peer, request)
    const rejects = [...bench.sent(peer, 'hash-reject'), ...pulled(bench, peer)]
    expect(rejects).toEqual([{ ...request, type: 'hash-reject' }])
    expect(bench.actionsOf('hash-blocks')).toEqual([])
  })

  test('is rejected while the layer is not known, and answered from then on', () => {
    const trees = sample.trees('missing')
    const bench = new SwarmBench({ have: '......', trees })
    const peer = bench.join('', { choking: true })
    bench.say(peer, layer)
    expect(bench.sent(peer, 'hash-reject')).toHaveLength(1)
    trees.add(must(trees.files[0]), sample.layer)
    bench.say(peer, layer)
    expect(pulled(bench, peer)).toEqual([sample.answer(layer)])
  })

  test('waits in a bounded queue, and what is on top is rejected', () => {
    const { bench, peer } = seeding()
    bench.say(peer, ...Array.from({ length: 400 }, () => layer))
    expect(pulled(bench, peer).length + bench.sent(peer, 'hash-reject').length).toBe(400)
    expect(bench.sent(peer, 'hash-reject').length).toBeGreaterThanOrEqual(144)
    expect(bench.closed(peer)).toBeUndefined()
  })

  test('that is hashed on disk waits in a bounded queue too, two pieces at a time', () => {
    const { bench, peer } = seeding()
    bench.say(peer, ...Array.from({ length: 100 }, (_, at) => blocksOf(at % 6)))
    expect(bench.actionsOf('hash-blocks')).toHaveLength(2)
    expect(bench.sent(peer, 'hash-reject')).toHaveLength(36)
    bench.clear()
    bench.engine.blockHashes(0 as PieceIndex, sample.leaves(0 as PieceIndex), bench.now)
    bench.drain()
    expect(bench.actionsOf('hash-blocks').map(({ piece }) => piece)).toEqual([2])
  })

  test('that is hashed on disk has a price: a peer that takes no data gets 64 MiB hashed', () => {
    const long = v2Sample(40, 256)
    const bench = new SwarmBench({ have: '#'.repeat(40), blocks: 256, trees: long.trees() })
    const peer = bench.join('', { choking: true })
    const request = (piece: number): HashRequestMessage => ({
      type: 'hash-request',
      piecesRoot: long.tree.root,
      baseLayer: 0,
      index: piece * 256,
      length: 256,
      proofLayers: 7,
    })
    const ask = (from: number, to: number) => {
      for (let piece = from; piece < to; piece++) {
        bench.say(peer, request(piece))
        bench.engine.blockHashes(piece as PieceIndex, long.leaves(piece as PieceIndex), bench.now)
        pulled(bench, peer)
      }
    }
    ask(0, 20)
    expect(bench.actionsOf('hash-blocks')).toHaveLength(16)
    expect(bench.sent(peer, 'hash-reject')).toHaveLength(4)
    bench.engine.uploaded(peer, 2 * 1024 * 1024, bench.now)
    ask(20, 40)
    expect(bench.actionsOf('hash-blocks')).toHaveLength(18)
  })

  test('that needs the disk is rejected while the torrent is paused', () => {
    const { bench, peer } = seeding()
    bench.engine.pause(bench.now)
    bench.say(peer, blocksOf(1), layer)
    expect(bench.sent(peer, 'hash-reject')).toEqual([{ ...blocksOf(1), type: 'hash-reject' }])
    expect(pulled(bench, peer)).toEqual([sample.answer(layer)])
  })

  test('again and again is not answered for ever, and ends the connection at last', () => {
    const { bench, peer } = seeding()
    let given = 0
    for (let round = 0; round < 50 && bench.closed(peer) === undefined; round++) {
      bench.say(peer, ...Array.from({ length: 100 }, () => layer))
      given += pulled(bench, peer).filter(({ type }) => type === 'hashes').length
    }
    expect(given).toBe(4 * (64 + 2 * 6))
    expect(bench.closed(peer)).toBe('HASHES_FLOOD')
  })

  test('of a v1 torrent is rejected, and a flood of them ends the connection', () => {
    const bench = new SwarmBench({ have: '##' })
    const peer = bench.join('')
    bench.say(peer, layer)
    expect(bench.sent(peer, 'hash-reject')).toHaveLength(1)
    for (let round = 0; round < 11; round++) bench.say(peer, ...Array.from({ length: 100 }, () => layer))
    expect(bench.closed(peer)).toBe('HASHES_FLOOD')
  })
})
