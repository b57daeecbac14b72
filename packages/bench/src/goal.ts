// Goals, and how far a contest met them. Ratios are taken within each round, because a round's runs are neighbours in time: what
// disturbs the machine for minutes moves both sides of a ratio and leaves the ratio alone.
import { OURS } from './ours.ts'
import type { Result } from './contest.ts'
import { type Summary, summarize } from './statistics.ts'
import type { Column } from './table.ts'

/** What a workload is meant to reach. */
export interface Goal {
  /** The key of a column. */
  readonly figure: string
  /** Whose figure. @default torrential */
  readonly of?: string
  /** Whom it is divided by; `best` is whoever did best in the round. Absent: the figure itself is meant. */
  readonly against?: string
  /** The ratio, or the figure in its column's unit, must not be above. */
  readonly atMost?: number
  /** … or not below. */
  readonly atLeast?: number
}

/** A goal and what was measured. */
export interface Verdict {
  readonly goal: string
  readonly measured: Summary
  readonly met: boolean
  /** Digits after the point that make sense. */
  readonly digits: number
}

/** Compares results with goals. Goals about somebody who did not run are left out. */
export function judge(goals: readonly Goal[], results: readonly Result[], columns: readonly Column[]): Verdict[] {
  return goals.flatMap((goal) => {
    const column = columns.find(({ key }) => key === goal.figure)
    const own = results.find(({ name }) => name === (goal.of ?? OURS))
    const rivals = rivalsOf(goal, results)
    if (column === undefined || own === undefined || (goal.against !== undefined && rivals.length === 0)) return []
    const measured = summarize(
      own.measurements.map((measurement, round) => {
        const value = column.value(measurement)
        if (goal.against === undefined) return value
        const others = rivals.map(({ measurements }) => column.value(measurements[round] ?? measurement))
        return value / (goal.atLeast === undefined ? Math.min(...others) : Math.max(...others))
      }),
    )
    const met = measured.median <= (goal.atMost ?? Infinity) && measured.median >= (goal.atLeast ?? -Infinity)
    const digits = goal.against === undefined ? column.digits : 2
    return [{ goal: textOf(goal, column), measured, met, digits }]
  })
}

function rivalsOf({ of = OURS, against }: Goal, results: readonly Result[]): Result[] {
  return results.filter(({ name }) => (against === 'best' ? name !== of : name === against))
}

function textOf({ of, against, atMost, atLeast }: Goal, column: Column): string {
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`
  const whose = of === undefined ? '' : ` of ${of}`
  return `${column.title}${whose} ${bound}${against === undefined ? '' : ` × ${against}`}`
}
