import type { PeerKey } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { type ChokeCandidate, Choker, type ChokerRules } from '../src/choker.ts'
import { must } from './swarm-bench.ts'

interface Fake extends ChokeCandidate {
  amChoking: boolean
  peerInterested: boolean
  isSnubbed: boolean
  unchokedAt: number
  chokedAt: number
  uploadedSinceUnchoke: number
  downRate: number
  upRate: number
}

function fake(key: number, fields: Partial<Fake> = {}): Fake {
  const peer: Fake = {
    key: key as PeerKey,
    amChoking: true,
    peerInterested: true,
    isSnubbed: false,
    unchokedAt: 0,
    chokedAt: 0,
    uploadedSinceUnchoke: 0,
    downRate: 0,
    upRate: 0,
    isOptimistic: false,
    down: { rate: () => peer.downRate },
    up: { rate: () => peer.upRate },
    ...fields,
  }
  return peer
}

const rules: ChokerRules = {
  slots: 4,
  isSeeding: false,
  seedChoking: 'round-robin',
  optimisticInterval: 30_000,
  pieceLength: 1_000,
}

/** Carries a verdict out, as the engine does. */
function play(choker: Choker<Fake>, peers: readonly Fake[], with_: ChokerRules, now: number): number[] {
  const { choke, unchoke } = choker.round(peers, with_, now)
  for (const peer of choke) Object.assign(peer, { amChoking: true, chokedAt: now, isOptimistic: false })
  for (const peer of unchoke) Object.assign(peer, { amChoking: false, unchokedAt: now, uploadedSinceUnchoke: 0 })
  return peers.filter((peer) => !peer.amChoking).map((peer) => peer.key)
}

describe('Choker', () => {
  test('unchokes those that give most, and one for luck', () => {
    const choker = new Choker<Fake>()
    const peers = [5, 1, 9, 3, 7, 2].map((rate, index) => fake(index, { downRate: rate * 1_000 }))
    const open = play(choker, peers, rules, 0)
    expect(open).toHaveLength(4)
    expect(open).toEqual(expect.arrayContaining([2, 4, 0]))
    expect(peers.filter((peer) => peer.isOptimistic)).toHaveLength(1)
  })

  test('lets everybody have the lucky slot in turn', () => {
    const choker = new Choker<Fake>()
    const peers = Array.from({ length: 10 }, (_, key) => fake(key, { downRate: key < 3 ? 9_000 : 0 }))
    const lucky = new Set<number>()
    for (let round = 0; round < 14; round++) {
      play(choker, peers, rules, round * 15_000)
      for (const peer of peers) if (peer.isOptimistic) lucky.add(peer.key)
    }
    expect([...lucky].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9])
  })

  test('keeps the lucky one for 30 seconds', () => {
    const choker = new Choker<Fake>()
    const peers = Array.from({ length: 8 }, (_, key) => fake(key, { downRate: key < 3 ? 9_000 : 0 }))
    const luckyAt = (now: number) => {
      play(choker, peers, rules, now)
      return peers.find((peer) => peer.isOptimistic)?.key
    }
    const first = luckyAt(0)
    expect(luckyAt(15_000)).toBe(first)
    expect(luckyAt(30_000)).not.toBe(first)
  })

  test('gives a snubbed peer no slot that somebody else could earn', () => {
    const choker = new Choker<Fake>()
    const peers = [
      fake(0, { downRate: 9_000, isSnubbed: true, amChoking: false }),
      ...[1, 2, 3, 4, 5].map((key) => fake(key, { downRate: key })),
    ]
    expect(play(choker, peers, rules, 0)).not.toContain(0)
  })

  test('gives snubbed peers what is left: the lucky slot to whoever waited longest, the others by what they gave', () => {
    const peers = [
      fake(0, { downRate: 9_000, isSnubbed: true, chokedAt: 3 }),
      fake(1, { downRate: 8_000, isSnubbed: true, chokedAt: 2 }),
      fake(2, { downRate: 7_000, isSnubbed: true, chokedAt: 1 }),
      fake(3, { downRate: 6_000, isSnubbed: true, chokedAt: 4 }),
      fake(4, { downRate: 1, chokedAt: 5 }),
      fake(5, { downRate: 0, chokedAt: 6 }),
    ]
    // One that gives little comes before those that gave much and stopped.
    expect(play(new Choker<Fake>(), peers, { ...rules, slots: 5 }, 0)).toEqual([0, 1, 2, 4, 5])
    expect(peers.filter(({ isOptimistic }) => isOptimistic).map(({ key }) => key)).toEqual([2])
  })

  test('as a seed asks nobody whether he is snubbed: nothing is wanted of him', () => {
    const peers = [fake(0, { isSnubbed: true }), fake(1, { chokedAt: 1 })]
    expect(play(new Choker<Fake>(), peers, { ...rules, slots: 1, isSeeding: true }, 0)).toEqual([0])
  })

  test('chokes whoever is not interested any more', () => {
    const peers = [fake(0, { amChoking: false, peerInterested: false }), fake(1)]
    expect(play(new Choker<Fake>(), peers, rules, 0)).toEqual([1])
  })

  test('fills free slots at once, longest waiting first, and never more than there are', () => {
    const peers = [
      fake(0, { amChoking: false }),
      fake(1, { chokedAt: 50 }),
      fake(2, { chokedAt: 10 }),
      fake(3, { chokedAt: 30 }),
    ]
    const keys = new Choker<Fake>().vacancies(peers, { ...rules, slots: 3 }).map(({ key }) => key)
    expect(keys).toEqual([2, 3])
  })

  test('gives everybody a slot when slots are unlimited', () => {
    const peers = Array.from({ length: 100 }, (_, key) => fake(key))
    const all = { ...rules, slots: Number.POSITIVE_INFINITY }
    expect(new Choker<Fake>().vacancies(peers, all)).toHaveLength(100)
    expect(play(new Choker<Fake>(), peers, all, 0)).toHaveLength(100)
  })

  test('as a seed serves a guest for 20 pieces and a minute before the next one', () => {
    const choker = new Choker<Fake>()
    const peers = Array.from({ length: 6 }, (_, key) => fake(key))
    const seeding = { ...rules, slots: 1, isSeeding: true }
    const [guest] = play(choker, peers, seeding, 0)
    const served = must(peers[must(guest)])
    served.uploadedSinceUnchoke = 20_000
    expect(play(choker, peers, seeding, 45_000)).toEqual([guest])
    expect(play(choker, peers, seeding, 60_000)).not.toEqual([guest])
  })

  test('as a seed serves every guest within as many turns as there are guests', () => {
    const choker = new Choker<Fake>()
    const peers = Array.from({ length: 12 }, (_, key) => fake(key))
    const seeding = { ...rules, isSeeding: true }
    const served = new Set<number>()
    for (let turn = 0; turn < 12; turn++) {
      for (const key of play(choker, peers, seeding, turn * 60_000)) {
        served.add(key)
        must(peers[key]).uploadedSinceUnchoke = 20_000
      }
    }
    expect(served.size).toBe(12)
  })

  test('as a seed can prefer whoever takes fastest', () => {
    const peers = [1, 8, 3, 9, 7, 2].map((rate, key) => fake(key, { upRate: rate, amChoking: false }))
    const open = play(new Choker<Fake>(), peers, { ...rules, isSeeding: true, seedChoking: 'fastest-upload' }, 0)
    expect(open).toEqual(expect.arrayContaining([3, 1, 4]))
  })
})
