// Many inputs to one surface. The corpus grows by inputs whose verdict was not seen before; half of the inputs are mutants of it, the
// others come from the grammar or are mutants of such.

import { mutateBytes } from './byte-mutator.ts'
import { Dice } from './dice.ts'
import { judgeOne } from './judge-one.ts'
import { shrink } from './shrink.ts'
import type { Surface } from './surface.ts'

export interface CampaignOptions {
  readonly seed: number
  readonly runs: number
  /** Kept inputs; every one of them is tried first. */
  readonly corpus: readonly Uint8Array[]
}

export interface Caught {
  /** As short as it could be made. */
  readonly input: Uint8Array
  readonly error: unknown
}

export interface Campaign {
  readonly runs: number
  /** How often each verdict came. */
  readonly verdicts: ReadonlyMap<string, number>
  /** Inputs that first gave a verdict, without the seeds. */
  readonly kept: readonly Uint8Array[]
  /** One for each reason. */
  readonly caught: readonly Caught[]
}

/** Different failures after which a campaign gives up. */
const MOST_CAUGHT = 10
/** Longer inputs are not kept: the corpus is for people too. */
const MOST_KEPT_LENGTH = 4_096

export async function runCampaign(surface: Surface, options: CampaignOptions): Promise<Campaign> {
  const { seed, runs, corpus } = options
  const dice = new Dice(seed)
  const pool = [...surface.seeds, ...corpus]
  const verdicts = new Map<string, number>()
  const kept: Uint8Array[] = []
  const caught = new Map<string, Caught>()
  let done = 0
  for (; done < runs && caught.size < MOST_CAUGHT; done++) {
    const input =
      pool[done] !== undefined && done < surface.seeds.length + corpus.length ? pool[done] : next(surface, dice, pool)
    if (input === undefined) continue
    try {
      const verdict = await judgeOne(surface, input)
      const times = verdicts.get(verdict) ?? 0
      verdicts.set(verdict, times + 1)
      if (times > 0 || done < surface.seeds.length || input.length > MOST_KEPT_LENGTH) continue
      kept.push(input)
      if (done >= surface.seeds.length + corpus.length) pool.push(input)
    } catch (error) {
      const reason = reasonOf(error)
      if (!caught.has(reason)) caught.set(reason, { input: await smallest(surface, input), error })
    }
  }
  return { runs: done, verdicts, kept, caught: [...caught.values()] }
}

function next(surface: Surface, dice: Dice, pool: readonly Uint8Array[]): Uint8Array {
  const origin = dice.oneIn(2) && pool.length > 0 ? dice.pick(pool) : surface.generate(dice)
  return dice.oneIn(8) ? origin : mutateBytes(origin, dice, surface.words, pool)
}

function smallest(surface: Surface, input: Uint8Array): Promise<Uint8Array> {
  return shrink(input, async (candidate) => {
    try {
      await judgeOne(surface, candidate)
      return undefined
    } catch (error) {
      return reasonOf(error)
    }
  })
}

/** Numbers and quotations differ from input to input. */
function reasonOf(error: unknown): string {
  const { name, message, stack = '' } = error as Error
  const place = name === 'Error' ? '' : (stack.split('\n')[1] ?? '')
  return `${name} ${message} ${place}`.replaceAll(/\d+/g, 'N').replaceAll(/"[^"]*"|'[^']*'/g, 'S')
}
