// The benchmark's command line: makes the material, runs one contest, prints its table.
import { parseArgs } from 'node:util'
import { Ground, libtorrent, missingPrograms } from '@torrential/interop'
import { type Contestant, type Result, runContest } from './contest.ts'
import { LEECH_COUNTERPARTS, leechContestants, OURS } from './leech-contestants.ts'
import { BUSY_THRESHOLD, describeMachine, type Machine, requireSpace } from './machine.ts'
import { makeMaterial, type Material } from './material.ts'
import { type Measurement, timeAvailable } from './measured-run.ts'
import { parseSize } from './parse-size.ts'
import { seedContestants } from './seed-contestants.ts'
import { formatTable, mostDisturbed, rowsOf } from './table.ts'
import { warmSeed } from './warm-seed.ts'

const usage = `usage: pnpm bench [leech|seed] [options]

  leech   one torrent, seeded by libtorrent, downloaded by each contestant in turn (the default)
  seed    one torrent, downloaded by libtorrent from each contestant in turn

  --size N       bytes, with K, M or G for powers of 1024 (default 2G)
  --runs N       runs of each contestant (default 3)
  --only A,B     only these contestants
  --folder DIR   where the data lives (default /dev/shm; needs twice the size)
  --json         print one JSON object instead of the table`

interface Settings {
  readonly workload: string
  readonly size: number
  readonly runs: number
  readonly only: readonly string[] | undefined
  readonly folder: string
  readonly json: boolean
}

/** Runs the command line and answers the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  const settings = readSettings(args)
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${usage}\n`)
    return 2
  }
  try {
    await bench(settings)
    return 0
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

function readSettings(args: readonly string[]): Settings | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        size: { type: 'string', default: '2G' },
        runs: { type: 'string', default: '3' },
        only: { type: 'string' },
        folder: { type: 'string', default: '/dev/shm' },
        json: { type: 'boolean', default: false },
      },
    })
    const [workload = 'leech', ...rest] = positionals
    const runs = Number(values.runs)
    if (rest.length > 0 || !['leech', 'seed'].includes(workload)) return `unknown workload ${positionals.join(' ')}`
    if (!Number.isInteger(runs) || runs < 1) return `--runs must be a whole number above 0, not ${values.runs}`
    const { folder, json } = values
    return { workload, size: parseSize(values.size), runs, only: values.only?.split(','), folder, json }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function bench(settings: Settings): Promise<void> {
  await requirePrograms(settings)
  await requireSpace(settings.folder, 2.2 * settings.size)
  const machine = await describeMachine()
  const note = (text: string): unknown => process.stderr.write(`${text}\n`)
  note(describe(machine, settings))
  await using ground = await Ground.create({ parent: settings.folder })
  note('making the torrent')
  const material = await makeMaterial(ground, settings.size)
  const contestants = await contestantsFor(settings, ground, material)
  const results = await runContest({
    contestants,
    runs: settings.runs,
    folder: await ground.folder('figures'),
    deadline: 600_000,
    makeTarget: () => ground.folder('target'),
    verify: (target) => material.verify(target),
    report: (name, round, measurement) => note(`${round}/${settings.runs} ${name}: ${describeRun(measurement)}`),
  })
  print(settings, machine, results)
}

async function requirePrograms({ workload, only }: Settings): Promise<void> {
  const wanted = workload === 'leech' ? LEECH_COUNTERPARTS : [libtorrent]
  const used = wanted.filter(({ name }) => only === undefined || only.includes(name) || name === libtorrent.name)
  const time = timeAvailable()
  const missing = [...(await missingPrograms(used)), ...(time === true ? [] : [time])]
  if (missing.length > 0) throw new Error(missing.join('; '))
}

async function contestantsFor(settings: Settings, ground: Ground, material: Material): Promise<Contestant[]> {
  const all =
    settings.workload === 'leech'
      ? await leechContestants(ground, material, await warmSeed(ground, material))
      : seedContestants(ground, material)
  const chosen = all.filter(({ name }) => settings.only === undefined || settings.only.includes(name))
  if (chosen.length === 0) throw new Error(`--only names none of ${all.map(({ name }) => name).join(', ')}`)
  return chosen
}

function describe(
  { cpu, cores, memoryBytes, kernel, node, busy }: Machine,
  { workload, size, runs }: Settings,
): string {
  const lines = [
    `${workload}: ${size / 2 ** 20} MiB, pieces of 1 MiB, ${runs} runs each`,
    `${cores} × ${cpu}, ${Math.round(memoryBytes / 2 ** 30)} GiB, Linux ${kernel}, Node.js ${node}`,
  ]
  if (busy > BUSY_THRESHOLD) {
    lines.push(`WARNING: others used ${percent(busy)} of this machine just before`)
  }
  return lines.join('\n')
}

function describeRun({ wallSeconds, cpuSeconds, peakBytes, othersShare }: Measurement): string {
  const figures = `${wallSeconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU s, ${Math.round(peakBytes / 1e6)} MB`
  return othersShare > BUSY_THRESHOLD ? `${figures} (others used ${percent(othersShare)} of the machine)` : figures
}

function describeDisturbance(results: readonly Result[]): string {
  const most = mostDisturbed(results)
  const text = `others used at most ${percent(most)} of the machine during a run`
  return most > BUSY_THRESHOLD ? `WARNING: ${text}: the figures are not trustworthy` : text
}

const percent = (part: number): string => `${Math.round(part * 100)} %`

function print(settings: Settings, machine: Machine, results: readonly Result[]): void {
  const { workload, size } = settings
  const text = settings.json
    ? JSON.stringify({ workload, size, machine, results: rowsOf(results) })
    : `${describe(machine, settings)}\n${describeDisturbance(results)}\n\n${formatTable(results, OURS)}`
  process.stdout.write(`${text}\n`)
}
