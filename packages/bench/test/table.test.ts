import { describe, expect, test } from '@jest/globals'
import type { Result } from '../src/contest.ts'
import { judge } from '../src/goal.ts'
import { formatTable, formatVerdicts, ownColumn, rowsOf, USUAL_COLUMNS } from '../src/table.ts'

const results: Result[] = [
  {
    name: 'torrential',
    measurements: [
      { wallSeconds: 2, cpuSeconds: 3, peakBytes: 100e6, othersShare: 0 },
      { wallSeconds: 4, cpuSeconds: 5, peakBytes: 120e6, othersShare: 0 },
      { wallSeconds: 3, cpuSeconds: 4, peakBytes: 110e6, othersShare: 0 },
    ],
  },
  {
    name: 'other',
    measurements: [
      { wallSeconds: 4, cpuSeconds: 2, peakBytes: 55e6, othersShare: 0 },
      { wallSeconds: 16, cpuSeconds: 2, peakBytes: 55e6, othersShare: 0 },
      { wallSeconds: 4, cpuSeconds: 2, peakBytes: 55e6, othersShare: 0 },
    ],
  },
]

describe('formatTable', () => {
  test('prints median and extremes, and our ratio to each other contestant, round by round', () => {
    const [head, rule, ours, other] = formatTable(results, 'torrential', USUAL_COLUMNS.slice(0, 1)).split('\n')
    expect(head).toBe('|            |            wall s | wall s: torrential/it |')
    expect(rule).toBe('|------------|------------------:|----------------------:|')
    expect(ours).toBe('| torrential |  3.00 (2.00–4.00) |                     – |')
    // 2/4, 4/16 and 3/4: not 3/4, the ratio of the medians.
    expect(other).toBe('| other      | 4.00 (4.00–16.00) |     0.50× (0.25–0.75) |')
  })

  test('has no ratios without us', () => {
    expect(formatTable(results.slice(1), 'torrential')).not.toContain('×')
  })

  test('prints a dash for what a contestant did not measure, and for a ratio to it', () => {
    const own: Result = {
      name: 'torrential',
      measurements: [{ wallSeconds: 1, cpuSeconds: 1, peakBytes: 1, othersShare: 0, values: { p99: 7 } }],
    }
    const table = formatTable(
      [own, { name: 'other', measurements: [{ wallSeconds: 1, cpuSeconds: 1, peakBytes: 1, othersShare: 0 }] }],
      'torrential',
      [ownColumn('p99', 'p99 ms', 1)],
    )
    expect(table).toContain('7.0 (7.0–7.0)')
    expect(table).toMatch(/other +\| +– \| +– \|/)
  })
})

test('rowsOf sums up each figure on its own', () => {
  expect(rowsOf(results)[0]).toEqual({
    name: 'torrential',
    runs: 3,
    figures: {
      wall: { median: 3, min: 2, max: 4 },
      cpu: { median: 4, min: 3, max: 5 },
      peak: { median: 110, min: 100, max: 120 },
    },
    othersShare: { median: 0, min: 0, max: 0 },
  })
})

describe('judge', () => {
  test('compares the median of the ratios of the rounds with the goal', () => {
    const [verdict] = judge([{ figure: 'wall', against: 'other', atMost: 0.5 }], results, USUAL_COLUMNS)
    expect(verdict).toMatchObject({ measured: { median: 0.5, min: 0.25, max: 0.75 }, met: true })
    expect(judge([{ figure: 'wall', against: 'other', atMost: 0.49 }], results, USUAL_COLUMNS)[0]?.met).toBe(false)
  })

  test('compares a figure itself when there is nobody to be compared with', () => {
    expect(judge([{ figure: 'peak', atMost: 110 }], results, USUAL_COLUMNS)[0]?.met).toBe(true)
    expect(judge([{ figure: 'peak', atLeast: 111 }], results, USUAL_COLUMNS)[0]?.met).toBe(false)
  })

  test('takes the best of each round, which is the most where more is better', () => {
    const third: Result = {
      name: 'third',
      measurements: results[1]?.measurements.map((one) => ({ ...one, wallSeconds: 8 })) ?? [],
    }
    const all = [...results, third]
    expect(judge([{ figure: 'wall', against: 'best', atMost: 1 }], all, USUAL_COLUMNS)[0]?.measured).toEqual({
      median: 0.5,
      min: 0.5,
      max: 0.75,
    })
    expect(judge([{ figure: 'wall', against: 'best', atLeast: 1 }], all, USUAL_COLUMNS)[0]?.measured).toEqual({
      median: 0.25,
      min: 0.25,
      max: 0.375,
    })
  })

  test('leaves out goals about somebody who did not run', () => {
    expect(judge([{ figure: 'wall', against: 'absent', atMost: 1 }], results, USUAL_COLUMNS)).toEqual([])
  })

  test('prints what was missed in capitals', () => {
    const text = formatVerdicts(
      judge(
        [
          { figure: 'wall', atMost: 1 },
          { figure: 'wall', atMost: 9 },
        ],
        results,
        USUAL_COLUMNS,
      ),
    )
    expect(text).toContain('| wall s ≤ 1 | 3.00 (2.00–4.00) |  NO |')
    expect(text).toContain('| wall s ≤ 9 | 3.00 (2.00–4.00) | yes |')
  })
})
