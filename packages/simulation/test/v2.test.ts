import { describe, expect, test } from '@jest/globals'
import { type SimulatedPeer, SimulatedSwarm } from '../src/index.ts'

// Give SIMULATION_SEED to repeat a run, or to try another one.
const seed = Number(process.env.SIMULATION_SEED ?? 20_241)
const MINUTE = 60_000

function isBanned(by: SimulatedPeer, other: SimulatedPeer): boolean {
  return by.engine.isBanned(other.address)
}

function wasted(peer: SimulatedPeer, from: 'failed' | 'late'): number {
  return peer.trace.events.reduce(
    (sum, event) => sum + (event.type === 'waste' && event.reason === from ? event.bytes : 0),
    0,
  )
}

describe(`Simulated swarms of v2 torrents (SIMULATION_SEED=${seed})`, () => {
  test('a magnet link gets its piece layer from two peers of which one lies, and then the torrent', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 1_300, pieceLength: 16_384, version: 'v2' })
    const honest = swarm.addSeed({ up: 5_000_000 })
    const liar = swarm.addSeed({ name: 'liar', up: 5_000_000, liesAboutHashes: true })
    const magnet = swarm.addMagnet()
    swarm.connect(magnet, liar)
    swarm.connect(magnet, honest)
    expect(swarm.run(5 * MINUTE, () => magnet.peer !== undefined)).toBe(true)
    expect(magnet.banned).toEqual([liar.address])
    // One round trip for the greeting of ours and one for the hashes, and the ranges of the liar once more.
    expect(swarm.now).toBeLessThan(1_000)
    expect(swarm.run(20 * MINUTE, () => magnet.isComplete)).toBe(true)
    expect(honest.engine.stats.uploaded).toBe(1_300 * 16_384)
  })

  test('a magnet link gets its piece layer from a peer that got it by one itself', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 40, pieceLength: 65_536, version: 'v2' })
    const source = swarm.addSeed({ up: 1_000_000 })
    const first = swarm.addMagnet({ up: 1_000_000 })
    swarm.connect(source, first)
    expect(swarm.run(MINUTE, () => first.peer !== undefined)).toBe(true)
    const second = swarm.addMagnet()
    swarm.connect(first, second)
    expect(swarm.run(20 * MINUTE, () => second.isComplete)).toBe(true)
  })

  test.each([
    ['in memory', 262_144],
    ['in runs', 8 * 1024 * 1024],
  ])(
    'a corrupt seed beside a good one is banned, and only its wrong blocks are lost, with pieces %s',
    (_, pieceLength) => {
      const swarm = new SimulatedSwarm({
        seed,
        pieces: Math.max(6, (24 * 262_144) / pieceLength),
        pieceLength,
        version: 'v2',
      })
      const good = swarm.addSeed({ up: 2_000_000 })
      const corrupt = swarm.addSeed({ name: 'corrupt', up: 2_000_000, lies: 0.05 })
      const leech = swarm.addPeer({ engine: { maxRequests: 8 } })
      swarm.join(leech)
      expect(swarm.run(30 * MINUTE, () => leech.isComplete)).toBe(true)
      expect(isBanned(leech, corrupt)).toBe(true)
      expect(isBanned(leech, good)).toBe(false)
      // Each wrong block is lost, and no whole piece for its sake.
      expect(wasted(leech, 'failed')).toBeGreaterThan(0)
      expect(wasted(leech, 'failed')).toBeLessThan(pieceLength)
      expect(leech.engine.stats).toMatchObject({ unwrittenBytes: 0, requestedBytes: 0 })
    },
  )

  test('nobody who is honest is banned where several lie about blocks and hashes', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 32, version: 'v2' })
    const good = [swarm.addSeed({ up: 1_000_000 }), swarm.addSeed({ up: 500_000 })]
    const bad = [
      swarm.addSeed({ name: 'blocks', up: 1_000_000, lies: 0.1 }),
      swarm.addSeed({ name: 'both', up: 1_000_000, lies: 0.1, liesAboutHashes: true }),
    ]
    const leeches = Array.from({ length: 4 }, () => swarm.addPeer())
    swarm.connectAll()
    expect(swarm.run(30 * MINUTE, () => leeches.every((peer) => peer.isComplete))).toBe(true)
    for (const by of leeches) for (const other of [...good, ...leeches]) expect(isBanned(by, other)).toBe(false)
    for (const other of bad) expect(leeches.some((by) => isBanned(by, other))).toBe(true)
  })
})
