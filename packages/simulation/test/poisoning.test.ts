// Twenty peers of which six send wrong data. Give SIMULATION_SEED to repeat a run, or to try another one.
import { describe, expect, test } from '@jest/globals'
import { SimulatedSwarm, type SimulatedPeer } from '../src/index.ts'

const seed = Number(process.env.SIMULATION_SEED ?? 20_240)
const MINUTE = 60_000
const PIECES = 256
const LENGTH = PIECES * 256 * 1024

const bannedBy = (leech: SimulatedPeer, others: readonly SimulatedPeer[]) =>
  others.filter(({ address }) => leech.engine.isBanned(address)).map(({ name }) => name)

describe.each([seed, seed + 1, seed + 2])('Of twenty peers six poison (SIMULATION_SEED=%d)', (one) => {
  test.each([0.05, 0.3, 1])('with a share of %d of their blocks: done, all of them banned, nobody else', (lies) => {
    const swarm = new SimulatedSwarm({ seed: one, pieces: PIECES })
    const liars = Array.from({ length: 6 }, (_, at) => swarm.addSeed({ name: `liar ${at}`, lies }))
    const honest = Array.from({ length: 14 }, (_, at) => swarm.addSeed({ name: `honest ${at}` }))
    const leech = swarm.addPeer({ down: 50_000_000 })
    swarm.join(leech)
    expect(swarm.run(20 * MINUTE, () => leech.isComplete)).toBe(true)
    expect(bannedBy(leech, [...liars, ...honest])).toEqual(liars.map(({ name }) => name))
    expect(leech.engine.stats.wasted).toBeLessThanOrEqual(0.1 * LENGTH)
  })
})

describe(`Of twenty peers (SIMULATION_SEED=${seed})`, () => {
  test('six poison and fourteen download from one another: all are done, whoever is banned poisons', () => {
    const swarm = new SimulatedSwarm({ seed, pieces: PIECES })
    const liars = Array.from({ length: 6 }, (_, at) => swarm.addSeed({ name: `liar ${at}`, lies: 0.3 }))
    const seeds = Array.from({ length: 2 }, () => swarm.addSeed({ name: 'honest seed' }))
    const leeches = Array.from({ length: 12 }, () => swarm.addPeer())
    swarm.connectAll()
    expect(swarm.run(20 * MINUTE, () => leeches.every((peer) => peer.isComplete))).toBe(true)
    const banned = new Set(leeches.flatMap((leech) => bannedBy(leech, swarm.peers)))
    expect([...banned].sort()).toEqual(liars.map(({ name }) => name))
    expect(seeds).toHaveLength(2)
    const wasted = leeches.reduce((sum, { engine }) => sum + engine.stats.wasted, 0)
    expect(wasted).toBeLessThanOrEqual(0.1 * 12 * LENGTH)
  })
})
