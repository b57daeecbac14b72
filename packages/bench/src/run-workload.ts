// One workload from the look for programs to the printed table.
import { Ground, missingPrograms, type Needed } from '@torrential/interop'
import { type Result, runContest } from './contest.ts'
import { judge, type Verdict } from './goal.ts'
import { BUSY_THRESHOLD, freeBytes, type Machine, requireSpace, warmMemory } from './machine.ts'
import { type Measurement, timeAvailable } from './measured-run.ts'
import { OURS } from './ours.ts'
import { formatTable, formatVerdicts, mostDisturbed, rowsOf, USUAL_COLUMNS } from './table.ts'
import type { Prepared, Workload } from './workload.ts'

/** How one is run. */
export interface RunSettings {
  readonly size: number
  readonly runs: number
  /** How long what is measured by time is measured. */
  readonly seconds: number
  /** Only these contestants. @default all */
  readonly only?: readonly string[]
  /** Parent of the folder where everything lives. */
  readonly folder: string
  /** Told about progress. */
  readonly note: (text: string) => void
}

/** What came of it. */
export interface Outcome {
  readonly workload: Workload
  readonly settings: RunSettings
  readonly results: readonly Result[]
  readonly verdicts: readonly Verdict[]
}

const deadline = 900_000

/** What is warmed before a run, as a multiple of what it may fill: the kernel does not use exactly what was freed last. */
const WARMED = 2

/** @throws Error when a program is missing, room is missing, a run failed or produced something wrong */
export async function runWorkload(workload: Workload, settings: RunSettings): Promise<Outcome> {
  const { size, seconds, runs, only, folder, note } = settings
  const wanted = (name: string): boolean => only === undefined || only.includes(name)
  await requirePrograms([...workload.counterparts.filter(({ name }) => wanted(name)), ...(workload.requires ?? [])])
  const space = workload.space?.(size) ?? (workload.unit === 'bytes' ? 2.2 * size : 0)
  await requireSpace(folder, space)
  const least = (await freeBytes(folder)) - space
  note(`${workload.name}: ${workload.title} (${size} ${workload.unit}, ${runs} runs each)`)
  await using ground = await Ground.create({ parent: folder })
  const prepared = await workload.prepare({ ground, size, seconds, wanted })
  const results = await runContest({
    contestants: chosenOf(prepared, wanted),
    runs,
    folder: await ground.folder('figures'),
    deadline,
    makeTarget: async () => {
      await warmMemory(folder, WARMED * ((await freeBytes(folder)) - least))
      return ground.folder('target')
    },
    verify: async (target) => prepared.verify?.(target),
    report: (name, round, measurement) => note(`${round}/${runs} ${name}: ${describeRun(workload, measurement)}`),
  })
  return { workload, settings, results, verdicts: judge(workload.goals, results, columnsOf(workload)) }
}

async function requirePrograms(needed: readonly Needed[]): Promise<void> {
  const time = timeAvailable()
  const missing = [...(await missingPrograms(needed)), ...(time === true ? [] : [time])]
  if (missing.length > 0) throw new Error(missing.join('; '))
}

function chosenOf({ contestants }: Prepared, wanted: (name: string) => boolean): Prepared['contestants'] {
  const chosen = contestants.filter(({ name }) => wanted(name))
  if (chosen.length === 0) throw new Error(`--only names none of ${contestants.map(({ name }) => name).join(', ')}`)
  return chosen
}

const columnsOf = ({ columns }: Workload) => columns ?? USUAL_COLUMNS

function describeRun(workload: Workload, measurement: Measurement): string {
  if (measurement.failure !== undefined) return measurement.failure
  const figures = columnsOf(workload)
    .map(({ title, digits, value }) => `${title} ${value(measurement).toFixed(digits)}`)
    .join(', ')
  const { othersShare } = measurement
  return othersShare > BUSY_THRESHOLD ? `${figures} (others used ${percent(othersShare)} of the machine)` : figures
}

const percent = (part: number): string => `${Math.round(part * 100)} %`

/** The heading of a workload's result, its table and its goals, as Markdown. */
export function describeOutcome({ workload, settings, results, verdicts }: Outcome): string {
  const { name, row, title, unit } = workload
  const most = mostDisturbed(results)
  const disturbance = `Others used at most ${percent(most)} of the machine during a run`
  const lines = [
    `### ${name} (row ${row}): ${title}`,
    `${settings.size} ${unit}, ${settings.runs} runs each, median (minimum–maximum). ${disturbance}${most > BUSY_THRESHOLD ? ': the figures are NOISY' : ''}.`,
    formatTable(results, OURS, columnsOf(workload)),
  ]
  lines.push(...failuresOf(results))
  if (verdicts.length > 0) lines.push(formatVerdicts(verdicts))
  return lines.join('\n\n')
}

function failuresOf(results: readonly Result[]): string[] {
  return results.flatMap(({ name, measurements }) => {
    const failed = measurements.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
    return failed.length === 0 ? [] : [`${name}, ${failed.length} of ${measurements.length} runs: ${failed[0]}`]
  })
}

/** The same for `--json`. */
export function outcomeAsJson({ workload, settings, results, verdicts }: Outcome, machine: Machine): object {
  const { name, row } = workload
  const rows = rowsOf(results, columnsOf(workload))
  return { workload: name, row, size: settings.size, machine, results: rows, goals: verdicts }
}
