// The benchmark's command line: which workloads, how large, how often.
import { parseArgs } from 'node:util'
import { BUSY_THRESHOLD, describeMachine, type Machine } from './machine.ts'
import { parseSize } from './parse-size.ts'
import { describeOutcome, type Outcome, outcomeAsJson, runWorkload } from './run-workload.ts'
import type { Workload } from './workload.ts'
import { WORKLOADS } from './workloads/index.ts'

const usage = `usage: pnpm bench WORKLOAD… [options]

  WORKLOAD       a name of \`bench list\`, a row of docs/PERFORMANCE.md such as 3, or all

  --size N       instead of the workload's own size, with K, M or G for powers of 1024
  --scale F      times the workload's own size, such as 0.25 (default 1)
  --seconds N    how long trackers are asked and idle sessions watched (default 5)
  --runs N       runs of each contestant (default 5)
  --only A,B     only these contestants
  --folder DIR   where the data lives (default /dev/shm)
  --json         print one JSON object for each workload instead of its table`

interface Settings {
  readonly workloads: readonly Workload[]
  readonly size: number | undefined
  readonly scale: number
  readonly seconds: number
  readonly runs: number
  readonly only: readonly string[] | undefined
  readonly folder: string
  readonly json: boolean
}

/** Runs the command line and answers the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'list') {
    process.stdout.write(`${listOf(WORKLOADS)}\n`)
    return 0
  }
  const settings = readSettings(args)
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${usage}\n`)
    return 2
  }
  return bench(settings)
}

function listOf(workloads: readonly Workload[]): string {
  const width = Math.max(...workloads.map(({ name }) => name.length))
  return workloads
    .map(
      ({ name, row, title, size, unit }) =>
        `${`${row}`.padStart(3)}  ${name.padEnd(width)}  ${title} (${sizeText(size, unit)})`,
    )
    .join('\n')
}

function sizeText(size: number, unit: string): string {
  return unit === 'bytes' ? `${size / 2 ** 20} MiB` : `${size} ${unit}`
}

function readSettings(args: readonly string[]): Settings | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        size: { type: 'string' },
        scale: { type: 'string', default: '1' },
        seconds: { type: 'string', default: '5' },
        runs: { type: 'string', default: '5' },
        only: { type: 'string' },
        folder: { type: 'string', default: '/dev/shm' },
        json: { type: 'boolean', default: false },
      },
    })
    const [runs, scale, seconds] = [Number(values.runs), Number(values.scale), Number(values.seconds)]
    if (!Number.isInteger(runs) || runs < 1) return `--runs must be a whole number above 0, not ${values.runs}`
    if (!(scale > 0 && scale <= 1000)) return `--scale must be a number above 0, not ${values.scale}`
    if (!(seconds > 0)) return `--seconds must be a number above 0, not ${values.seconds}`
    const size = values.size === undefined ? undefined : parseSize(values.size)
    const { folder, json } = values
    return { workloads: chosen(positionals), size, scale, seconds, runs, only: values.only?.split(','), folder, json }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function chosen(names: readonly string[]): Workload[] {
  if (names.length === 0) throw new RangeError('name a workload')
  return names.flatMap((wanted) => {
    const exact = WORKLOADS.filter(({ name, row }) => wanted === 'all' || wanted === name || wanted === `${row}`)
    // `create` is create-v1, create-v2 and create-hybrid.
    const found = exact.length > 0 ? exact : WORKLOADS.filter(({ name }) => name.startsWith(`${wanted}-`))
    if (found.length === 0) throw new RangeError(`unknown workload ${wanted}; bench list names them`)
    return found
  })
}

/** A workload that fails does not keep the others from running; the exit code tells. */
async function bench(settings: Settings): Promise<number> {
  // Where it is set, each Node.js process reads some hundred certificates before it does anything, 0.06 s of CPU time; nothing that is
  // measured here uses one.
  delete process.env['NODE_EXTRA_CA_CERTS']
  const note = (text: string): void => void process.stderr.write(`${text}\n`)
  const machine = await describeMachine()
  if (!settings.json) process.stdout.write(`${describe(machine)}\n\n`)
  let failed = 0
  for (const workload of settings.workloads) {
    const { seconds, runs, only, folder } = settings
    const size = settings.size ?? Math.max(1, Math.round(workload.size * settings.scale))
    try {
      print(await runWorkload(workload, { size, seconds, runs, folder, note, ...(only === undefined ? {} : { only }) }))
    } catch (error) {
      failed += 1
      note(`error: ${workload.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failed === 0 ? 0 : 1

  function print(outcome: Outcome): void {
    const text = settings.json ? JSON.stringify(outcomeAsJson(outcome, machine)) : `${describeOutcome(outcome)}\n`
    process.stdout.write(`${text}\n`)
  }
}

function describe({ cpu, cores, memoryBytes, kernel, node, busy }: Machine): string {
  const text = `${cores} × ${cpu}, ${Math.round(memoryBytes / 2 ** 30)} GiB, Linux ${kernel}, Node.js ${node}`
  return busy > BUSY_THRESHOLD ? `${text}\n\nWARNING: others used ${Math.round(busy * 100)} % of it just before` : text
}
