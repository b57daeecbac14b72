import { Bitfield } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { SimulatedSwarm, type SimulatedPeer } from '../src/index.ts'

// Give SIMULATION_SEED to repeat a run, or to try another one.
const seed = Number(process.env.SIMULATION_SEED ?? 20_240)
const MINUTE = 60_000

/** Time at which the peer had its last piece. */
function finishedAt(peer: SimulatedPeer): number {
  return peer.trace.pieces.at(-1)?.at ?? Number.POSITIVE_INFINITY
}

function banned(peers: readonly SimulatedPeer[]): string[] {
  const names = new Set<string>()
  for (const peer of peers) {
    for (const other of peers) if (peer.engine.isBanned(other.address)) names.add(other.name)
  }
  return [...names]
}

describe(`Simulated swarms (SIMULATION_SEED=${seed})`, () => {
  test('give every one of 20 leeches the whole torrent, in little more time than the lines need', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 64 })
    swarm.addSeed({ up: 2_000_000 })
    const leeches = Array.from({ length: 20 }, () => swarm.addPeer({ up: 1_000_000 }))
    swarm.connectAll()
    expect(swarm.run(20 * MINUTE, () => leeches.every((peer) => peer.isComplete))).toBe(true)
    // 20 × 16 MiB through 22 MB/s of uplinks takes 15 s when nobody ever waits.
    const ideal = (20 * 64 * 256 * 1024) / 22_000_000
    expect(swarm.now / 1_000).toBeLessThan(ideal * 2.5)
    const wasted = leeches.reduce((sum, peer) => sum + peer.engine.stats.wasted, 0)
    expect(wasted).toBeLessThan(0.03 * 20 * 64 * 256 * 1024)
  })

  test('run the same way again from the same seed', () => {
    const story = () => {
      const swarm = new SimulatedSwarm({ seed, pieces: 12 })
      swarm.addSeed()
      const leeches = Array.from({ length: 4 }, () => swarm.addPeer())
      swarm.connectAll()
      swarm.run(10 * MINUTE, () => leeches.every((peer) => peer.isComplete))
      return leeches.map((peer) => peer.trace.pieces)
    }
    expect(story()).toEqual(story())
  })

  test('let every newcomer show what it has through the optimistic slot', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 400, pieceLength: 1024 * 1024 })
    const full = swarm.addPeer({ name: 'full', up: 200_000, engine: { uploadSlots: 4 } }, half(swarm, 0))
    // Three generous peers earn the regular slots; six that have nothing to give compete for the lucky one.
    const generous = Array.from({ length: 3 }, () => swarm.addPeer({ up: 400_000 }, half(swarm, 1)))
    const poor = Array.from({ length: 6 }, (_, at) => swarm.addPeer({ name: `poor ${at}` }))
    for (const peer of [...generous, ...poor]) swarm.connect(full, peer)
    swarm.run(8 * MINUTE)
    const served = poor.map((peer) => peer.engine.stats.downloaded)
    expect(Math.min(...served)).toBeGreaterThan(0)
    // Fair among equals: nobody gets more than five times what another one gets.
    expect(Math.max(...served) / Math.min(...served)).toBeLessThan(5)
    const toGenerous = generous.map((peer) => peer.engine.stats.downloaded)
    expect(Math.min(...toGenerous)).toBeGreaterThan(Math.max(...served))
  })

  test('are not held up by one slow peer at the end', () => {
    const time = (slow: boolean) => {
      const swarm = new SimulatedSwarm({ seed, pieces: 40 })
      const seeds = Array.from({ length: 4 }, () => swarm.addSeed({ up: 500_000 }))
      if (slow) swarm.addSeed({ up: 5_000 })
      const leech = swarm.addPeer()
      swarm.join(leech)
      expect(swarm.run(20 * MINUTE, () => leech.isComplete)).toBe(true)
      expect(seeds).toHaveLength(4)
      return { ms: swarm.now, wasted: leech.engine.stats.wasted }
    }
    const [with_, without] = [time(true), time(false)]
    expect(with_.ms).toBeLessThan(without.ms + 5_000)
    expect(with_.wasted).toBeLessThan(64 * 16_384)
  })

  test('are not held up by a peer that stops in the middle', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 40 })
    swarm.addSeed({ up: 500_000 })
    swarm.addSeed({ up: 500_000, stallsAfter: 100 })
    const leech = swarm.addPeer()
    swarm.join(leech)
    expect(swarm.run(20 * MINUTE, () => leech.isComplete)).toBe(true)
    expect(swarm.now).toBeLessThan(60_000)
  })

  test.each([0.02, 1])('ban the peer that sends a share of %d of its blocks wrong, and nobody else', (lies) => {
    const swarm = new SimulatedSwarm({ seed, pieces: 64 })
    swarm.addSeed({ up: 1_000_000 })
    swarm.addSeed({ name: 'liar', up: 1_000_000, lies })
    const leeches = Array.from({ length: 6 }, () => swarm.addPeer())
    swarm.connectAll()
    expect(swarm.run(20 * MINUTE, () => leeches.every((peer) => peer.isComplete))).toBe(true)
    expect(banned(swarm.peers)).toEqual(['liar'])
  })

  test('stop asking when the disk is slower than the line, and stay within the credit', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 100 })
    swarm.addSeed({ up: 10_000_000 })
    const credit = 2 * 1024 * 1024
    const leech = swarm.addPeer({ disk: 500_000, credit })
    swarm.join(leech)
    expect(swarm.run(20 * MINUTE, () => leech.isComplete)).toBe(true)
    expect(leech.trace.mostOnCredit).toBeLessThanOrEqual(credit)
    expect(leech.trace.mostOnCredit).toBeGreaterThan(credit / 2)
    // The disk was busy all the time: 25 MiB at 500 kB/s.
    expect(swarm.now / 1_000).toBeLessThan(1.1 * ((100 * 256 * 1024) / 500_000))
  })

  test('fetch pieces that are larger than the credit in runs', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 3, pieceLength: 16 * 1024 * 1024 })
    swarm.addSeed({ up: 5_000_000 })
    swarm.addSeed({ up: 5_000_000 })
    const credit = 4 * 1024 * 1024
    const leech = swarm.addPeer({ credit })
    swarm.join(leech)
    expect(swarm.run(20 * MINUTE, () => leech.isComplete)).toBe(true)
    expect(leech.trace.mostOnCredit).toBeLessThanOrEqual(credit)
    expect(leech.engine.stats).toMatchObject({ unwrittenBytes: 0, requestedBytes: 0 })
  })

  test('find the liar in pieces that are written in runs, too', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 6, pieceLength: 8 * 1024 * 1024 })
    swarm.addSeed({ up: 2_000_000 })
    swarm.addSeed({ name: 'liar', up: 2_000_000, lies: 0.01 })
    const leech = swarm.addPeer()
    swarm.join(leech)
    expect(swarm.run(30 * MINUTE, () => leech.isComplete)).toBe(true)
    expect(banned(swarm.peers)).toEqual(['liar'])
  })

  test('survive churn: peers come and go all the time, and who stays finishes', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 48 })
    swarm.addSeed({ up: 500_000 })
    const loyal = Array.from({ length: 5 }, () => swarm.addPeer())
    swarm.connectAll()
    const visit = (left: number) => {
      const visitor = swarm.addPeer()
      swarm.join(visitor)
      swarm.later(7_000, () => swarm.remove(visitor))
      if (left > 0) swarm.later(1_500, () => visit(left - 1))
    }
    visit(60)
    expect(swarm.run(20 * MINUTE, () => loyal.every((peer) => peer.isComplete))).toBe(true)
    for (const peer of loyal) expect(peer.engine.stats).toMatchObject({ unwrittenBytes: 0, requestedBytes: 0 })
  })

  test('finish without the seed once every piece is out', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 48 })
    const source = swarm.addSeed({ up: 1_000_000 })
    const leeches = Array.from({ length: 8 }, () => swarm.addPeer())
    swarm.connectAll()
    const isOut = () =>
      Array.from({ length: 48 }, (_, piece) => piece).every((piece) =>
        leeches.some((peer) => peer.engine.have.has(piece)),
      )
    expect(swarm.run(20 * MINUTE, isOut)).toBe(true)
    // Rarest first: the seed has sent little more than one copy by then.
    expect(source.engine.stats.uploaded).toBeLessThan(2 * 48 * 256 * 1024)
    swarm.remove(source)
    expect(swarm.run(20 * MINUTE, () => leeches.every((peer) => peer.isComplete))).toBe(true)
  })

  test('give a reader that seeks its pieces first, in order, and soon', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 400 })
    for (let at = 0; at < 4; at++) swarm.addSeed({ up: 500_000 })
    const leech = swarm.addPeer()
    swarm.join(leech)
    swarm.run(10_000)
    const window = leech.engine.openWindow({ start: 0, end: 8 }, swarm.now)
    leech.pump()
    swarm.run(5_000)
    const seekAt = swarm.now
    window.move({ start: 300, end: 308 }, swarm.now)
    leech.pump()
    const inWindow = () =>
      Array.from({ length: 8 }, (_, at) => 300 + at).filter((piece) => leech.engine.have.has(piece))
    const already = inWindow().length
    expect(swarm.run(MINUTE, () => leech.engine.have.has(300))).toBe(true)
    // Requests that were on their way (three seconds of them) come first; then one piece from four seeds.
    expect(swarm.now - seekAt).toBeLessThan(5_000)
    expect(swarm.run(MINUTE, () => inWindow().length === 8)).toBe(true)
    expect(swarm.now - seekAt).toBeLessThan(8_000)
    expect(already).toBeLessThan(8)
  })

  test('keep a reader fed that reads at half of what the swarm can give', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 200 })
    for (let at = 0; at < 4; at++) swarm.addSeed({ up: 250_000 })
    const leech = swarm.addPeer()
    swarm.join(leech)
    const window = leech.engine.openWindow({ start: 100, end: 110 }, swarm.now)
    leech.pump()
    expect(swarm.run(MINUTE, () => leech.engine.have.has(100) && leech.engine.have.has(101))).toBe(true)
    let stalls = 0
    for (let piece = 101; piece < 150; piece++) {
      window.move({ start: piece, end: piece + 10 }, swarm.now)
      leech.pump()
      if (!leech.engine.have.has(piece)) stalls++
      swarm.run(MINUTE, () => leech.engine.have.has(piece))
      swarm.run(524)
    }
    expect(stalls).toBeLessThan(5)
  })

  test('cost one engine with 1,000 peers a bounded number of steps for each block', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 128, pieceLength: 64 * 1024 })
    const hub = swarm.addPeer({ name: 'hub', down: 100_000_000 })
    for (let at = 0; at < 1_000; at++) {
      const have = new Bitfield(128)
      for (let piece = at % 4; piece < 128; piece += 4) have.add(piece)
      swarm.connect(hub, swarm.addPeer({ up: 100_000, engine: { allowedFast: 0 } }, have))
    }
    const before = swarm.timeline.fired
    expect(swarm.run(10 * MINUTE, () => hub.isComplete)).toBe(true)
    expect(hub.engine.stats.peers).toBeGreaterThan(0)
    const blocks = 128 * 4
    // Every piece is told to 1,000 peers, and each of them answers once or twice: 250 to 500 events a block, no more.
    expect((swarm.timeline.fired - before) / blocks).toBeLessThan(1_000)
  })
})

/** Every second piece, from `from` on. */
function half(swarm: SimulatedSwarm, from: number): Bitfield {
  const have = new Bitfield(swarm.geometry.pieceCount)
  for (let piece = from; piece < have.length; piece += 2) have.add(piece)
  return have
}

describe('A simulated peer', () => {
  test('is done no sooner than its line allows', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: 10 })
    swarm.addSeed({ up: 100_000 })
    const leech = swarm.addPeer()
    swarm.join(leech)
    expect(swarm.run(10 * MINUTE, () => leech.isComplete)).toBe(true)
    expect(finishedAt(leech)).toBeGreaterThan((10 * 256 * 1024 * 1_000) / 100_000)
    expect(finishedAt(leech)).toBeLessThan((1.1 * 10 * 256 * 1024 * 1_000) / 100_000)
  })
})
