import { describe, expect, test } from '@jest/globals'
import { BLOCK_LENGTH } from '@torrential/primitives'
import { decodeExtensionHandshake, encodeExtensionHandshake, type Message } from '@torrential/protocol'
import { ReadWindows } from '../src/read-windows.ts'
import { picture, SwarmBench } from './swarm-bench.ts'

const any = () => true
const introduction: Message = {
  type: 'extended',
  id: 0,
  payload: encodeExtensionHandshake({ extensions: new Map(), uploadOnly: true }),
}

describe('ReadWindows', () => {
  test('gives the missing pieces of a window in order', () => {
    const have = picture('##.#..####')
    const windows = new ReadWindows(10, (piece) => have.has(piece))
    windows.open({ start: 1, end: 6 }, any, any, 0)
    expect(windows.first(any)).toBe(2)
    have.add(2)
    expect(windows.first((piece) => piece !== 4)).toBe(5)
    expect(windows.first(any)).toBe(4)
  })

  test('knows that a reader starves only while the piece it stands on is missing', () => {
    const have = picture('#.........')
    const windows = new ReadWindows(10, (piece) => have.has(piece))
    const window = windows.open({ start: 0, end: 5 }, any, any, 0)
    expect(windows.isStarving).toBe(false)
    window.move({ start: 1, end: 6 }, 0)
    expect(windows.isStarving).toBe(true)
    expect(windows.urgent(any)).toBe(1)
    expect(windows.urgent((piece) => piece > 2)).toBe(-1)
    window.close(0)
    window.close(0)
    expect(windows.isEmpty).toBe(true)
  })

  test('counts as used for five seconds behind the last reader: one that jumps comes back', () => {
    const windows = new ReadWindows(10, () => false)
    expect(windows.areUsed(0)).toBe(false)
    const window = windows.open({ start: 0, end: 5 }, any, any, 1_000)
    expect(windows.areUsed(100_000)).toBe(true)
    window.close(100_000)
    expect([windows.areUsed(104_999), windows.areUsed(105_000)]).toEqual([true, false])
  })

  test('tells which pieces it begins and ceases to cover, whatever range it is given', () => {
    const covered = new Map<number, number>()
    const windows = new ReadWindows(4, () => false)
    const window = windows.open(
      { start: -3, end: 99 },
      (piece, by) => covered.set(piece, (covered.get(piece) ?? 0) + by),
      any,
      0,
    )
    expect([...covered]).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
    ])
    window.move({ start: 3, end: 1 }, 0)
    expect([...covered.values()]).toEqual([0, 0, 0, 0])
  })
})

