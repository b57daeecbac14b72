// The fuzzer in small: every kept input and some thousand new ones. In full: `npx -y pnpm@10 fuzz --runs 1000000`.

import { describe, expect, test } from '@jest/globals'
import {
  type Campaign,
  Dice,
  Finding,
  mutateBytes,
  readCorpus,
  runCampaign,
  shrink,
  type Surface,
  SURFACES,
} from '../src/index.ts'

const seed = Number(process.env.FUZZ_SEED ?? 1)
const RUNS = 120

function reasons({ caught }: Campaign): string[] {
  return caught.map(({ input, error }) => `${(error as Error).stack} for ${Buffer.from(input).toString('hex')}`)
}

describe(`Inputs of strangers, seed ${seed}`, () => {
  test.each(SURFACES.map((surface) => [surface.name, surface] as const))(
    '%s: refused with a code, or good',
    async (_name, surface) => {
      const corpus = readCorpus(surface.name)
      const runs = surface.seeds.length + corpus.length + Math.ceil(RUNS * (surface.weight ?? 1))
      const campaign = await runCampaign(surface, { seed, runs, corpus })
      expect(reasons(campaign)).toEqual([])
      expect(campaign.runs).toBe(runs)
      expect(campaign.verdicts.size).toBeGreaterThan(1)
    },
  )
})

/** A reader of bytes with a mistake in it, so that it can be seen that mistakes are found. */
function surfaceWith(judge: (input: Uint8Array) => string): Surface {
  return {
    name: 'sample',
    seeds: [new Uint8Array(8)],
    words: [Uint8Array.of(0xab)],
    generate: (dice) => dice.bytes(8),
    judge,
  }
}

describe('The fuzzer itself', () => {
  const options = { seed: 1, runs: 3_000, corpus: [] }

  test('finds an error that is not ours, and makes its input short', async () => {
    const broken = surfaceWith((input) => {
      if (input.includes(0xab)) throw new TypeError('oh')
      return 'fine'
    })
    const { caught } = await runCampaign(broken, options)
    expect(caught).toHaveLength(1)
    expect([...(caught[0]?.input ?? [])]).toEqual([0xab])
  })

  test('finds what lies behind another way through the code', async () => {
    const deep = surfaceWith((input) => {
      const depth = [0xab, 0xab, 0xab].findIndex((byte, at) => input[at] !== byte)
      if (depth === -1) throw new Finding('all the way down')
      return `depth ${depth}`
    })
    const { caught, kept } = await runCampaign(deep, options)
    expect(kept.length).toBeGreaterThan(1)
    expect(caught).toHaveLength(1)
  })

  test('finds buffers made for a claimed length', async () => {
    const kept: Uint8Array[] = []
    const greedy = surfaceWith((input) => {
      if ((input[0] ?? 0) > 250) kept.push(new Uint8Array(8 * 2 ** 20))
      return 'fine'
    })
    const { caught } = await runCampaign(greedy, { ...options, runs: 200 })
    expect(String(caught[0]?.error)).toMatch(/bytes of buffers/)
  })

  test('finds a reader that writes to what it reads', async () => {
    const scribbling = surfaceWith((input) => {
      input[0] = 1
      return 'fine'
    })
    expect(String((await runCampaign(scribbling, options)).caught[0]?.error)).toMatch(/written to/)
  })

  test('tries the same inputs with the same seed, and others with another', async () => {
    const seen = async (from: number) => {
      const inputs: string[] = []
      await runCampaign(
        surfaceWith((input) => (inputs.push(Buffer.from(input).toString('hex')), 'fine')),
        { ...options, seed: from, runs: 50 },
      )
      return inputs
    }
    expect(await seen(5)).toEqual(await seen(5))
    expect(await seen(5)).not.toEqual(await seen(6))
  })

  test('damages copies only', () => {
    const input = new Uint8Array(20)
    const dice = new Dice(1)
    for (let at = 0; at < 1_000; at++) mutateBytes(input, dice, [Uint8Array.of(1)], [Uint8Array.of(2)])
    expect(input).toEqual(new Uint8Array(20))
  })

  test('shrinks to what still fails in the same way', async () => {
    const fails = async (bytes: Uint8Array) => (bytes.includes(7) && bytes.includes(9) ? 'both' : undefined)
    expect([
      ...(await shrink(
        Uint8Array.from({ length: 300 }, (_, at) => at & 255),
        fails,
      )),
    ]).toEqual([7, 9])
  })
})
