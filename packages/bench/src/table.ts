// Results as text: for each contestant median (min–max), then the ratios of ours to each other's medians.
import type { Result } from './contest.ts'
import type { Measurement } from './measured-run.ts'
import { type Summary, summarize } from './statistics.ts'

interface Column {
  readonly title: string
  readonly ratio: string
  readonly digits: number
  value(measurement: Measurement): number
}

const mega = 1_000_000

const columns: readonly Column[] = [
  { title: 'wall s', ratio: 'wall', digits: 2, value: ({ wallSeconds }) => wallSeconds },
  { title: 'CPU s', ratio: 'CPU', digits: 2, value: ({ cpuSeconds }) => cpuSeconds },
  { title: 'peak RSS MB', ratio: 'RSS', digits: 0, value: ({ peakBytes }) => peakBytes / mega },
]

/** One contestant's figures, ready to print as JSON. */
export interface Row {
  readonly name: string
  readonly runs: number
  readonly wallSeconds: Summary
  readonly cpuSeconds: Summary
  readonly peakBytes: Summary
  /** Part of the machine that others used, 0 to 1. */
  readonly othersShare: Summary
}

/** Sums up results. */
export function rowsOf(results: readonly Result[]): Row[] {
  return results.map(({ name, measurements }) => ({
    name,
    runs: measurements.length,
    wallSeconds: summarize(measurements.map((measurement) => measurement.wallSeconds)),
    cpuSeconds: summarize(measurements.map((measurement) => measurement.cpuSeconds)),
    peakBytes: summarize(measurements.map((measurement) => measurement.peakBytes)),
    othersShare: summarize(measurements.map((measurement) => measurement.othersShare)),
  }))
}

/** The largest part of the machine, 0 to 1, that others used during any run. */
export function mostDisturbed(results: readonly Result[]): number {
  return Math.max(0, ...results.flatMap(({ measurements }) => measurements.map(({ othersShare }) => othersShare)))
}

/** A Markdown table; `ours` names the contestant that the ratios are about. */
export function formatTable(results: readonly Result[], ours: string): string {
  const own = results.find(({ name }) => name === ours)
  const head = ['', ...columns.map(({ title }) => title)]
  const ratios = own === undefined ? [] : columns.map(({ ratio }) => `${ratio} ${ours}/it`)
  const lines = results.map((result) => [
    result.name,
    ...columns.map((column) => cell(result, column)),
    ...(own === undefined ? [] : columns.map((column) => ratioCell(own, result, column))),
  ])
  return aligned([[...head, ...ratios], ...lines])
}

function summaryOf({ measurements }: Result, column: Column): Summary {
  return summarize(measurements.map((measurement) => column.value(measurement)))
}

function cell(result: Result, column: Column): string {
  const { median, min, max } = summaryOf(result, column)
  const text = (value: number): string => value.toFixed(column.digits)
  return `${text(median)} (${text(min)}–${text(max)})`
}

function ratioCell(own: Result, other: Result, column: Column): string {
  if (own === other) return '–'
  return `${(summaryOf(own, column).median / summaryOf(other, column).median).toFixed(2)}×`
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  const [head, ...body] = rows.map(line)
  return [head, rule, ...body].join('\n')
}
