import { expect, test } from '@jest/globals'
import * as cli from '@torrential/cli'

test('the package exports exactly these names', () => {
  expect(Object.keys(cli).sort()).toEqual(['EXIT', 'Interruption', 'runCli'])
})
