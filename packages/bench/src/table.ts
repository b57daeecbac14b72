// Results as text: for each contestant median (min–max), then the ratios of ours to each other's, taken round by round; below it
// the goals.
import type { Result } from './contest.ts'
import type { Verdict } from './goal.ts'
import type { Measurement } from './measured-run.ts'
import { type Summary, summarize } from './statistics.ts'

/** One figure of every contestant. */
export interface Column {
  /** Its name in JSON and in goals. */
  readonly key: string
  readonly title: string
  readonly digits: number
  readonly value: (measurement: Measurement) => number
}

const mega = 1_000_000

/** Wall time, CPU and memory. */
export const USUAL_COLUMNS: readonly Column[] = [
  { key: 'wall', title: 'wall s', digits: 2, value: ({ wallSeconds }) => wallSeconds },
  { key: 'cpu', title: 'CPU s', digits: 2, value: ({ cpuSeconds }) => cpuSeconds },
  { key: 'peak', title: 'peak RSS MB', digits: 0, value: ({ peakBytes }) => peakBytes / mega },
]

/** A column of what a program measured itself; contestants that did not are printed as `–`. */
export function ownColumn(key: string, title: string, digits = 2): Column {
  return { key, title, digits, value: ({ values }) => values?.[key] ?? Number.NaN }
}

/** One contestant's figures, ready to print as JSON. */
export interface Row {
  readonly name: string
  readonly runs: number
  readonly figures: Readonly<Record<string, Summary>>
  /** Part of the machine that others used, 0 to 1. */
  readonly othersShare: Summary
}

/** Sums up results. */
export function rowsOf(results: readonly Result[], columns: readonly Column[] = USUAL_COLUMNS): Row[] {
  return results.map((result) => ({
    name: result.name,
    runs: result.measurements.length,
    figures: Object.fromEntries(columns.map((column) => [column.key, summaryOf(result, column)])),
    othersShare: summarize(result.measurements.map(({ othersShare }) => othersShare)),
  }))
}

/** The largest part of the machine, 0 to 1, that others used during any run. */
export function mostDisturbed(results: readonly Result[]): number {
  return Math.max(0, ...results.flatMap(({ measurements }) => measurements.map(({ othersShare }) => othersShare)))
}

/** A Markdown table; `ours` names the contestant that the ratios are about. */
export function formatTable(
  results: readonly Result[],
  ours: string,
  columns: readonly Column[] = USUAL_COLUMNS,
): string {
  const own = results.find(({ name }) => name === ours)
  const head = ['', ...columns.map(({ title }) => title)]
  const ratios = own === undefined ? [] : columns.map(({ title }) => `${title}: ${ours}/it`)
  const lines = results.map((result) => [
    result.name,
    ...columns.map((column) => textOf(summaryOf(result, column), column.digits)),
    ...(own === undefined ? [] : columns.map((column) => ratioCell(own, result, column))),
  ])
  return aligned([[...head, ...ratios], ...lines])
}

/** A Markdown table of goals. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  return aligned([
    ['goal', 'measured', 'met'],
    ...verdicts.map(({ goal, measured, met, digits }) => [goal, textOf(measured, digits), met ? 'yes' : 'NO']),
  ])
}

function summaryOf({ measurements }: Result, column: Column): Summary {
  return summarize(measurements.map((measurement) => column.value(measurement)))
}

function textOf({ median, min, max }: Summary, digits: number): string {
  if (Number.isNaN(median)) return '–'
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
}

function ratioCell(own: Result, other: Result, column: Column): string {
  if (own === other) return '–'
  const theirs = other.measurements.map((measurement) => column.value(measurement))
  const ratios = own.measurements.map((measurement, round) => column.value(measurement) / (theirs[round] ?? Number.NaN))
  const { median, min, max } = summarize(ratios)
  return Number.isFinite(median) ? `${median.toFixed(2)}× (${min.toFixed(2)}–${max.toFixed(2)})` : '–'
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  const [head, ...body] = rows.map(line)
  return [head, rule, ...body].join('\n')
}
