import { describe, expect, test } from '@jest/globals'
import type { Result } from '../src/contest.ts'
import { formatTable, rowsOf } from '../src/table.ts'

const results: Result[] = [
  {
    name: 'torrential',
    measurements: [
      { wallSeconds: 2, cpuSeconds: 3, peakBytes: 100e6, othersShare: 0 },
      { wallSeconds: 4, cpuSeconds: 5, peakBytes: 120e6, othersShare: 0 },
      { wallSeconds: 3, cpuSeconds: 4, peakBytes: 110e6, othersShare: 0 },
    ],
  },
  { name: 'other', measurements: [{ wallSeconds: 6, cpuSeconds: 2, peakBytes: 55e6, othersShare: 0 }] },
]

describe('formatTable', () => {
  test('prints median and extremes, and our ratio to each other contestant', () => {
    expect(formatTable(results, 'torrential').split('\n')).toEqual([
      '|            |           wall s |            CPU s |   peak RSS MB | wall torrential/it | CPU torrential/it | RSS torrential/it |',
      '|------------|-----------------:|-----------------:|--------------:|-------------------:|------------------:|------------------:|',
      '| torrential | 3.00 (2.00–4.00) | 4.00 (3.00–5.00) | 110 (100–120) |                  – |                 – |                 – |',
      '| other      | 6.00 (6.00–6.00) | 2.00 (2.00–2.00) |    55 (55–55) |              0.50× |             2.00× |             2.00× |',
    ])
  })

  test('has no ratios without us', () => {
    expect(formatTable(results.slice(1), 'torrential')).not.toContain('×')
  })
})

test('rowsOf sums up each figure on its own', () => {
  expect(rowsOf(results)[0]).toEqual({
    name: 'torrential',
    runs: 3,
    wallSeconds: { median: 3, min: 2, max: 4 },
    cpuSeconds: { median: 4, min: 3, max: 5 },
    peakBytes: { median: 110e6, min: 100e6, max: 120e6 },
    othersShare: { median: 0, min: 0, max: 0 },
  })
})
