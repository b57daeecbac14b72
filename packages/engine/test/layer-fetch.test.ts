import { describe, expect, test } from '@jest/globals'
import type { FileTrees } from '@torrential/metainfo'
import { peerAddress, type PeerId, type PeerKey } from '@torrential/primitives'
import type { HashRequestMessage, Message } from '@torrential/protocol'
import * as fc from 'fast-check'
import { type LayerAction, LayerFetch } from '../src/index.ts'
import { FAST, must } from './swarm-bench.ts'
import { lie, type V2Sample, v2Sample } from './v2-sample.ts'

class FetchBench {
  readonly fetch: LayerFetch
  readonly trees: FileTrees
  actions: LayerAction[] = []
  now = 1_000
  readonly #sample: V2Sample
  #keys = 0

  constructor(sample: V2Sample) {
    this.#sample = sample
    this.trees = sample.trees('missing')
    this.fetch = new LayerFetch(this.trees, { client: 'test' })
  }

  joinTogether(count: number): PeerKey[] {
    const keys = Array.from({ length: count }, () => this.join(true, false))
    this.drain()
    return keys
  }

  join(greeted = true, drain = true): PeerKey {
    const key = ++this.#keys as PeerKey
    const info = {
      peerId: new Uint8Array(20).fill(key) as PeerId,
      capabilities: FAST,
      address: this.address(key),
      incoming: false,
      greeted,
    }
    this.fetch.connected(key, info, this.now)
    if (drain) this.drain()
    return key
  }

  address(key: PeerKey) {
    return peerAddress(`10.2.0.${key}`, 6881)
  }

  say(peer: PeerKey, ...messages: Message[]): void {
    this.fetch.received(peer, messages, this.now)
    this.drain()
  }

  wait(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 500
      if (this.fetch.deadline <= this.now) this.fetch.tick(this.now)
      this.drain()
    }
  }

  drain(): void {
    for (let action = this.fetch.next(); action !== undefined; action = this.fetch.next()) this.actions.push(action)
  }

  /** Requests to a peer since the last call. */
  asked(peer: PeerKey): HashRequestMessage[] {
    const requests: HashRequestMessage[] = []
    this.actions = this.actions.filter((action) => {
      if (action.type !== 'send' || action.peer !== peer || action.message.type !== 'hash-request') return true
      requests.push(action.message)
      return false
    })
    return requests
  }

  /** The peer answers whatever it is asked until nothing is asked any more. */
  serve(peer: PeerKey): number {
    let served = 0
    for (let requests = this.asked(peer); requests.length > 0; requests = this.asked(peer)) {
      served += requests.length
      for (const request of requests) this.say(peer, this.#sample.answer(request))
    }
    return served
  }

  get layers(): ReadonlyMap<string, Uint8Array> | undefined {
    const found = this.actions.filter((action) => action.type === 'piece-layers')
    expect(found.length).toBeLessThanOrEqual(1)
    return found[0]?.layers
  }

  closed(peer: PeerKey): string | undefined {
    for (const action of this.actions) if (action.type === 'close' && action.peer === peer) return action.error.code
    return undefined
  }
}

const large = v2Sample(1500, 1)

