import { expect, test } from '@jest/globals'
import * as bench from '../src/index.ts'

test('exports exactly these names', () => {
  expect(Object.keys(bench).sort()).toEqual([
    'BUSY_THRESHOLD',
    'OthersWatch',
    'describeMachine',
    'formatTable',
    'main',
    'measure',
    'mostDisturbed',
    'parseFigures',
    'parseSize',
    'parseUsage',
    'requireSpace',
    'rotated',
    'rowsOf',
    'runContest',
    'spread',
    'summarize',
    'timeAvailable',
    'usageOf',
  ])
})
