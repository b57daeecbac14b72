import { SeededRandom, VirtualClock } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { Swarm, type SwarmPeer } from '../../src/server/swarm.ts'
import { SWEEP_INTERVAL, SwarmStore, type SwarmStoreOptions } from '../../src/server/swarm-store.ts'
import { infoHash, otherHash } from '../samples.ts'

const random = new SeededRandom(1)

function store(options: SwarmStoreOptions = {}) {
  const clock = new VirtualClock(5_000)
  return { clock, swarms: new SwarmStore({ clock, random }, options) }
}

/** Peer `n` at 10.0.x.x port 1, or at 2001:db8::x. */
function peer(n: number, { seed = false, family = 4 } = {}): SwarmPeer {
  const key =
    family === 4
      ? Uint8Array.of(10, 0, n >> 8, n, 0, 1)
      : Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n >> 8, n, 0, 1)
  return { key, peerId: new Uint8Array(20).fill(n), seed }
}

function swarmOf(swarm: Swarm | 'empty' | 'full' | undefined): Swarm {
  expect(swarm).toBeInstanceOf(Swarm)
  return swarm as Swarm
}

/** Low address bytes of what `asker` is given. */
function given(swarm: Swarm, asker: SwarmPeer, count: number, family: 4 | 6 = 4): number[] {
  const length = family === 4 ? 6 : 18
  const target = { bytes: new Uint8Array(count * length), offset: 0, withPeerIds: false }
  const written = swarm.sample(asker, family, count, random, target)
  return Array.from({ length: written }, (_, i) => target.bytes[i * length + length - 3]!).sort((a, b) => a - b)
}

describe('a swarm store', () => {
  test('counts seeds and leeches, and what was completed', () => {
    const { swarms } = store()
    swarms.announce(infoHash, peer(1), 'started')
    swarms.announce(infoHash, peer(2, { family: 6 }), 'started')
    const swarm = swarmOf(swarms.announce(infoHash, peer(3, { seed: true }), 'started'))
    expect(swarm).toMatchObject({ seeders: 1, leechers: 2, downloaded: 0 })
    swarms.announce(infoHash, peer(1, { seed: true }), 'completed')
    swarms.announce(infoHash, peer(1, { seed: true }), 'completed')
    expect(swarm).toMatchObject({ seeders: 2, leechers: 1, downloaded: 1 })
    expect(swarms).toMatchObject({ torrents: 1, seeders: 2, leechers: 1 })
    swarms.announce(infoHash, peer(1), 'none')
    expect(swarm).toMatchObject({ seeders: 1, leechers: 2 })
  })

  test('forgets who stops, and does not make torrents of strangers who do', () => {
    const { swarms } = store()
    swarms.announce(infoHash, peer(1), 'started')
    swarms.announce(infoHash, peer(1, { seed: true }), 'stopped')
    expect(swarms).toMatchObject({ seeders: 0, leechers: 0 })
    expect(swarms.announce(otherHash, peer(1), 'stopped')).toBe('empty')
    expect(swarms.find(otherHash)).toBeUndefined()
  })

  test('gives a leech seeds and leeches, a seed only leeches, nobody itself', () => {
    const { swarms } = store()
    for (const n of [1, 2, 3]) swarms.announce(infoHash, peer(n), 'none')
    for (const n of [11, 12]) swarms.announce(infoHash, peer(n, { seed: true }), 'none')
    const swarm = swarmOf(swarms.find(infoHash))
    expect(given(swarm, peer(1), 50)).toEqual([2, 3, 11, 12])
    expect(given(swarm, peer(11, { seed: true }), 50)).toEqual([1, 2, 3])
    expect(given(swarm, peer(99), 0)).toEqual([])
  })

  test('gives as many as are wanted, in the proportion of the swarm', () => {
    const { swarms } = store()
    for (let n = 0; n < 100; n++) swarms.announce(infoHash, peer(n, { seed: n >= 80 }), 'none')
    const swarm = swarmOf(swarms.find(infoHash))
    const chosen = given(swarm, peer(200), 20)
    expect(new Set(chosen).size).toBe(20)
    expect(chosen.filter((n) => n >= 80)).toHaveLength(4)
  })

  test('keeps IPv4 and IPv6 apart', () => {
    const { swarms } = store()
    swarms.announce(infoHash, peer(1), 'none')
    swarms.announce(infoHash, peer(2, { family: 6 }), 'none')
    const swarm = swarmOf(swarms.find(infoHash))
    expect(given(swarm, peer(9), 50, 4)).toEqual([1])
    expect(given(swarm, peer(9), 50, 6)).toEqual([2])
  })

  test('does not record a peer without a port', () => {
    const { swarms } = store()
    const { peerId } = peer(1)
    expect(swarms.announce(infoHash, { key: Uint8Array.of(1, 2, 3, 4, 0, 0), peerId, seed: false }, 'none')).toBe(
      'empty',
    )
    expect(swarms.torrents).toBe(0)
  })

  test('refuses new torrents when it is full, and goes on with the old ones', () => {
    const { swarms } = store({ maxTorrents: 1 })
    swarms.announce(infoHash, peer(1), 'none')
    expect(swarms.announce(otherHash, peer(1), 'none')).toBe('full')
    swarmOf(swarms.announce(infoHash, peer(2), 'none'))
  })

  test('keeps at most so many peers of a kind; a newcomer takes a place', () => {
    const { swarms } = store({ maxPeersPerTorrent: 5 })
    for (let n = 0; n < 50; n++) swarms.announce(infoHash, peer(n), 'none')
    const swarm = swarmOf(swarms.find(infoHash))
    expect(swarm.leechers).toBe(5)
    expect(swarms.leechers).toBe(5)
    expect(given(swarm, peer(200), 50)).toContain(49)
  })

  test('lets silent peers and then empty torrents go', () => {
    const { swarms, clock } = store({ peerAge: 3_600_000 })
    for (let n = 0; n < 20; n++) swarms.announce(infoHash, peer(n, { seed: n % 2 === 0 }), 'none')
    clock.advance(1_800_000)
    swarms.announce(infoHash, peer(1), 'none')
    clock.advance(1_800_000)
    swarms.sweep()
    expect(swarms).toMatchObject({ seeders: 10, leechers: 10 })
    clock.advance(1_001)
    swarms.sweep()
    expect(swarms).toMatchObject({ torrents: 1, seeders: 0, leechers: 1 })
    clock.advance(3_600_000)
    swarms.sweep()
    expect(swarms).toMatchObject({ torrents: 0, seeders: 0, leechers: 0 })
  })

  test('sweeps a large store in small steps, all of it within a quarter of the age', () => {
    const { swarms, clock } = store({ peerAge: 400_000 })
    const hash = (n: number) => new Uint8Array(20).fill(1).map((byte, i) => (i === 0 ? n >> 8 : i === 1 ? n : byte))
    for (let n = 0; n < 3_000; n++) swarms.announce(hash(n % 500), peer(n), 'none')
    for (let n = 0; n < 60_000; n++) swarms.announce(infoHash, peer(n, { seed: n % 3 === 0 }), 'none')
    clock.advance(402_000)
    let largest = 0
    let steps = 0
    while (swarms.torrents > 0) {
      const before = swarms.seeders + swarms.leechers
      swarms.sweep()
      clock.advance(SWEEP_INTERVAL)
      largest = Math.max(largest, before - swarms.seeders - swarms.leechers)
      steps += 1
      expect(steps).toBeLessThan(150)
    }
    expect(swarms).toMatchObject({ seeders: 0, leechers: 0 })
    expect(largest).toBeLessThanOrEqual(1_000)
  })
})
