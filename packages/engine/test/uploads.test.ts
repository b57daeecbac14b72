import type { PeerKey, PieceIndex } from '@torrential/primitives'
import { decodeExtensionHandshake, type RequestMessage } from '@torrential/protocol'
import { describe, expect, test } from '@jest/globals'
import { PLAIN, SwarmBench } from './swarm-bench.ts'

function request(piece: number, block = 0): RequestMessage {
  return { type: 'request', piece, offset: block * 16_384, length: 16_384 }
}

/** A leech that is unchoked at once because slots are free. */
function guest(bench: SwarmBench, how = {}): PeerKey {
  const peer = bench.join('......', how)
  bench.say(peer, { type: 'interested' })
  return peer
}

describe('Uploads', () => {
  test('unchokes a newcomer at once while slots are free, and not beyond', () => {
    const bench = new SwarmBench({ have: '######', options: { uploadSlots: 2 } })
    const peers = [guest(bench), guest(bench), guest(bench)] as const
    expect(peers.map((peer) => bench.sent(peer, 'unchoke').length)).toEqual([1, 1, 0])
    bench.leave(peers[0])
    expect(bench.sent(peers[2], 'unchoke')).toHaveLength(1)
  })

  test('gives a slot of somebody who lost interest to the next one at once', () => {
    const bench = new SwarmBench({ have: '######', options: { uploadSlots: 1 } })
    const [first, second] = [guest(bench), guest(bench)]
    bench.say(first, { type: 'not-interested' })
    expect(bench.sent(second, 'unchoke')).toHaveLength(1)
    bench.wait(16_000, [first, second])
    expect(bench.engine.peer(first)?.amChoking).toBe(true)
  })

  test('says once that there is something to pull, until it was found empty', () => {
    const bench = new SwarmBench({ have: '######' })
    const peer = guest(bench)
    bench.say(peer, request(0), request(1))
    bench.say(peer, request(2))
    expect(bench.actionsOf('upload-ready')).toEqual([{ type: 'upload-ready', peer }])
    const pulled = [1, 2, 3, 4].map(() => bench.engine.nextUpload(peer, bench.now)?.piece)
    expect(pulled).toEqual([0, 1, 2, undefined])
    bench.clear()
    bench.say(peer, request(3))
    expect(bench.actionsOf('upload-ready')).toHaveLength(1)
  })

  test('tells what will be asked for later, as long as it is still waiting', () => {
    const bench = new SwarmBench({ have: '######' })
    const peer = guest(bench)
    bench.say(peer, request(0), request(1), request(2))
    expect(bench.engine.upcomingUpload(peer, 1)?.piece).toBe(1)
    bench.engine.nextUpload(peer, bench.now)
    expect(bench.engine.upcomingUpload(peer, 1)?.piece).toBe(2)
    bench.say(peer, { ...request(2), type: 'cancel' })
    expect(bench.engine.upcomingUpload(peer, 1)).toBeUndefined()
    expect(bench.engine.nextUpload(peer, bench.now)?.piece).toBe(1)
  })

  test('knows how many whole blocks follow one another, and takes them off the queue when they were sent', () => {
    const bench = new SwarmBench({ have: '######', blocks: 4 })
    const peer = guest(bench)
    bench.say(peer, request(0, 1), request(0, 2), request(0, 3), request(1, 0), request(1, 2))
    expect(bench.engine.upcomingRow(peer, 16)).toBe(3)
    expect(bench.engine.upcomingRow(peer, 2)).toBe(2)
    bench.engine.uploadedRow(peer, 2, bench.now)
    expect(bench.engine.upcomingUpload(peer, 0)).toEqual({ piece: 0, offset: 3 * 16_384, length: 16_384 })
    expect(bench.engine.upcomingRow(peer, 16)).toBe(1)
    expect(bench.engine.stats.uploaded).toBe(2 * 16_384)
    expect(bench.engine.peer(peer)).toMatchObject({ uploaded: 2 * 16_384, queuedUploads: 3 })
    bench.engine.uploadedRow(peer, 1, bench.now)
    expect(bench.engine.upcomingRow(peer, 16)).toBe(1)
    bench.say(peer, { type: 'request', piece: 2, offset: 0, length: 8_192 })
    bench.engine.uploadedRow(peer, 1, bench.now)
    bench.engine.uploadedRow(peer, 1, bench.now)
    expect(bench.engine.upcomingRow(peer, 16)).toBe(0)
    expect(bench.engine.upcomingRow(99 as PeerKey, 16)).toBe(0)
  })

  test('hands out no more than 1 MiB that was not sent yet', () => {
    const bench = new SwarmBench({ have: '######', blocks: 100 })
    const peer = guest(bench)
    bench.say(peer, ...Array.from({ length: 100 }, (_, block) => request(0, block)))
    let out = 0
    while (bench.engine.nextUpload(peer, bench.now) !== undefined) out++
    expect(out).toBe(64)
    bench.clear()
    bench.engine.uploaded(peer, 16_384, bench.now)
    bench.drain()
    expect(bench.actionsOf('upload-ready')).toHaveLength(1)
    expect(bench.engine.nextUpload(peer, bench.now)).toEqual({ piece: 0, offset: 64 * 16_384, length: 16_384 })
    expect(bench.engine.stats.uploaded).toBe(16_384)
    expect(bench.engine.peer(peer)).toMatchObject({ uploaded: 16_384, queuedUploads: 35 })
  })

  test('queues 1,024 requests and rejects the others, then ends a connection that floods', () => {
    const bench = new SwarmBench({ have: '######' })
    const peer = guest(bench)
    bench.say(peer, ...Array.from({ length: 1_100 }, () => request(0)))
    expect(bench.engine.peer(peer)?.queuedUploads).toBe(1_024)
    expect(bench.sent(peer, 'reject')).toHaveLength(76)
    for (let batch = 0; batch < 40; batch++) bench.say(peer, ...Array.from({ length: 100 }, () => request(0)))
    expect(bench.closed(peer)).toBe('REQUEST_FLOOD')
  })

  test('announces no longer a queue than it has: a peer that fills it is rejected nothing', () => {
    const bench = new SwarmBench({ have: '######' })
    const peer = guest(bench)
    const [hello] = bench.sent(peer, 'extended')
    const { requestQueue = 0 } = decodeExtensionHandshake(hello?.payload ?? new Uint8Array())
    expect(requestQueue).toBeGreaterThan(500)
    bench.say(peer, ...Array.from({ length: requestQueue }, () => request(0)))
    expect(bench.sent(peer, 'reject')).toEqual([])
  })

  test('rejects requests of a choked peer where that is understood, and ignores them where not', () => {
    const bench = new SwarmBench({ have: '####..', options: { allowedFast: 0 } })
    const fast = bench.join('######')
    const plain = bench.join('######', { capabilities: PLAIN })
    bench.say(fast, request(0))
    bench.say(plain, request(0))
    expect(bench.sent(fast, 'reject')).toEqual([{ ...request(0), type: 'reject' }])
    expect(bench.sent(plain, 'reject')).toEqual([])
    expect(bench.actionsOf('upload-ready')).toEqual([])
  })

  test('rejects what it does not have', () => {
    const bench = new SwarmBench({ have: '####..' })
    const peer = guest(bench)
    bench.say(peer, request(5))
    expect(bench.sent(peer, 'reject')).toHaveLength(1)
  })

  test('rejects what waits when it chokes or the peer cancels (BEP 6)', () => {
    const bench = new SwarmBench({ have: '######', options: { allowedFast: 0 } })
    const peer = guest(bench)
    bench.say(peer, request(0), request(1), { ...request(0), type: 'cancel' })
    expect(bench.sent(peer, 'reject')).toMatchObject([{ piece: 0 }])
    bench.say(peer, { type: 'not-interested' })
    bench.wait(16_000, [peer])
    expect(bench.sent(peer, 'reject')).toMatchObject([{ piece: 0 }, { piece: 1 }])
  })

  test('lets a choked peer have its allowed-fast pieces, and not without end (BEP 6)', () => {
    const bench = new SwarmBench({ have: '####################' })
    const peer = bench.join('....................')
    const granted = bench.sent(peer, 'allowed-fast').map(({ piece }) => piece)
    expect(granted).toHaveLength(5)
    const [piece] = granted as [number]
    bench.say(peer, ...Array.from({ length: 5 }, (_, at) => request(piece, at % 2)))
    expect(bench.sent(peer, 'reject')).toHaveLength(1)
    expect(bench.engine.nextUpload(peer, bench.now)?.piece).toBe(piece)
  })

  test('tells the peer of a block that could not be read', () => {
    const bench = new SwarmBench({ have: '######' })
    const peer = guest(bench)
    bench.say(peer, request(0))
    const upload = bench.engine.nextUpload(peer, bench.now)
    if (upload !== undefined) bench.engine.unreadable(peer, upload, bench.now)
    bench.engine.lost(0 as PieceIndex, bench.now)
    bench.drain()
    expect(bench.sent(peer, 'reject')).toHaveLength(1)
    expect(bench.engine.stats).toMatchObject({ piecesHave: 5, isFinished: false })
  })

  test('serves by tit-for-tat when peers compete', () => {
    const bench = new SwarmBench({ have: `######${'.'.repeat(2_000)}`, options: { uploadSlots: 2 } })
    const generous = bench.join('#'.repeat(2_006))
    const others = [0, 1, 2].map(() => bench.join(`######${'.'.repeat(2_000)}`))
    for (const peer of [...others, generous]) bench.say(peer, { type: 'interested' })
    expect(bench.engine.peer(generous)?.amChoking).toBe(true)
    for (let second = 0; second < 16; second++) {
      bench.serve(generous, 4)
      bench.wait(1_000, [generous, ...others])
    }
    expect(bench.engine.peer(generous)?.amChoking).toBe(false)
    expect(others.filter((peer) => bench.engine.peer(peer)?.amChoking === false)).toHaveLength(1)
  })
})
