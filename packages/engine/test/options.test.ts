import { Bitfield, Geometry, SeededRandom } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { DownloadCredit, type EngineOptions, SwarmEngine } from '../src/index.ts'
import { SwarmBench } from './swarm-bench.ts'

const geometry = new Geometry('v1', 16_384, [{ length: 65_536 }])
const parts = () => ({ geometry, have: new Bitfield(4), random: new SeededRandom(1) })

describe('EngineOptions', () => {
  const wrong: EngineOptions[] = [
    { uploadSlots: -1 },
    { uploadSlots: 1.5 },
    { chokeInterval: 0 },
    { maxRequests: Number.NaN },
    { creditBytes: 100 },
    { seedChoking: 'none' as 'round-robin' },
  ]
  test.each(wrong)('refuses %o', (options) => {
    expect(() => new SwarmEngine(parts(), options)).toThrow(expect.objectContaining({ code: 'ENGINE_OPTION' }))
  })

  test('refuses a bitfield and priorities of another length', () => {
    expect(() => new SwarmEngine({ ...parts(), have: new Bitfield(5) })).toThrow(
      expect.objectContaining({ code: 'HAVE_LENGTH' }),
    )
    expect(() => new SwarmEngine(parts()).setPriorities(new Uint8Array(3), 0)).toThrow(
      expect.objectContaining({ code: 'PRIORITIES_LENGTH' }),
    )
    expect(() => new DownloadCredit(1)).toThrow(expect.objectContaining({ code: 'CREDIT_BYTES' }))
  })

  test('change while the swarm runs', () => {
    const bench = new SwarmBench({ have: '######', options: { uploadSlots: 0 } })
    const peer = bench.join('......')
    bench.say(peer, { type: 'interested' })
    expect(bench.sent(peer, 'unchoke')).toEqual([])
    bench.engine.configure({ uploadSlots: Number.POSITIVE_INFINITY }, bench.now)
    bench.drain()
    expect(bench.sent(peer, 'unchoke')).toHaveLength(1)
    expect(() => bench.engine.configure({ uploadSlots: -2 }, bench.now)).toThrow()
    expect(bench.engine.peer(peer)?.amChoking).toBe(false)
  })
})
