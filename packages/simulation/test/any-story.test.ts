import { SeededRandom } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { type SimulatedPeer, type SimulatedPeerOptions, SimulatedSwarm } from '../src/index.ts'

// Give SIMULATION_SEED to try other stories; a story that fails is named by its number.
const first = Number(process.env.SIMULATION_SEED ?? 1)
const STORIES = 25

interface Story {
  readonly swarm: SimulatedSwarm
  readonly leeches: readonly SimulatedPeer[]
  /** Milliseconds in which even the slowest lines and disks are done. */
  readonly bound: number
}

/** A swarm put together by chance: lines, disks, credits, liars, peers that stall, visitors, readers, pauses. */
function tell(number: number): Story {
  const dice = new SeededRandom(number * 7_919)
  const pick = <Value>(...values: readonly [Value, ...Value[]]): Value =>
    values[Math.floor(dice.next() * values.length)] ?? values[0]
  const pieceLength = pick(16_384, 65_536, 262_144, 1_048_576, 8_388_608)
  const pieces = Math.max(1, Math.ceil(pick(1, 5, 40, 100) * Math.min(1, 1_048_576 / pieceLength)))
  const version = number % 2 === 0 ? 'v1' : 'v2'
  const swarm = new SimulatedSwarm({ seed: number, pieces, pieceLength, version })
  const options = (): SimulatedPeerOptions => ({
    up: pick(20_000, 200_000, 1_000_000, 50_000_000),
    down: pick(200_000, 10_000_000, 1_000_000_000),
    latency: pick(0, 5, 50, 300),
    disk: pick(100_000, 10_000_000, 1_000_000_000),
    credit: pick(65_536, 1_048_576, 67_108_864),
    engine: {
      uploadSlots: pick(1, 2, 8, Number.POSITIVE_INFINITY),
      sequential: pick(false, false, true),
      seedChoking: pick('round-robin', 'fastest-upload'),
    },
  })
  swarm.addSeed({ ...options(), up: 1_000_000, engine: {} })
  const leeches = Array.from({ length: pick(1, 3, 8) }, () => swarm.addPeer(options()))
  for (let liars = pick(0, 0, 1, 2); liars > 0; liars--) {
    swarm.addSeed({ ...options(), name: 'liar', lies: pick(0.01, 0.3, 1) })
  }
  if (pick(true, false)) swarm.addSeed({ ...options(), stallsAfter: pick(0, 20, 200) })
  swarm.connectAll()
  for (let visitors = pick(0, 5); visitors > 0; visitors--) {
    swarm.later(dice.next() * 20_000, () => {
      const visitor = swarm.addPeer(options())
      swarm.join(visitor)
      swarm.later(dice.next() * 20_000, () => swarm.remove(visitor))
    })
  }
  for (const leech of leeches) interfere(swarm, leech, pick('read', 'pause', 'nothing'), dice)
  const bytes = swarm.geometry.length
  return {
    swarm,
    leeches,
    bound: 60_000 + 6 * leeches.length * (bytes / 1_000) + 3 * (bytes / 100) + 3 * (bytes / 200),
  }
}

function interfere(swarm: SimulatedSwarm, leech: SimulatedPeer, how: 'read' | 'pause' | 'nothing', dice: SeededRandom) {
  const { engine } = leech
  const at = (ms: number, what: (now: number) => void) =>
    swarm.later(ms, () => {
      what(swarm.now)
      leech.pump()
    })
  if (how === 'pause') {
    at(3_000, (now) => engine.pause(now))
    at(9_000, (now) => engine.resume(now))
  } else if (how === 'read') {
    const start = Math.floor(dice.next() * swarm.geometry.pieceCount)
    at(2_000, (now) => {
      const window = engine.openWindow({ start, end: start + 5 }, now)
      at(13_000, (later) => window.close(later))
    })
  }
}

describe('Any story of a swarm', () => {
  test.each(Array.from({ length: STORIES }, (_, at) => first + at))('ends well (number %d)', (number) => {
    const { swarm, leeches, bound } = tell(number)
    expect(swarm.run(bound, () => leeches.every((peer) => peer.isComplete))).toBe(true)
    for (const leech of leeches) {
      expect(leech.engine.stats).toMatchObject({ unwrittenBytes: 0, requestedBytes: 0 })
      const wronged = swarm.peers.filter((peer) => peer.name !== 'liar' && leech.engine.isBanned(peer.address))
      expect(wronged.map(({ name }) => name)).toEqual([])
    }
  })
})