describe('Fetching piece layers', () => {
  test('asks several peers for different ranges, and has them when all have come', () => {
    const bench = new FetchBench(large)
    const [a, b] = bench.joinTogether(2)
    const requests = [a, b].map((peer) => bench.asked(must(peer)))
    expect(requests[0]?.map(({ index, length, baseLayer }) => [index, length, baseLayer])).toEqual([
      [0, 512, 0],
      [512, 512, 0],
    ])
    expect(requests[1]?.map(({ index }) => index)).toEqual([1024])
    bench.say(must(b), large.answer(must(requests[1]?.[0])))
    expect(bench.layers).toBeUndefined()
    bench.say(must(a), ...must(requests[0]).map((request) => large.answer(request)))
    expect(bench.layers?.get(bench.trees.files[0]?.key ?? '')).toEqual(large.layer)
    expect(bench.trees.incomplete).toEqual([])
    expect(bench.fetch.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  test('asks a second peer for what the first has not given in two seconds, if nothing else is left to ask', () => {
    const bench = new FetchBench(large)
    const [slow, quick] = [bench.join(), bench.join()]
    bench.wait(1_500)
    expect(bench.asked(quick)).toEqual([])
    bench.wait(1_500)
    for (const request of bench.asked(quick)) bench.say(quick, large.answer(request))
    bench.serve(quick)
    expect(bench.layers).toBeDefined()
    expect(bench.asked(slow)).toHaveLength(3)
  })

  test('spreads a large layer: no peer has more than 8,192 hashes to give at a time', () => {
    const bench = new FetchBench(v2Sample(16_384, 1))
    const [a, b, c] = [bench.join(), bench.join(), bench.join()]
    const counts = [a, b, c].map((peer) => bench.asked(peer).length)
    expect(counts).toEqual([16, 16, 0])
  })

  test('is over at once when nothing is missing', () => {
    const fetch = new LayerFetch(v2Sample(1).trees('missing'))
    expect(fetch.next()).toEqual({ type: 'piece-layers', layers: new Map() })
  })

  test('bans who lies, at once, and gets the rest from others', () => {
    const bench = new FetchBench(large)
    const [liar, honest] = [bench.join(), bench.join()]
    const [first] = bench.asked(liar)
    bench.say(liar, lie(large.answer(must(first))))
    expect(bench.closed(liar)).toBe('HASHES_WRONG')
    expect(bench.actions).toContainEqual({ type: 'ban', peer: liar, address: bench.address(liar) })
    expect(bench.fetch.isBanned(bench.address(liar))).toBe(true)
    expect(bench.fetch.isBanned(bench.address(honest))).toBe(false)
    expect(bench.serve(honest)).toBe(3)
    expect(bench.layers).toBeDefined()
  })

  test('asks others for what was rejected, and the same peer not again for half a minute', () => {
    const bench = new FetchBench(large)
    const peer = bench.join()
    for (const request of bench.asked(peer)) bench.say(peer, { ...request, type: 'hash-reject' })
    bench.wait(25_000)
    expect(bench.asked(peer)).toEqual([])
    const other = bench.join()
    expect(bench.asked(other).length).toBeGreaterThan(0)
    bench.wait(6_000)
    expect(bench.asked(peer).length).toBeGreaterThan(0)
    expect(bench.closed(peer)).toBeUndefined()
  })

  test('asks others for what is not answered in ten seconds, and takes the late answer all the same', () => {
    const bench = new FetchBench(large)
    const silent = bench.join()
    const [first, ...rest] = bench.asked(silent)
    bench.wait(10_500)
    expect(bench.asked(silent)).toEqual([])
    expect(rest).toHaveLength(2)
    bench.say(silent, large.answer(must(first)))
    expect(bench.serve(bench.join())).toBe(2)
    expect(bench.layers).toBeDefined()
  })

  test('gives the ranges of a peer that goes to others', () => {
    const bench = new FetchBench(large)
    const peer = bench.join()
    const other = bench.join()
    expect(bench.asked(other)).toEqual([])
    bench.fetch.disconnected(peer, bench.now)
    bench.drain()
    expect(bench.asked(other)).toHaveLength(3)
  })

  test('parts from who gives nothing for a minute, and from who talks nonsense', () => {
    const bench = new FetchBench(large)
    const [useless, noisy] = [bench.join(), bench.join()]
    const [request] = bench.asked(useless)
    const stray = lie(large.answer({ ...must(request), index: 512, length: 256 }))
    bench.say(noisy, ...Array.from({ length: 201 }, () => stray))
    expect(bench.closed(noisy)).toBe('HASHES_FLOOD')
    expect(bench.fetch.isBanned(bench.address(noisy))).toBe(false)
    bench.wait(61_000)
    expect(bench.closed(useless)).toBe('HASHES_IDLE')
  })

  test('throws at nothing that peers may say, and comes to an end with an honest one all the same', () => {
    const small = v2Sample(20, 2)
    const number = fc.oneof(fc.nat(40), fc.constant(2 ** 32 - 1))
    const fields = {
      piecesRoot: fc.oneof(fc.constant(small.tree.root), fc.uint8Array({ minLength: 32, maxLength: 32 })),
      baseLayer: number,
      index: number,
      length: number,
      proofLayers: number,
    }
    const message: fc.Arbitrary<Message> = fc.oneof(
      fc.record({ type: fc.constantFrom('hash-request' as const, 'hash-reject' as const), ...fields }),
      fc.record({ type: fc.constant('hashes' as const), ...fields, hashes: fc.uint8Array({ maxLength: 128 }) }),
      fc.constantFrom<Message>({ type: 'keep-alive' }, { type: 'have', piece: 3 }, { type: 'choke' }),
    )
    const step = fc.oneof(fc.array(message, { maxLength: 5 }), fc.constantFrom('wait', 'answer', 'lie', 'leave'))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const bench = new FetchBench(small)
        let peer = bench.join()
        for (const told of steps) {
          if (bench.layers !== undefined) return
          if (told === 'wait') bench.wait(11_000)
          else if (told === 'answer') bench.serve(peer)
          else if (told === 'lie') for (const request of bench.asked(peer)) bench.say(peer, lie(small.answer(request)))
          else if (told === 'leave') bench.fetch.disconnected(peer, bench.now)
          else if (typeof told !== 'string') bench.say(peer, ...told)
          if (told === 'leave' || bench.closed(peer) !== undefined) peer = bench.join()
        }
        const honest = bench.join()
        bench.wait(3_000)
        bench.serve(honest)
        expect(bench.trees.incomplete).toEqual([])
      }),
      { seed: 6, numRuns: 200 },
    )
  })

  test('greets who was not greeted, and rejects what it is asked for itself', () => {
    const bench = new FetchBench(large)
    const peer = bench.join(false)
    const sent = () =>
      bench.actions.flatMap((action) => (action.type === 'send' && action.peer === peer ? [action.message] : []))
    expect(sent().map(({ type }) => type)).toEqual(['have-none', 'extended', ...Array(3).fill('hash-request')])
    const [request] = bench.asked(peer)
    bench.say(peer, must(request))
    expect(sent().at(-1)).toEqual({ ...request, type: 'hash-reject' })
    expect(bench.join(true)).toBe(2)
    expect(bench.actions.filter((action) => action.type === 'send' && action.peer === 2)).toEqual([])
  })
})
