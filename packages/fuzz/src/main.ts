// The fuzzer's command line: how many inputs, of which surfaces, from which seed.

import { parseArgs } from 'node:util'
import { runCampaign } from './campaign.ts'
import { readCorpus, writeCorpus } from './corpus.ts'
import type { Surface } from './surface.ts'
import { SURFACES } from './surfaces/index.ts'

const usage = `usage: pnpm fuzz [--runs N] [--seed N] [--surface A,B] [--keep] [--list]

  --runs N       inputs in all (default 100,000)
  --seed N       the same inputs again (default: by the clock)
  --surface A,B  only these; --list names them
  --keep         write inputs that first gave a verdict to the corpus`

/** Exit code: 0 nothing found, 1 something found, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  const settings = settingsOf(args)
  if (typeof settings === 'string') {
    process.stdout.write(`${settings}\n`)
    return settings === usage ? 2 : 0
  }
  const { runs, seed, surfaces, keep } = settings
  const weights = surfaces.reduce((sum, { weight = 1 }) => sum + weight, 0)
  process.stdout.write(`seed ${seed}\n`)
  const faults: string[] = []
  const onFault = (error: unknown) => faults.push(String((error as Error)?.stack ?? error))
  process.on('unhandledRejection', onFault).on('uncaughtException', onFault)
  let total = 0
  let findings = 0
  for (const surface of surfaces) {
    const share = Math.ceil((runs * (surface.weight ?? 1)) / weights)
    const corpus = readCorpus(surface.name)
    const start = performance.now()
    const campaign = await runCampaign(surface, { seed, runs: share, corpus })
    const seconds = ((performance.now() - start) / 1_000).toFixed(1)
    total += campaign.runs
    findings += campaign.caught.length
    const figures = `${campaign.verdicts.size} verdicts, ${campaign.caught.length} findings, ${seconds} s`
    process.stdout.write(`${surface.name.padEnd(20)} ${String(campaign.runs).padStart(8)} runs, ${figures}\n`)
    for (const { input, error } of campaign.caught) {
      process.stdout.write(
        `  ${String((error as Error).stack ?? error)}\n  input ${Buffer.from(input).toString('hex')}\n`,
      )
    }
    if (keep) writeCorpus(surface.name, campaign.kept)
  }
  for (const fault of faults) process.stdout.write(`  reached the process: ${fault}\n`)
  process.stdout.write(`${total} runs, ${findings + faults.length} findings, seed ${seed}\n`)
  return findings + faults.length === 0 ? 0 : 1
}

interface Settings {
  readonly runs: number
  readonly seed: number
  readonly surfaces: readonly Surface[]
  readonly keep: boolean
}

function settingsOf(args: readonly string[]): Settings | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string', default: '100000' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        surface: { type: 'string' },
        keep: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    })
    if (values.list) return SURFACES.map(({ name }) => name).join('\n')
    const names = values.surface?.split(',')
    const surfaces = SURFACES.filter(({ name }) => names === undefined || names.includes(name))
    const runs = Number(values.runs)
    const seed = Number(values.seed)
    const isWrong = names !== undefined && surfaces.length !== names.length
    if (isWrong || !(runs > 0) || !Number.isSafeInteger(seed)) return usage
    return { runs, seed, surfaces, keep: values.keep }
  } catch {
    return usage
  }
}
