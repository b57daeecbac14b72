import { expect, test } from '@jest/globals'
import * as bench from '../src/index.ts'

test('exports exactly these names', () => {
  expect(Object.keys(bench).sort()).toEqual([
    'BUSY_THRESHOLD',
    'DelayProxy',
    'OthersWatch',
    'USUAL_COLUMNS',
    'WORKLOADS',
    'announceOverHttp',
    'announceOverUdp',
    'describeMachine',
    'describeOutcome',
    'formatTable',
    'formatVerdicts',
    'judge',
    'main',
    'measure',
    'mostDisturbed',
    'outcomeAsJson',
    'ownColumn',
    'parseFigures',
    'parseSize',
    'parseUsage',
    'parseValues',
    'requireSpace',
    'rotated',
    'rowsOf',
    'runContest',
    'runWorkload',
    'spread',
    'summarize',
    'timeAvailable',
    'usageOf',
  ])
})