describe('A reader of a swarm', () => {
  test('gets its pieces first, in order, also when they are not selected', () => {
    const bench = new SwarmBench({ have: '####............', blocks: 1 })
    bench.engine.setPriorities(new Uint8Array(16).fill(4).fill(0, 10), bench.now)
    bench.engine.openWindow({ start: 11, end: 14 }, bench.now)
    const peer = bench.join('################')
    expect(bench.piecesAsked(peer)).toEqual([11, 12, 13])
  })

  test('holds other pieces back while it starves, and lets them go on afterwards', () => {
    const bench = new SwarmBench({ have: '####............', blocks: 4 })
    bench.engine.openWindow({ start: 9, end: 10 }, bench.now)
    const first = bench.join('################')
    const second = bench.join('################')
    expect(bench.piecesAsked(first)).toEqual([9])
    expect(bench.asked(second)).toEqual([])
    bench.serve(first, 4)
    expect(bench.engine.have.has(9)).toBe(true)
    bench.wait(1_000, [first, second])
    expect(bench.asked(second).length).toBeGreaterThan(0)
  })

  test('does not hold back peers that cannot help it', () => {
    const bench = new SwarmBench({ have: '####............', blocks: 4 })
    bench.engine.openWindow({ start: 9, end: 10 }, bench.now)
    bench.join('################')
    const other = bench.join('########........')
    expect(bench.piecesAsked(other)).toHaveLength(1)
  })

  test('has late blocks asked of a second peer, and the first one cancelled', () => {
    const bench = new SwarmBench({ have: '####............', blocks: 4 })
    bench.engine.openWindow({ start: 9, end: 10 }, bench.now)
    const silent = bench.join('################')
    const quick = bench.join('################')
    bench.wait(2_000, [silent, quick])
    expect(bench.asked(quick)).toEqual(['9:0', '9:1', '9:2', '9:3'])
    bench.clear()
    bench.say(quick, { type: 'piece', piece: 9, offset: 0, block: bench.bytes(9, 0) })
    expect(bench.sent(silent, 'cancel')).toMatchObject([{ piece: 9, offset: 0 }])
  })

  test('gets a whole piece of its only peer with the first requests, its share of each of many', () => {
    const alone = new SwarmBench({ have: '..', blocks: 64 })
    alone.engine.openWindow({ start: 0, end: 1 }, alone.now)
    expect(alone.asked(alone.join('##'))).toHaveLength(64)
    const many = new SwarmBench({ have: '..', blocks: 64 })
    const window = many.engine.openWindow({ start: 0, end: 1 }, many.now)
    const peers = Array.from({ length: 4 }, () => many.join('##'))
    expect(many.asked(peers[3] as (typeof peers)[0]).length).toBeLessThanOrEqual(16)
    window.close(many.now)
  })

  test('has what nobody waits for taken back when it seeks', () => {
    const bench = new SwarmBench({ have: '........', blocks: 4 })
    const peer = bench.join('########')
    const before = bench.asked(peer)
    expect(before).toHaveLength(4)
    bench.clear()
    const [first] = bench.piecesAsked(peer)
    expect(first).toBeUndefined()
    const asked = Number(before[0]?.split(':')[0])
    const wanted = asked === 7 ? 6 : 7
    bench.engine.openWindow({ start: wanted, end: wanted + 1 }, bench.now)
    bench.drain()
    expect(bench.sent(peer, 'cancel')).toHaveLength(4)
    expect(bench.piecesAsked(peer)).toEqual([wanted])
  })

  test('leaves alone what it wants soon, and peers that have nothing that it waits for', () => {
    const bench = new SwarmBench({ have: '........', blocks: 4 })
    const other = bench.join('####....')
    expect(bench.asked(other)).toHaveLength(4)
    bench.engine.openWindow({ start: 5, end: 8 }, bench.now)
    bench.drain()
    expect(bench.sent(other, 'cancel')).toEqual([])
  })

  test('keeps a seed that says who it is before it says what it has, as libtorrent does', () => {
    const bench = new SwarmBench({ have: '........' })
    bench.engine.setPriorities(new Uint8Array(8), bench.now)
    bench.engine.openWindow({ start: 6, end: 8 }, bench.now)
    const seed = bench.join('')
    bench.say(seed, introduction, { type: 'have-all' })
    expect(bench.closed(seed)).toBeUndefined()
    expect(bench.piecesAsked(seed)).toEqual([6, 7])
  })

  test('leaves its seeds connected for the next one, until everything is here', () => {
    const bench = new SwarmBench({ have: '####....' })
    bench.engine.setPriorities(new Uint8Array(8), bench.now)
    const early = bench.join('########')
    expect(bench.closed(early)).toBe('SEED_TO_SEED')
    const window = bench.engine.openWindow({ start: 6, end: 8 }, bench.now)
    const seed = bench.join('########')
    bench.serve(seed)
    window.close(bench.now)
    bench.say(seed, introduction)
    expect(bench.closed(seed)).toBeUndefined()
    const later = bench.join('########')
    expect(bench.closed(later)).toBeUndefined()
    bench.engine.openWindow({ start: 4, end: 6 }, bench.now)
    bench.drain()
    while (bench.serve(seed) + bench.serve(later) > 0);
    expect(bench.engine.have.isComplete).toBe(true)
    expect([bench.closed(seed), bench.closed(later)]).toEqual(['SEED_TO_SEED', 'SEED_TO_SEED'])
  })

  test('of what is selected leaves a finished torrent a seed', () => {
    const bench = new SwarmBench({ have: '####....' })
    bench.engine.setPriorities(Uint8Array.from([4, 4, 4, 4, 4, 0, 0, 0]), bench.now)
    bench.engine.openWindow({ start: 3, end: 5 }, bench.now).close(bench.now)
    const seed = bench.join('########')
    bench.serve(seed)
    expect(bench.engine.isUploadOnly).toBe(true)
    expect(bench.closed(seed)).toBe('SEED_TO_SEED')
  })

  test('has what it waited for taken back when it closes and nobody else wants it', () => {
    const bench = new SwarmBench({ have: '........', blocks: 4 })
    bench.engine.setPriorities(Uint8Array.from([4, 4, 0, 0, 0, 0, 0, 0]), bench.now)
    const window = bench.engine.openWindow({ start: 1, end: 4 }, bench.now)
    const peer = bench.join('########')
    expect(bench.piecesAsked(peer)).toEqual([1, 2, 3])
    bench.answer(peer, bench.sent(peer, 'request').slice(0, 5))
    bench.clear()
    window.close(bench.now)
    bench.drain()
    const taken = bench.sent(peer, 'cancel').map(({ piece, offset }) => `${piece}:${offset / BLOCK_LENGTH}`)
    expect(taken).toEqual(['2:1', '2:2', '2:3', '3:0', '3:1', '3:2', '3:3'])
    expect(bench.piecesAsked(peer)).toEqual([0])
  })

  test('makes us a downloader for peers once, not with each reader', () => {
    const bench = new SwarmBench({ have: '####....' })
    const told = (peer: Parameters<typeof bench.sent>[0]) =>
      bench.sent(peer, 'extended').map(({ payload }) => decodeExtensionHandshake(payload).uploadOnly)
    bench.engine.setPriorities(new Uint8Array(8), bench.now)
    const peer = bench.join('#......#')
    expect(told(peer)).toEqual([true])
    for (let reader = 0; reader < 3; reader++) bench.engine.openWindow({ start: 6, end: 8 }, bench.now).close(bench.now)
    bench.drain()
    expect(told(peer)).toEqual([true, false])
  })

  test('does not make a finished selection unfinished', () => {
    const bench = new SwarmBench({ have: '####....', options: { keepSeeds: true } })
    bench.engine.setPriorities(Uint8Array.from([4, 4, 4, 4, 0, 0, 0, 0]), bench.now)
    const window = bench.engine.openWindow({ start: 6, end: 8 }, bench.now)
    const peer = bench.join('########')
    expect(bench.engine.stats.isFinished).toBe(true)
    expect(bench.sent(peer, 'interested')).toHaveLength(1)
    bench.clear()
    window.close(bench.now)
    bench.drain()
    bench.wait(6_000, [peer])
    expect(bench.sent(peer, 'not-interested')).toHaveLength(1)
  })

  test('that comes back within five seconds finds its seeds interested in, later and at others it does not', () => {
    const bench = new SwarmBench({ have: '####....', options: { keepSeeds: true } })
    bench.engine.setPriorities(new Uint8Array(8), bench.now)
    const window = bench.engine.openWindow({ start: 6, end: 7 }, bench.now)
    const [seed, other] = [bench.join('########'), bench.join('####..#.')]
    bench.serve(seed)
    bench.serve(other)
    window.close(bench.now)
    bench.drain()
    const told = () => [seed, other].map((peer) => bench.sent(peer, 'not-interested').length)
    expect(told()).toEqual([0, 1])
    bench.wait(4_000, [seed, other])
    bench.clear()
    const next = bench.engine.openWindow({ start: 4, end: 5 }, bench.now)
    bench.drain()
    expect([bench.sent(seed, 'interested').length, bench.piecesAsked(seed)]).toEqual([0, [4]])
    bench.serve(seed)
    next.close(bench.now)
    bench.wait(4_000, [seed, other])
    expect(told()).toEqual([0, 0])
    bench.wait(2_000, [seed, other])
    expect(told()).toEqual([1, 0])
  })
})

test('the first block that is asked for is the one where the reader stands, then what follows, then the rest of the piece', () => {
  const bench = new SwarmBench({ have: '####' + '.'.repeat(60), blocks: 64 })
  const peer = bench.join('#'.repeat(64))
  bench.clear()
  bench.engine.openWindow({ start: 20, end: 28, block: 51 }, bench.now)
  bench.drain()
  const asked = bench.asked(peer)
  expect(asked).toHaveLength(64)
  expect([asked[0], asked[12], asked[13], asked[63]]).toEqual(['20:51', '20:63', '20:0', '20:50'])
})
