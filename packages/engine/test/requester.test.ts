// Who is asked for what silent peers held up. The silent ones are connected first, so that nothing but their silence puts them last.
import { describe, expect, test } from '@jest/globals'
import type { PeerKey } from '@torrential/primitives'
import type { HaveNews } from '../src/have-news.ts'
import type { Peer } from '../src/peer.ts'
import { Requester } from '../src/requester.ts'
import type { Swarm } from '../src/swarm.ts'
import { SwarmBench } from './swarm-bench.ts'

const COMMON = 40
const onlyLast = `${'.'.repeat(COMMON)}#`

/** Whom the engine asked for something since the last `clear`, each once, in order. */
function inOrder(bench: SwarmBench): PeerKey[] {
  const asked = bench.actionsOf('send').filter(({ message }) => message.type === 'request')
  return [...new Set(asked.map(({ peer }) => peer))]
}

/** One piece of four blocks is missing besides what `have` lacks; each block is asked of two of five silent peers. */
function withSilent(have: string): { readonly bench: SwarmBench; readonly silent: readonly PeerKey[] } {
  const bench = new SwarmBench({ have, blocks: 4 })
  const silent = Array.from({ length: 5 }, () => bench.join(onlyLast))
  return { bench, silent }
}

describe('what silent peers held up goes', () => {
  test('to one that may send, before any of those that do not', () => {
    const { bench, silent } = withSilent(`${'#'.repeat(COMMON)}.`)
    bench.wait(29_000, silent)
    const fresh = bench.join(onlyLast)
    bench.clear()
    bench.wait(2_500, [fresh, ...silent])
    expect(bench.events('snubbed').map(({ peer }) => peer)).toEqual(silent)
    expect(inOrder(bench)[0]).toBe(fresh)
    expect(bench.asked(fresh).toSorted()).toEqual(['40:0', '40:1', '40:2', '40:3'])
  })

  test('to one that has sent before, then to one that may, and to those that do not last', () => {
    const peer = (key: number, how: { isSnubbed?: boolean; bestRate?: number }) =>
      ({ key, isSnubbed: false, bestRate: 0, ...how }) as unknown as Peer
    const peers = [
      peer(1, { isSnubbed: true, bestRate: 9_000 }),
      peer(2, {}),
      peer(3, { isSnubbed: true }),
      peer(4, { bestRate: 1 }),
      peer(5, {}),
      peer(6, { bestRate: 5_000 }),
    ]
    expect(orderOf(peers)).toEqual([4, 6, 2, 5, 1, 3])
    // Nobody is snubbed: everybody in turn, whatever they have shown.
    const trusted = peers.map(({ key, bestRate }) => peer(key, { bestRate }))
    expect(orderOf(trusted)).toEqual([1, 2, 3, 4, 5, 6])
    // The one at which the credit ran out is the first of its standing the next time.
    expect(orderOf(peers, 5)).toEqual([6, 4, 5, 2, 1, 3])
    expect(orderOf(trusted, 5)).toEqual([5, 6, 1, 2, 3, 4])
  })
})

/** In which order these look for work; at `starved` the credit runs out once before. */
function orderOf(peers: readonly Peer[], starved?: number): number[] {
  const ledger = { isStarved: false }
  const swarm = { ledger, peers: new Map(peers.map((peer) => [peer.key, peer])), hasNewWork: true }
  const requester = new Requester(swarm as unknown as Swarm, {} as HaveNews)
  let order: number[] = []
  requester.fill = ({ key }) => {
    order.push(key)
    ledger.isStarved = key === starved
  }
  if (starved !== undefined) {
    requester.fillAll(0)
    expect(order.at(-1)).toBe(starved)
    order = []
    starved = undefined
  }
  requester.fillAll(0)
  return order
}
