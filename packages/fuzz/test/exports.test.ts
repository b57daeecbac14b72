import { expect, test } from '@jest/globals'
import * as fuzz from '@torrential/fuzz'

test('exports exactly these names', () => {
  expect(Object.keys(fuzz).sort()).toEqual([
    'Dice',
    'Finding',
    'SURFACES',
    'judgeOne',
    'mutateBytes',
    'readCorpus',
    'readRecordings',
    'runCampaign',
    'shrink',
  ])
})
